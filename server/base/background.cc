#include "server/base/background.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "server/base/clock.h"

namespace larder {

void LowerPriority(int niceness) {
  if (niceness != 0) setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness);
}

void CoreOffers::Offer() {
  const int64_t offered_ns = MonotonicNs();
  if (offered_ns < not_before_ns_) return;
  ::sched_yield();
  const int64_t back_ns = MonotonicNs();
  not_before_ns_ = back_ns + std::min((back_ns - offered_ns) / kMostWaitingPerWork, kMostWorkNs);
}

}  // namespace larder
