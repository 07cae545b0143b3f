#include "server/store/allocator.h"

#include <malloc.h>

#include <cerrno>
#include <cstring>

// Weak: null in the programs that do not link jemalloc.
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

template <typename T>
T Read(const char* name) {
  T value = {};
  size_t size = sizeof(value);
  mallctl(name, static_cast<void*>(&value), &size, nullptr, 0);
  return value;
}

void RefreshStats() {
  uint64_t epoch = 1;
  size_t size = sizeof(epoch);
  mallctl("epoch", &epoch, &size, &epoch, size);
}

}  // namespace

bool HasJemalloc() { return mallctl != nullptr; }

std::string AllocatorName() {
  if (!HasJemalloc()) return "libc";
  const std::string text(Read<const char*>("version"));
  return "jemalloc-" + text.substr(0, text.find('-'));
}

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
  stats.allocated = Read<size_t>("stats.allocated");
  stats.active = Read<size_t>("stats.active");
  stats.resident = Read<size_t>("stats.resident");
  stats.mapped = Read<size_t>("stats.mapped");
  stats.cached = Read<size_t>("stats.arenas.4096.tcache_bytes");  // MALLCTL_ARENAS_ALL
  return stats;
}

ThreadByteCounts CountsOfThisThread() {
  return {Read<const uint64_t*>("thread.allocatedp"), Read<const uint64_t*>("thread.deallocatedp")};
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

}  // namespace larder
