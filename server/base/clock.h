// Clocks. Any thread may call everything here; nothing blocks or allocates.
//
// Wall time is what the protocol speaks (expiry, TIME, LASTSAVE) and may jump. Monotonic time is
// for timeouts. Cycles are for per-command durations: reading the TSC costs about 8 ns where
// clock_gettime costs 25, and a command costs a few hundred.
#pragma once

#include <cstdint>

namespace larder {

int64_t WallMs();       // milliseconds since 1970
int64_t WallUs();       // microseconds since 1970
int64_t MonotonicMs();  // since an arbitrary point
int64_t MonotonicUs();
int64_t MonotonicNs();

namespace clock_internal {
extern const bool kUseTsc;  // the CPU has a TSC of constant rate
}

// A counter that only the two conversions below give a meaning to. Differences only.
inline uint64_t CycleCount() {
#if defined(__x86_64__)
  if (clock_internal::kUseTsc) [[likely]]
    return __builtin_ia32_rdtsc();
#endif
  return static_cast<uint64_t>(MonotonicNs());
}

// Converts a difference of two CycleCount() values. The rate is measured against the monotonic
// clock since the process started; the start is never delayed for it. Exact to 1 % after 10 ms of
// life.
int64_t CyclesToNs(uint64_t cycles);
int64_t CyclesToUs(uint64_t cycles);

}  // namespace larder
