// Gathering: whether a loop that has run out of work lets requests gather for a moment before it
// takes the next ones. Sleeping and being woken, and the three system calls of a round, cost 8 us
// of CPU, as much as a command does; a fast loop with many clients would pay that for every third
// command, because it falls asleep before the next client has read its reply. Waiting blindly for
// 30 us makes a round of ten commands out of three: a fifth less CPU, and 30 us more for a client
// who, among so many, waits for 300 us anyway (measured: bench/results). Few clients are never kept
// waiting, nor deep pipelines, which bring enough work with each client. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace larder {

inline constexpr int64_t kAutoGatherUs = 30;
// That many at work within one window of ActiveClients: 10,000 commands a second at the least.
inline constexpr int kManyClients = 40;
// A round of so many clients shows that commands gather by themselves while the loop works.
inline constexpr size_t kFullRound = 32;
// From so many requests of a client at once a wait takes more than it saves: at 16 it saves a tenth
// of the CPU, at 48 it costs a tenth, and a fifth of the requests a second.
inline constexpr size_t kDeepPipeline = 32;

// For how long to wait now, in us, after a round that executed so many requests of `served`
// clients. `setting_us` is gather-usec: -1 auto.
constexpr int64_t GatherUs(int64_t setting_us, int active_clients, size_t served, size_t requests) {
  if (setting_us >= 0) return setting_us;
  if (active_clients < kManyClients || served >= kFullRound) return 0;
  return requests < served * kDeepPipeline ? kAutoGatherUs : 0;
}

// Lets this thread's short waits end within a microsecond of their time; Linux adds 50 otherwise.
void WaitPrecisely();

}  // namespace larder
