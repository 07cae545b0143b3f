// BusyPoll: decides whether a loop that has run out of work looks again for a while before it
// sleeps. Serial clients (a page's commands one after the other) come back within microseconds, and
// waking a sleeping core can cost more than serving them; where clients come back later, or where
// no core is free, looking again only burns time. One thread at a time (whoever runs the loop).
//
// The score counts how often the next event lately came within the window, looked for or slept for.
// Where it is high, both ways are tried, and the one stays after which clients come back sooner.
// That takes in what nobody can know: how long this machine takes to wake a core, how long the
// client thinks, and whether the kernel puts a client and a thread that sleeps on one core, where
// waking costs next to nothing.
#pragma once

#include <cstdint>

namespace larder {

// True when more threads want to run than the machine has cores, at this moment and as far as the
// kernel tells (/proc/loadavg); costs some microseconds.
bool AllCoresBusy();

class BusyPoll {
 public:
  static constexpr int64_t kAutoUs = 50;  // more adds no latency's worth (measured: README.md)
  // A page has two connections. While the loop sleeps, commands of more clients come together,
  // which takes less CPU for each than looking out for every one.
  static constexpr int kFewClients = 3;

  // `all_busy` is asked every kAskNs while polling pays.
  explicit BusyPoll(int cores, bool (*all_busy)() = AllCoresBusy)
      : cores_(cores), all_busy_(all_busy) {}

  // For how long to look now, in ns; 0: sleep at once. `setting_us` is busy-poll-usec: -1 auto.
  // `clients` were at work lately.
  int64_t WindowNs(int64_t setting_us, int clients, int64_t now_ns);
  // What came of it: the next event arrived `gap_ns` after the work had ended. `slept`: it was
  // slept for, at once or when the window was over.
  void Arrived(int64_t gap_ns, bool slept, int64_t now_ns);
  // A connection came. Who connects for two commands is not worth looking out for; a page, with its
  // two connections and dozens of commands, is.
  void Connected();
  // Two looks lay `gap_ns` apart. After a long gap, when somebody else may have needed this core,
  // it is asked whether all are busy.
  void Looked(int64_t gap_ns);

 private:
  static constexpr int kMost = 32;              // successes that are remembered
  static constexpr int kEnough = 8;             // from here on polling may pay
  static constexpr int kMissCosts = 4;          // a window in vain burns what four hits save
  static constexpr int kConnectionCosts = 8;    // more than what its own comings and goings score
  static constexpr int64_t kWakingNs = 40'000;  // what waking adds to a gap that was slept through
  static constexpr int64_t kPreemptedNs = 500'000;  // less than a slice that another thread gets
  static constexpr int64_t kAskNs = 10'000'000;
  // How long not to poll when all cores are found busy: a thread that polls uses up the share of
  // the core that one that sleeps would be woken with. Longer each time that they are found so
  // again: some thread of the machine runs for a moment now and then.
  static constexpr int64_t kLeastYieldNs = 2'000'000, kMostYieldNs = 100'000'000;
  // A trial of the other way takes this many events, which is enough for the average to follow.
  static constexpr int kTrialEvents = 16;
  static constexpr int64_t kSmoothing = 4;  // an average moves by 1/4 of the difference
  // Between two trials; doubled each time that the other way was no better.
  static constexpr int64_t kLeastPauseNs = 50'000'000, kMostPauseNs = 1'600'000'000;

  void EndTrial(int64_t now_ns);

  const int cores_;
  bool (*const all_busy_)();
  int score_ = 0;
  int64_t ask_ns_ = 0;
  int64_t not_before_ns_ = 0, yield_ns_ = kLeastYieldNs;

  bool polls_ = false;   // the better way, as far as is known
  bool polled_ = false;  // what the last window did
  int trial_ = 0;        // events that are left of a trial of the other way
  int64_t trial_ns_ = 0, pause_ns_ = kLeastPauseNs;
  int64_t polled_gap_ns_ = 0, slept_gap_ns_ = 0;  // averages; 0: not known
};

}  // namespace larder
