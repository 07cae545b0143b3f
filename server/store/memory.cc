#include "server/store/memory.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "server/base/clock.h"
#include "server/store/allocator.h"
#include "server/store/heap_counters.h"

namespace larder {
namespace {

std::atomic<size_t> peak{0}, startup{0};

// Regions that lie in a thread's cache count as allocated in the statistics, but nobody uses them.
int64_t BytesInUse() {
  const AllocatorStats stats = ReadAllocatorStats();
  return static_cast<int64_t>(stats.allocated - std::min(stats.cached, stats.allocated));
}

void NotePeak(size_t used) {
  size_t most = peak.load(std::memory_order_relaxed);
  while (used > most && !peak.compare_exchange_weak(most, used)) {
  }
}

}  // namespace

size_t UsedMemory() {
  if (HeapIsCounted()) [[likely]]
    return static_cast<size_t>(std::max<int64_t>(HeapBytes(), 0));
  static std::atomic<int64_t> read_at_ms{0};
  static std::atomic<size_t> used{0};
  const int64_t now_ms = MonotonicMs();
  if (now_ms != read_at_ms.exchange(now_ms, std::memory_order_relaxed)) {
    used.store(ReadAllocatorStats().allocated, std::memory_order_relaxed);
  }
  return used.load(std::memory_order_relaxed);
}

// To read jemalloc's statistics costs more than all else that an idle server does, and locks what
// other threads allocate from.
void SampleMemory() {
  constexpr int64_t kMostMs = 1000, kMostBytes = 64 * 1024;
  static std::atomic<int64_t> calibrated_ms{0}, calibrated_bytes{0};
  const int64_t now_ms = MonotonicMs();
  const int64_t moved = HeapBytes() - calibrated_bytes.load(std::memory_order_relaxed);
  if (now_ms - calibrated_ms.load(std::memory_order_relaxed) >= kMostMs ||
      std::abs(moved) > kMostBytes || !HeapIsCounted()) {
    CalibrateHeapBytes(BytesInUse);
    calibrated_ms.store(now_ms, std::memory_order_relaxed);
    calibrated_bytes.store(HeapBytes(), std::memory_order_relaxed);
  }
  const size_t used = UsedMemory();
  size_t none = 0;
  startup.compare_exchange_strong(none, used, std::memory_order_relaxed);
  NotePeak(used);
}

size_t PeakMemory() {
  NotePeak(UsedMemory());
  return peak.load(std::memory_order_relaxed);
}

size_t StartupMemory() { return startup.load(std::memory_order_relaxed); }

size_t ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  unsigned long total = 0, resident = 0;
  const int found = std::fscanf(file, "%lu %lu", &total, &resident);
  std::fclose(file);
  return found == 2 ? resident * static_cast<size_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace larder
