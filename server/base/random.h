// Random numbers. Random is a small fast generator (xoshiro256++), for samples and LFU's counters:
// not for secrets. RandomHex is from the kernel: run ids, replication ids, ACL GENPASS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace larder {

// One thread at a time; usually the caller's own ThreadRandom(). Satisfies
// std::uniform_random_bit_generator.
class Random {
 public:
  using result_type = uint64_t;

  explicit Random(uint64_t seed) { Seed(seed); }
  void Seed(uint64_t seed);  // the same seed gives the same numbers

  uint64_t Next();
  uint64_t Below(uint64_t limit);  // 0 <= result < limit; limit > 0
  double Unit();                   // 0 <= result < 1

  uint64_t operator()() { return Next(); }
  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return std::numeric_limits<uint64_t>::max(); }

 private:
  uint64_t state_[4];
};

// The calling thread's generator, seeded from the kernel.
Random& ThreadRandom();

// 64 bits from the kernel; aborts when the kernel has none to give.
uint64_t RandomSeed();

// `digits` lower-case hexadecimal digits from the kernel.
std::string RandomHex(size_t digits);

}  // namespace larder
