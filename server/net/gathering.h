// Gathering: whether a loop that has run out of work lets requests gather for a moment before it
// takes the next ones. Sleeping and being woken, and the three system calls of a round, can cost as
// much as a command does; a fast loop with many clients would pay that for every third command,
// because it falls asleep before the next client has read its reply. Waiting blindly for 30 us
// makes a round of ten commands out of three. Few clients are never kept waiting, nor deep
// pipelines, which bring enough work with each client.
//
// Whether waiting pays depends on what nobody can know: what a sleep costs on this machine, and how
// long clients think. So both ways are tried in turn, and the one stays that takes less of the core
// and of the time for a command. One thread at a time (whoever runs the loop).
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/base/clock.h"

namespace larder {

class Gathering {
 public:
  // That many at work within one window of ActiveClients: 10,000 commands a second at the least.
  static constexpr int kManyClients = 40;
  // A round of so many clients shows that commands gather by themselves while the loop works.
  static constexpr size_t kFullRound = 32;
  // From so many requests of a client at once a wait takes more than it saves.
  static constexpr size_t kDeepPipeline = 32;

  // A round of the loop that is over.
  struct Round {
    int active_clients = 0;  // of ActiveClients
    size_t served = 0;       // clients who sent something
    size_t requests = 0;     // executed
    uint64_t commands = 0;   // all that this thread has executed so far
    int64_t ended_ns = 0;    // on the monotonic clock
  };

  // `cpu_ns` says what the calling thread has run.
  explicit Gathering(int64_t (*cpu_ns)() = ThreadCpuNs) : cpu_ns_(cpu_ns) {}

  // For how long to wait now, in us. `setting_us` is gather-usec: -1 auto.
  int64_t WaitUs(int64_t setting_us, const Round& round);
  // Another thread runs the loop from here on.
  void Adopted() { slices_ = 0; }

  // How long so many clients wait: a sixteenth of the time that all of them need for one command
  // each, at 100,000 a second. From 120 us on rounds are full.
  static constexpr int64_t AutoUs(int active_clients) {
    return active_clients < 200 ? active_clients * 6 / 10 : 120;
  }

 private:
  static constexpr int64_t kSliceNs = 4'000'000;  // hundreds of commands
  static constexpr int kSlices = 8;               // of a trial, in turns with waiting and without
  // Between two trials; doubled each time that nothing has changed.
  static constexpr int64_t kLeastPauseNs = 64'000'000, kMostPauseNs = 2'048'000'000;
  // Waiting pays where it makes the cost of a command this much lower: less is noise.
  static constexpr double kPays = 0.97;

  // What commands took, one way or the other.
  struct Cost {
    int64_t cpu_ns = 0, time_ns = 0;
    uint64_t commands = 0;
    // Of the core for each, and of the time: neither is saved at the expense of the other.
    double each() const;
  };

  static bool Suits(const Round& round);
  void NextSlice(const Round& round);
  void BeginSlice(const Round& round);
  void EndSlice(const Round& round);
  void Judge(int64_t now_ns);

  int64_t (*const cpu_ns_)();
  bool pays_ = true;      // as far as is known
  bool waits_ = true;     // now
  int slices_ = 0;        // left of a trial
  int64_t until_ns_ = 0;  // the end of this slice, or of the pause
  int64_t pause_ns_ = kLeastPauseNs;
  int64_t begin_ns_ = 0, begin_cpu_ns_ = 0;  // of this slice
  uint64_t begin_commands_ = 0;
  Cost waiting_, at_once_;  // of this trial
  double ratio_ = 0;        // of the two, averaged over trials; 0: not known
};

// Lets this thread's short waits end within a microsecond of their time; Linux adds 50 otherwise.
void WaitPrecisely();

}  // namespace larder
