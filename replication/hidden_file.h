// HiddenFile: a file in a directory that nobody else sees, on disk where there is room
// for a snapshot; it is gone when the object is, unless it was kept. Written once, then read. One
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/rdb_reader.h"
#include "protocol/rdb_writer.h"
#include "server/base/socket.h"
#include "server/persistence/persistence.h"

namespace larder {

class HiddenFile : public RdbSink, public RdbSource {
 public:
  explicit HiddenFile(const std::string& directory);

  // What returns false has failed, for a reason that error() holds, as errno: whoever asks may be
  // another thread than the one that wrote.
  bool Write(std::string_view bytes) override;
  // Reads on from where the last call ended, from the beginning at first. 0 where all is read, or
  // it failed: all_read() tells.
  size_t Read(char* to, size_t most) override;
  // From the beginning again.
  void Rewind() { read_ = 0; }
  uint64_t size_bytes() const { return size_; }
  bool all_read() const { return read_ >= size_; }
  // Gives up what was written, and its room on disk; nothing can be written any more.
  void Drop();
  // Has the disk take it.
  bool Sync();
  // Puts the file in the place of `path` in the same folder, durably if it was synced. Not every
  // file system has a way to; the old file is what it was then.
  bool KeepAs(const std::string& path);
  int error() const { return error_; }

 private:
  Socket file_;
  uint64_t size_ = 0, read_ = 0;
  int error_ = 0;
};

// Makes it `dbfilename`, unless a later file is that already; `number` is that of
// Persistence::NumberFile. The old one is what it was where that failed.
Snapshot::Outcome KeepSnapshot(HiddenFile& file, Persistence& persistence, uint64_t number);

}  // namespace larder
