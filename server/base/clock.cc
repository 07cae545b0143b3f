#include "server/base/clock.h"

#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace larder {
namespace {

int64_t ReadNs(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

bool HasInvariantTsc() {
#if defined(__x86_64__)
  constexpr unsigned kPowerLeaf = 0x80000007, kInvariantBit = 1u << 8;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(kPowerLeaf, &eax, &ebx, &ecx, &edx) != 0 && (edx & kInvariantBit) != 0;
#else
  return false;
#endif
}

}  // namespace

const bool clock_internal::kUseTsc = HasInvariantTsc();

namespace {

// After this long the measured rate is precise to 10^-6 and is kept.
constexpr int64_t kCalibrationNs = 500'000'000;

const uint64_t start_cycles = CycleCount();
const int64_t start_ns = MonotonicNs();

}  // namespace

std::atomic<double> clock_internal::settled_ns_per_cycle{0};

double clock_internal::MeasureNsPerCycle() {
  if (!kUseTsc) return 1;
  int64_t ns = MonotonicNs() - start_ns;
  uint64_t cycles = CycleCount() - start_cycles;
  if (ns <= 0 || cycles == 0) return 1;
  double measured = static_cast<double>(ns) / static_cast<double>(cycles);
  if (ns >= kCalibrationNs) settled_ns_per_cycle.store(measured, std::memory_order_relaxed);
  return measured;
}

std::string_view ClockName() { return clock_internal::kUseTsc ? "X86 TSC" : "POSIX clock_gettime"; }

int64_t WallMs() { return ReadNs(CLOCK_REALTIME) / 1'000'000; }
int64_t WallUs() { return ReadNs(CLOCK_REALTIME) / 1000; }
int64_t MonotonicMs() { return ReadNs(CLOCK_MONOTONIC) / 1'000'000; }
int64_t MonotonicUs() { return ReadNs(CLOCK_MONOTONIC) / 1000; }
int64_t MonotonicNs() { return ReadNs(CLOCK_MONOTONIC); }
int64_t ThreadCpuNs() { return ReadNs(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace larder
