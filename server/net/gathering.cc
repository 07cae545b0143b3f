#include "server/net/gathering.h"

#include <sys/prctl.h>

namespace larder {

void Gathering::Received(int64_t before_ms, int64_t now_ms) {
  const int64_t window = WindowOf(now_ms);
  if (window != window_) {
    clients_before_ = window == window_ + 1 ? clients_ : 0;
    clients_ = 0;
    window_ = window;
  }
  if (WindowOf(before_ms) != window) ++clients_;
}

int Gathering::clients(int64_t now_ms) const {
  return WindowOf(now_ms) <= window_ + 1 ? std::max(clients_, clients_before_) : 0;
}

int64_t Gathering::WaitUs(int64_t setting_us, size_t served, int64_t now_ms) const {
  if (setting_us >= 0) return setting_us;
  return clients(now_ms) >= kManyClients && served < kFullRound ? kAutoUs : 0;
}

void WaitPrecisely() { ::prctl(PR_SET_TIMERSLACK, 1000ul); }

}  // namespace larder
