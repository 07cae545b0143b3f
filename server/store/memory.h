// How much memory the process has allocated, from jemalloc where it is linked, else from glibc. Any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace larder {

// Bytes allocated now. Refreshing jemalloc's statistics costs microseconds, so the value is at most
// a millisecond old.
size_t UsedMemory();
// The most that UsedMemory has ever answered, and what it answered first: the start.
size_t PeakMemory();
size_t StartupMemory();

struct AllocatorStats {
  size_t allocated = 0;
  size_t active = 0;
  size_t resident = 0;
  size_t mapped = 0;
  size_t muzzy = 0;
};
AllocatorStats ReadAllocatorStats();

// Resident set of the process in bytes, from /proc.
size_t ResidentBytes();

// Gives free pages back to the system.
void PurgeMemory();

// jemalloc's own report, or an explanation where it is not linked.
std::string AllocatorReport();
// "jemalloc-5.3.0" or "libc".
std::string AllocatorName();

}  // namespace larder
