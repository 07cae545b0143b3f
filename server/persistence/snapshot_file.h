// Files of snapshots: written beside the old one and put in its place when they are whole and on
// disk, so that a failure at any moment leaves the old file as it was. `dir` may change while they
// are written: they know theirs. One thread each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/rdb_reader.h"
#include "protocol/rdb_writer.h"

namespace larder {

class SnapshotFile : public RdbSink {
 public:
  // The file is DIRECTORY/temp-PID.KIND until then, so one of a kind is written at a time.
  static constexpr std::string_view kInBackground = "bg.rdb", kWhileAllWait = "rdb",
                                    kRewrite = "bg.aof";
  // `sync_as_written`: has the kernel write on the way, so that the end need not wait for all of
  // it.
  SnapshotFile(const std::string& directory, std::string_view kind, bool sync_as_written);
  ~SnapshotFile() override;  // removes the temporary file unless it was committed

  // False when it could not be opened or written.
  bool Write(std::string_view bytes) override;
  // Has the disk take it. False when that failed.
  bool Finish();
  // Puts what was finished in the place of the one of this name in its directory, durably. False
  // when that failed.
  bool Commit(const std::string& name);
  // For who puts it in its place by himself: renames path(), and says so.
  const std::string& path() const { return temporary_; }
  void Release();
  // Removes what this process is writing there, for who ends it without waiting. Any thread.
  static void RemoveTemporaries(const std::string& directory);
  // Why something returned false.
  const std::string& error() const { return error_; }

 private:
  bool Fail(std::string_view doing);

  const std::string directory_;
  const bool sync_as_written_;
  const std::string temporary_;
  int fd_ = -1;
  uint64_t written_ = 0, synced_ = 0;
  std::string error_;
};

class FileSource : public RdbSource {
 public:
  // opened() tells; errno says why not.
  explicit FileSource(const std::string& path);
  ~FileSource() override;

  bool opened() const { return fd_ >= 0; }
  uint64_t size_bytes() const { return size_bytes_; }
  size_t Read(char* to, size_t most) override;
  // The same, less than `most` only where the file ends, or at an error.
  size_t ReadFully(char* to, size_t most);
  // Why it has ended before its end: errno; 0: it has not.
  int error() const { return error_; }
  // Goes on from this offset; false, with errno, where that can't be (or it is not open).
  bool Seek(uint64_t offset);

 private:
  int fd_ = -1;
  int error_ = 0;
  uint64_t size_bytes_ = 0;
};

}  // namespace larder
