// ProgressSource: passes on what another source gives, and tells the log how far that is. One
// thread.
#pragma once

#include <cstdint>

#include "protocol/rdb_reader.h"
#include "server/base/progress_log.h"

namespace larder {

class ProgressSource : public RdbSource {
 public:
  // `size_bytes` 0: not known.
  ProgressSource(RdbSource& source, uint64_t size_bytes)
      : source_(source), size_bytes_(size_bytes) {}
  size_t Read(char* to, size_t most) override {
    const size_t size = source_.Read(to, most);
    read_bytes_ += size;
    log_.At(read_bytes_, size_bytes_);
    return size;
  }

 private:
  RdbSource& source_;
  const uint64_t size_bytes_;
  uint64_t read_bytes_ = 0;
  ProgressLog log_{"Loading", ProgressLog::kMegabytes};
};

}  // namespace larder
