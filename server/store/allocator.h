// The allocator, jemalloc where it is linked, else glibc's: what its statistics say, and what it
// can be told to do. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace larder {

// False in the programs that do not link it: tests under sanitizers, and most unit tests.
bool HasJemalloc();
// "jemalloc-5.3.0" or "libc".
std::string AllocatorName();

struct AllocatorStats {
  size_t allocated = 0;
  size_t active = 0;
  size_t resident = 0;
  size_t mapped = 0;
  size_t cached = 0;  // of what is allocated: kept by threads for what they allocate next
};
AllocatorStats ReadAllocatorStats();

// Where jemalloc counts the bytes that the calling thread has allocated and freed: in that thread's
// own memory. REQUIRES: HasJemalloc().
struct ThreadByteCounts {
  const uint64_t* allocated;
  const uint64_t* freed;
};
ThreadByteCounts CountsOfThisThread();

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

}  // namespace larder
