#include "server/base/progress_log.h"

#include <algorithm>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/strings.h"

namespace larder {

Pace::Pace(uint64_t done, uint64_t total, int64_t elapsed_ms) {
  const auto seconds = static_cast<double>(std::max<int64_t>(1, elapsed_ms)) / 1000;
  const double rate = static_cast<double>(done) / seconds;
  per_second = static_cast<uint64_t>(rate);
  seconds_left = -1;
  if (done > 0 && total > 0) {
    const uint64_t left = total - std::min(done, total);
    seconds_left = static_cast<int64_t>(static_cast<double>(left) / rate);
  }
}

void ProgressLog::Begin() {
  begin_ms_.store(MonotonicMs(), std::memory_order_relaxed);
  told_ms_.store(MonotonicMs(), std::memory_order_relaxed);
}

Pace ProgressLog::PaceAt(uint64_t done, uint64_t total) const {
  return {done, total, MonotonicMs() - begin_ms_.load(std::memory_order_relaxed)};
}

void ProgressLog::At(uint64_t done, uint64_t total) {
  const int64_t now_ms = MonotonicMs();
  int64_t told_ms = told_ms_.load(std::memory_order_relaxed);
  if (now_ms - told_ms < kEveryMs || !told_ms_.compare_exchange_strong(told_ms, now_ms)) return;
  const Pace pace = PaceAt(done, total);
  std::string line = StrCat(task_, ": ", done / unit_.size);
  if (total > 0) StrAppend(line, " of ", total / unit_.size);
  StrAppend(line, " ", unit_.name, ", ", pace.per_second / unit_.size, " ", unit_.name, "/s");
  if (pace.seconds_left >= 0) StrAppend(line, ", ", pace.seconds_left, " s left");
  Log(LogLevel::kNotice, line);
}

}  // namespace larder
