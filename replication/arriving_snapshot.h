// ArrivingSnapshot: the snapshot of a full sync on its way from the primary. What comes is kept in
// a file; who reads, gets it from there, and waits for what is still to come. So the same code
// serves a load that begins when the snapshot is whole and one that begins at once. That one can do
// without the file: where the disk does not take it the snapshot is read once, and not kept. One
// thread; the progress by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/byte_buffer.h"
#include "protocol/rdb_reader.h"
#include "replication/hidden_file.h"
#include "replication/primary_wire.h"
#include "server/base/progress_log.h"
#include "server/config/settings.h"

namespace larder {

class ArrivingSnapshot : public RdbSource {
 public:
  struct Progress {
    std::atomic<int64_t> last_io_ms{0};  // when the primary sent anything, on the monotonic clock
    std::atomic<int64_t> bytes{0}, total_bytes{0};  // of the snapshot; total 0: not known
  };
  ArrivingSnapshot(PrimaryWire& wire, HiddenFile& file, const Settings& settings,
                   Progress& progress)
      : wire_(wire), file_(file), settings_(settings), progress_(progress) {}

  // What the primary says of it first: its length, or the mark behind it. Each returns false, with
  // a line in the log, when the link is broken or breaks the rules.
  bool Begin();
  // All of it; what nobody has read is kept in any case.
  bool Receive();
  // Reads on in what has come; when there is no more, waits.
  size_t Read(char* to, size_t most) override;
  // Receives all of it, and the next Read begins anew. False also where it is not kept.
  bool Rewind();
  // All that has come is in the file.
  bool kept() const { return kept_; }

  uint64_t total_bytes() const { return whole_ ? received_ : total_; }  // 0: not known

 private:
  bool ReceiveSome();
  bool ReceiveMarked();
  bool Take(std::string_view bytes);
  bool Keep(std::string_view bytes);
  bool Wait();

  PrimaryWire& wire_;
  HiddenFile& file_;
  const Settings& settings_;
  Progress& progress_;
  std::string mark_;  // empty: it has a length
  uint64_t total_ = 0, received_ = 0;
  bool read_along_ = false;  // somebody has begun to read before all was here
  bool kept_ = true;
  ByteBuffer passing_;  // not kept, and not read yet
  ProgressLog log_{"MASTER <-> REPLICA sync", ProgressLog::kMegabytes};
  bool whole_ = false;
};

}  // namespace larder
