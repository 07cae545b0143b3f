#include "server/persistence/progress_source.h"

#include <algorithm>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/strings.h"

namespace larder {
namespace {

constexpr uint64_t kMb = 1024 * 1024;

}  // namespace

ProgressSource::ProgressSource(RdbSource& source, uint64_t size_bytes)
    : source_(source), size_bytes_(size_bytes), begin_ms_(MonotonicMs()), told_ms_(begin_ms_) {}

size_t ProgressSource::Read(char* to, size_t most) {
  const size_t size = source_.Read(to, most);
  read_bytes_ += size;
  if (const int64_t now_ms = MonotonicMs(); now_ms - told_ms_ >= kEveryMs) {
    told_ms_ = now_ms;
    Tell(now_ms);
  }
  return size;
}

void ProgressSource::Tell(int64_t now_ms) const {
  const auto elapsed_ms = static_cast<uint64_t>(std::max<int64_t>(1, now_ms - begin_ms_));
  const uint64_t bytes_per_s = std::max<uint64_t>(1, read_bytes_ * 1000 / elapsed_ms);
  std::string line = StrCat("Loading: ", read_bytes_ / kMb, " MB");
  if (size_bytes_ > 0) StrAppend(line, " of ", size_bytes_ / kMb, " MB");
  StrAppend(line, ", ", bytes_per_s / kMb, " MB/s");
  if (size_bytes_ > read_bytes_) {
    StrAppend(line, ", ", (size_bytes_ - read_bytes_) / bytes_per_s, " s left");
  }
  Log(LogLevel::kNotice, line);
}

}  // namespace larder
