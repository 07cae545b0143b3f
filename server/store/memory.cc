#include "server/store/memory.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "server/base/clock.h"
#include "server/store/heap_counters.h"

// Weak: null in the programs that do not link jemalloc (tests under sanitizers).
extern "C" {
__attribute__((weak)) int mallctl(const char* name, void* old_value, size_t* old_size,
                                  void* new_value, size_t new_size);
__attribute__((weak)) void malloc_stats_print(void (*write)(void*, const char*), void* opaque,
                                              const char* options);
// Weak as well: where a sanitizer has the heap, it is the one to ask.
__attribute__((weak)) size_t __sanitizer_get_current_allocated_bytes();

// Read by jemalloc when the process starts. What is freed goes back to the system within half a
// second, by jemalloc's own thread, instead of ten: after a FLUSHDB, and after the blocks that a
// growing set has left behind. A page that is needed again by then costs one fault.
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:500,muzzy_decay_ms:0";
}

namespace larder {
namespace {

constexpr const char* kNoJemalloc = "this server does not use jemalloc";

std::atomic<size_t> peak{0}, startup{0};

bool HasJemalloc() { return mallctl != nullptr; }

size_t ReadSize(const char* name) {
  size_t value = 0;
  size_t size = sizeof(value);
  mallctl(name, &value, &size, nullptr, 0);
  return value;
}

void RefreshStats() {
  uint64_t epoch = 1;
  size_t size = sizeof(epoch);
  mallctl("epoch", &epoch, &size, &epoch, size);
}

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

AllocatorStats ReadAllocatorStats() {
  AllocatorStats stats;
  if (__sanitizer_get_current_allocated_bytes != nullptr) {
    stats.allocated = __sanitizer_get_current_allocated_bytes();
    stats.active = stats.resident = stats.mapped = stats.allocated;
    return stats;
  }
  if (!HasJemalloc()) {
    const struct mallinfo2 info = mallinfo2();
    stats.allocated = info.uordblks + info.hblkhd;
    stats.active = stats.allocated + info.fordblks;
    stats.resident = stats.mapped = stats.active;
    return stats;
  }
  RefreshStats();
  stats.allocated = ReadSize("stats.allocated");
  stats.active = ReadSize("stats.active");
  stats.resident = ReadSize("stats.resident");
  stats.mapped = ReadSize("stats.mapped");
  stats.cached = ReadSize("stats.arenas.4096.tcache_bytes");  // MALLCTL_ARENAS_ALL
  return stats;
}

size_t ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  unsigned long total = 0, resident = 0;
  const int found = std::fscanf(file, "%lu %lu", &total, &resident);
  std::fclose(file);
  return found == 2 ? resident * static_cast<size_t>(sysconf(_SC_PAGESIZE)) : 0;
}

void FlushThreadCache() {
  if (HasJemalloc()) mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
}

void PurgeMemory() {
  FlushThreadCache();
  if (HasJemalloc()) {
    // 4096 is MALLCTL_ARENAS_ALL.
    mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
  } else {
    malloc_trim(0);
  }
}

std::string AllocatorReport() {
  if (malloc_stats_print == nullptr) return "Stats not supported for the current allocator";
  std::string report;
  malloc_stats_print(
      [](void* out, const char* text) { static_cast<std::string*>(out)->append(text); }, &report,
      "");
  return report;
}

std::string AllocatorNumber(const std::string& name, const int64_t* wanted, int64_t* value) {
  if (!HasJemalloc()) return kNoJemalloc;
  int error = EINVAL;
  // The width is found by trying, from the widest down.
  for (size_t size = sizeof(int64_t); size > 0 && error == EINVAL; size /= 2) {
    *value = 0;
    size_t read = size;
    int64_t written = wanted == nullptr ? 0 : *wanted;
    void* place = wanted == nullptr ? nullptr : &written;
    error = mallctl(name.c_str(), value, &read, place, place == nullptr ? 0 : size);
  }
  return error == 0 ? "" : strerror(error);
}

std::string RunAllocatorControl(const std::string& name) {
  if (!HasJemalloc()) return kNoJemalloc;
  const int error = mallctl(name.c_str(), nullptr, nullptr, nullptr, 0);
  return error == 0 ? "" : strerror(error);
}

std::string AllocatorName() {
  if (!HasJemalloc()) return "libc";
  const char* version = "";
  size_t size = sizeof(version);
  mallctl("version", &version, &size, nullptr, 0);
  const std::string text(version);
  return "jemalloc-" + text.substr(0, text.find('-'));
}

}  // namespace larder
