// RestAfterKey: the directive rdb-key-save-delay, by which tests make saving slow. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace larder {

// Rests so many microseconds after a key; below zero one key in so many rests. Not longer than
// until `aborted`, if that is given.
void RestAfterKey(int64_t delay_us, uint64_t keys, const std::atomic<bool>* aborted);

}  // namespace larder
