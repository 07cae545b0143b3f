// How much memory the process has allocated, from jemalloc where it is linked, else from glibc. Any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace larder {

// Bytes allocated now, from heap_counters.h: immediate and cheap. Where there are none the heap is
// asked, at most once a millisecond.
size_t UsedMemory();
// The most that UsedMemory was at any SampleMemory, and what it was at the first: the start.
size_t PeakMemory();
size_t StartupMemory();
// Ten times a second: notes the peak, calibrates the counters.
void SampleMemory();

struct AllocatorStats {
  size_t allocated = 0;
  size_t active = 0;
  size_t resident = 0;
  size_t mapped = 0;
  size_t cached = 0;  // of what is allocated: kept by threads for what they allocate next
};
AllocatorStats ReadAllocatorStats();

// Resident set of the process in bytes, from /proc.
size_t ResidentBytes();

// Gives free pages back to the system.
void PurgeMemory();
// Gives up the blocks that the allocator keeps for the calling thread: a cached block holds its
// page, and hundreds of them may.
void FlushThreadCache();

// jemalloc's own report, or an explanation where it is not linked.
std::string AllocatorReport();
// jemalloc's controls by name (its manual lists them), for DEBUG. The result is an error's text, or
// empty. A number may be of any width, and is written where `wanted` is not null.
std::string AllocatorNumber(const std::string& name, const int64_t* wanted, int64_t* value);
std::string RunAllocatorControl(const std::string& name);

// "jemalloc-5.3.0" or "libc".
std::string AllocatorName();

}  // namespace larder
