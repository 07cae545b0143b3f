// How many bytes of heap are in use, known at any moment and for the price of a few loads.
// jemalloc counts for each thread the bytes it has allocated and freed; the differences, added up
// over all threads, are what is in use. A thread announces itself that allocates much, or that
// allocates what another thread frees; what the rest hold is found out by Calibrate, which asks
// jemalloc's own statistics.
//
// Any thread. Without jemalloc (unit tests, sanitizers) there are no counters: memory.h asks the
// heap then.
#pragma once

#include <cstddef>
#include <cstdint>

namespace larder {

// The calling thread is counted from now on, until it ends. The first time it gets its cache of
// jemalloc, some 30 KB, which a thread without work need not have.
void CountThisThread();

// Bytes that the calling thread has allocated less those it has freed, of whomever they were: a
// measure of growth, which may be negative. 0 for a thread that is not counted.
int64_t ThreadHeapBytes();

// What the calling thread's work takes, from here on.
class HeapGrowth {
 public:
  size_t bytes() const { return static_cast<size_t>(ThreadHeapBytes() - before_); }

 private:
  const int64_t before_ = ThreadHeapBytes();
};

// False where there are no counters, or nobody has calibrated them yet.
bool HeapIsCounted();
// Bytes in use, of all threads. REQUIRES: HeapIsCounted().
int64_t HeapBytes();

// At the start and then ten times a second. `read` says what the allocator's statistics say now;
// that is taken for the truth unless threads allocate so fast meanwhile that it can't be compared.
void CalibrateHeapBytes(int64_t (*read)());

}  // namespace larder
