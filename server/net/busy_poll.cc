#include "server/net/busy_poll.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "server/base/socket.h"

namespace larder {

bool AllCoresBusy() {
  Socket file(::open("/proc/loadavg", O_RDONLY | O_CLOEXEC));
  if (!file.open()) return false;
  char text[64];
  const ssize_t size = ::read(file.fd(), text, sizeof(text) - 1);
  if (size <= 0) return false;
  text[size] = '\0';
  long running = 0;  // "0.20 0.18 0.12 3/80 11206": three want to run
  if (std::sscanf(text, "%*f %*f %*f %ld/", &running) != 1) return false;
  return running > ::sysconf(_SC_NPROCESSORS_ONLN);
}

int64_t BusyPoll::WindowNs(int64_t setting_us, int64_t now_ns) {
  if (setting_us >= 0) return setting_us * 1000;
  if (cores_ < 2 || score_ < kEnough || now_ns < not_before_ns_) return 0;
  if (now_ns >= ask_ns_) {
    ask_ns_ = now_ns + kAskNs;
    if (all_busy_()) {
      not_before_ns_ = now_ns + kYieldNs;
      return 0;
    }
  }
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
