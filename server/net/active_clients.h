// ActiveClients: how many different clients are at work, as far as a loop can tell from when each
// has last sent something. Gathering and BusyPoll go by it. One thread at a time (whoever runs the
// loop).
#pragma once

#include <algorithm>
#include <cstdint>

namespace larder {

class ActiveClients {
 public:
  static constexpr int64_t kWindowMs = 4;

  // A client has sent something, having been active at `before_ms` the last time.
  void Received(int64_t before_ms, int64_t now_ms) {
    const int64_t window = WindowOf(now_ms);
    if (window != window_) {
      clients_before_ = window == window_ + 1 ? clients_ : 0;
      clients_ = 0;
      window_ = window;
    }
    if (WindowOf(before_ms) != window) ++clients_;
  }

  // Those of the busier one of the last two windows.
  int Count(int64_t now_ms) const {
    return WindowOf(now_ms) <= window_ + 1 ? std::max(clients_, clients_before_) : 0;
  }

 private:
  static int64_t WindowOf(int64_t now_ms) { return now_ms / kWindowMs; }

  int64_t window_ = 0;
  int clients_ = 0;         // different ones in this window
  int clients_before_ = 0;  // and in the one before
};

}  // namespace larder
