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

int64_t BusyPoll::WindowNs(int64_t setting_us, int clients, int64_t now_ns) {
  polled_ = false;
  if (setting_us >= 0) return setting_us * 1000;
  if (cores_ < 2 || clients > kFewClients) return 0;
  if (score_ < kEnough || now_ns < not_before_ns_) return 0;
  if (now_ns >= ask_ns_) {
    if (all_busy_()) {
      not_before_ns_ = ask_ns_ = now_ns + yield_ns_;
      yield_ns_ = std::min(yield_ns_ * 4, kMostYieldNs);
      return 0;
    }
    ask_ns_ = now_ns + kAskNs;
    yield_ns_ = kLeastYieldNs;
  }
  if (trial_ == 0 && now_ns >= trial_ns_) trial_ = kTrialEvents;
  polled_ = polls_ != (trial_ > 0);
  return polled_ ? kAutoUs * 1000 : 0;
}

void BusyPoll::Arrived(int64_t gap_ns, bool slept, int64_t now_ns) {
  const int64_t limit_ns = kAutoUs * 1000 + (slept ? kWakingNs : 0);
  score_ = gap_ns <= limit_ns ? std::min(score_ + 1, kMost) : std::max(score_ - kMissCosts, 0);
  gap_ns = std::min(gap_ns, limit_ns);  // one that the host has cut out says nothing of the way
  int64_t& average_ns = polled_ ? polled_gap_ns_ : slept_gap_ns_;
  average_ns = average_ns == 0 ? gap_ns : average_ns + (gap_ns - average_ns) / kSmoothing;
  if (trial_ > 0 && polled_ != polls_ && --trial_ == 0) EndTrial(now_ns);
}

void BusyPoll::EndTrial(int64_t now_ns) {
  const bool pays = polled_gap_ns_ < slept_gap_ns_;
  pause_ns_ = pays == polls_ ? std::min(pause_ns_ * 2, kMostPauseNs) : kLeastPauseNs;
  polls_ = pays;
  trial_ns_ = now_ns + pause_ns_;
}

void BusyPoll::Connected() { score_ = std::max(score_ - kConnectionCosts, 0); }

void BusyPoll::Looked(int64_t gap_ns) {
  if (gap_ns > kPreemptedNs) ask_ns_ = 0;
}

}  // namespace larder
