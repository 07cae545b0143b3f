// BusyPoll: decides whether a loop that has run out of work looks again for a while before it
// sleeps. Serial clients (a page's commands one after the other) come back within microseconds, and
// waking a sleeping core costs more than serving them; where clients come back later, or where no
// core is free, looking again only burns time. One thread at a time (whoever runs the loop).
//
// The score counts how often the next event lately came within the window, asleep or not, so that a
// client that begins to hurry is found without polling for it.
#pragma once

#include <cstdint>

namespace larder {

// True when more threads want to run than the machine has cores, at this moment and as far as the
// kernel tells (/proc/loadavg); costs some microseconds.
bool AllCoresBusy();

class BusyPoll {
 public:
  static constexpr int64_t kAutoUs = 50;  // more adds no latency's worth (measured: README.md)

  // `all_busy` is asked every kAskNs while polling pays.
  explicit BusyPoll(int cores, bool (*all_busy)() = AllCoresBusy)
      : cores_(cores), all_busy_(all_busy) {}

  // For how long to look now, in ns; 0: sleep at once. `setting_us` is busy-poll-usec: -1 auto.
  int64_t WindowNs(int64_t setting_us, int64_t now_ns);
  // What came of it: the next event arrived `gap_ns` after the work had ended. `slept`: it was
  // slept for.
  void Arrived(int64_t gap_ns, bool slept);
  // A connection came. Who connects for two commands is not worth looking out for; a page, with its
  // two connections and dozens of commands, is.
  void Connected();
  // Two looks lay `gap_ns` apart: a long gap means that somebody else needed this core.
  void Looked(int64_t gap_ns, int64_t now_ns);

 private:
  static constexpr int kMost = 32;              // successes that are remembered
  static constexpr int kEnough = 8;             // from here on polling pays
  static constexpr int kMissCosts = 4;          // a window in vain burns what four hits save
  static constexpr int kConnectionCosts = 8;    // more than what its own comings and goings score
  static constexpr int64_t kWakingNs = 40'000;  // what waking adds to a gap that was slept through
  static constexpr int64_t kPreemptedNs = 25'000;  // far more than an epoll_wait that finds nothing
  static constexpr int64_t kAskNs = 10'000'000;
  // How long not to poll after a preemption, or when all cores were found busy: a thread that polls
  // uses up the share of the core that one that sleeps would be woken with.
  static constexpr int64_t kYieldNs = 100'000'000;

  const int cores_;
  bool (*const all_busy_)();
  int64_t ask_ns_ = 0;
  int score_ = 0;
  int64_t not_before_ns_ = 0;
};

}  // namespace larder
