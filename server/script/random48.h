// Random48: the 48-bit linear congruential generator of POSIX lrand48, which scripts are promised:
// the same numbers after the same seed, on every machine and in every run. One thread at a time.
#pragma once

#include <cstdint>

namespace larder {

class Random48 {
 public:
  static constexpr int32_t kMost = 0x7fffffff;

  void Seed(int32_t seed) { state_ = uint64_t{static_cast<uint32_t>(seed)} << 16 | 0x330e; }
  // 0 <= result <= kMost
  int32_t Next() {
    state_ = (state_ * 0x5deece66d + 0xb) & ((uint64_t{1} << 48) - 1);
    return static_cast<int32_t>(state_ >> 17);
  }

 private:
  uint64_t state_ = 0x1234abcd330e;
};

}  // namespace larder
