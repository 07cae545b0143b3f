// ProgressSource: passes on what another source gives, and tells the log how far that is: with the
// rate and, where the size is known, the time that is left. One thread.
#pragma once

#include <cstdint>

#include "protocol/rdb_reader.h"

namespace larder {

class ProgressSource : public RdbSource {
 public:
  // `size_bytes` 0: not known.
  ProgressSource(RdbSource& source, uint64_t size_bytes);
  size_t Read(char* to, size_t most) override;

 private:
  static constexpr int64_t kEveryMs = 5000;  // so that short loads say nothing

  void Tell(int64_t now_ms) const;

  RdbSource& source_;
  const uint64_t size_bytes_;
  const int64_t begin_ms_;
  int64_t told_ms_;
  uint64_t read_bytes_ = 0;
};

}  // namespace larder
