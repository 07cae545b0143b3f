// Gathering: decides whether a loop that has run out of work lets requests gather for a moment
// before it takes the next ones. Sleeping and being woken, and the three system calls of a round,
// cost 8 us of CPU, as much as a command does; a fast loop with many clients would pay that for
// every third command, because it falls asleep before the next client has read its reply. Waiting
// blindly for 30 us makes a round of ten commands out of three: a fifth less CPU, and 30 us more
// for a client who, among so many, waits for 300 us anyway (measured: bench/results). Few clients
// are never kept waiting. One thread at a time (whoever runs the loop).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace larder {

class Gathering {
 public:
  static constexpr int64_t kAutoUs = 30;
  // That many clients at work within one window: 10,000 commands a second at the least.
  static constexpr int kManyClients = 40;
  static constexpr int64_t kWindowMs = 4;
  // A round of so many shows that commands gather by themselves while the loop works.
  static constexpr size_t kFullRound = 32;

  // A client has sent something, having been active at `before_ms` the last time.
  void Received(int64_t before_ms, int64_t now_ms);
  // Different clients that were at work within one of the last two windows.
  int clients(int64_t now_ms) const;
  // For how long to wait now, in us, after a round of `served` clients. `setting_us` is
  // gather-usec: -1 auto.
  int64_t WaitUs(int64_t setting_us, size_t served, int64_t now_ms) const;

 private:
  static int64_t WindowOf(int64_t now_ms) { return now_ms / kWindowMs; }

  int64_t window_ = 0;
  int clients_ = 0;         // different ones in this window
  int clients_before_ = 0;  // and in the one before
};

// Lets this thread's short waits end within a microsecond of their time; Linux adds 50 otherwise.
void WaitPrecisely();

}  // namespace larder
