// RestAfterKey: the directives rdb-key-save-delay and key-load-delay, by which tests make saving
// and loading slow. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace larder {

// Rests so many microseconds after the key of this number; below zero one key in so many rests for
// one. Not longer than until `aborted`, if that is given.
void RestAfterKey(int64_t delay_us, uint64_t keys, const std::atomic<bool>* aborted);

}  // namespace larder
