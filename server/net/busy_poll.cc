#include "server/net/busy_poll.h"

#include <algorithm>

namespace larder {

int64_t BusyPoll::WindowNs(int64_t setting_us, int64_t now_ns) {
  if (setting_us >= 0) return setting_us * 1000;
  if (cores_ < 2 || score_ < kEnough || now_ns < not_before_ns_) return 0;
  return kAutoUs * 1000;
}

void BusyPoll::Arrived(int64_t gap_ns, bool slept) {
  const int64_t limit_ns = kAutoUs * 1000 + (slept ? kWakingNs : 0);
  score_ = gap_ns <= limit_ns ? std::min(score_ + 1, kMost) : std::max(score_ - kMissCosts, 0);
}

void BusyPoll::Connected() { score_ = std::max(score_ - kConnectionCosts, 0); }

void BusyPoll::Looked(int64_t gap_ns, int64_t now_ns) {
  if (gap_ns > kPreemptedNs) not_before_ns_ = now_ns + kYieldNs;
}

}  // namespace larder
