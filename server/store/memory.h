// How much memory the process takes: now, at most, at its start. Any thread.
#pragma once

#include <cstddef>

namespace larder {

// Bytes allocated now, from heap_counters.h: immediate and cheap. Where there are none the heap is
// asked, at most once a millisecond.
size_t UsedMemory();
// The most that UsedMemory was at any SampleMemory, and what it was at the first: the start.
size_t PeakMemory();
size_t StartupMemory();
// Ten times a second: notes the peak, calibrates the counters.
void SampleMemory();

// Resident set of the process in bytes, from /proc.
size_t ResidentBytes();

}  // namespace larder
