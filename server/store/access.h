// The 24 bits of Entry::access(): what the eviction policy remembers of a key's use. Under LRU (and
// every other policy) the seconds of its last use; under LFU a counter that grows with the
// logarithm of the number of uses and decays with time, as in Redis:
//
//   | minutes of the last decay, 16 bits | counter, 8 bits |
//
// Pure functions, any thread. Both clocks wrap around (after 194 and 45 days), so differences are
// taken modulo their width. `now_ms` is Unix time in milliseconds.
#pragma once

#include <cstdint>

#include "server/base/random.h"

namespace larder {

// lfu-log-factor and lfu-decay-time.
struct LfuRules {
  int64_t log_factor = 10;
  int64_t decay_minutes = 1;  // 0: the counter never decays
};

// What a new key starts with, so that it is not the first to go.
inline constexpr uint8_t kLfuStart = 5;

inline uint32_t LruAccess(int64_t now_ms) {
  return static_cast<uint32_t>(now_ms / 1000) & 0xffffff;
}
inline uint32_t IdleSeconds(uint32_t access, int64_t now_ms) {
  return (LruAccess(now_ms) - access) & 0xffffff;
}

inline uint32_t LfuAccess(uint8_t counter, int64_t now_ms) {
  return (static_cast<uint32_t>(now_ms / 60'000) & 0xffff) << 8 | counter;
}
// The counter as it is now: one less for every decay time since the last.
uint8_t LfuCounter(uint32_t access, int64_t now_ms, const LfuRules& rules);
// After one more use: the counter grows with probability 1 / ((counter - kLfuStart) * factor + 1).
uint32_t LfuUsed(uint32_t access, int64_t now_ms, const LfuRules& rules, Random& random);

}  // namespace larder
