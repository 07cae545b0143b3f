// Clocks. Any thread may call everything here; nothing blocks or allocates.
//
// Wall time is what the protocol speaks (expiry, TIME, LASTSAVE) and may jump. Monotonic time is
// for timeouts. Cycles are for per-command durations: reading the TSC costs about 8 ns where
// clock_gettime costs 25, and a command costs a few hundred.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace larder {

int64_t WallMs();       // milliseconds since 1970
int64_t WallUs();       // microseconds since 1970
int64_t MonotonicMs();  // since an arbitrary point
int64_t MonotonicUs();
int64_t MonotonicNs();
int64_t ThreadCpuNs();  // what the calling thread has run; costs some 200 ns

namespace clock_internal {
extern const bool kUseTsc;  // the CPU has a TSC of constant rate
// 0 until it is measured well enough to be kept.
extern std::atomic<double> settled_ns_per_cycle;
double MeasureNsPerCycle();
}  // namespace clock_internal

// What CycleCount reads, as INFO names it.
std::string_view ClockName();

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
inline int64_t CyclesToNs(uint64_t cycles) {
  double rate = clock_internal::settled_ns_per_cycle.load(std::memory_order_relaxed);
  if (rate == 0) [[unlikely]]
    rate = clock_internal::MeasureNsPerCycle();
  return static_cast<int64_t>(static_cast<double>(static_cast<int64_t>(cycles)) * rate);
}
inline int64_t CyclesToUs(uint64_t cycles) { return CyclesToNs(cycles) / 1000; }

}  // namespace larder
