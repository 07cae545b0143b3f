#include "server/store/hyperloglog_hash.h"

#include <bit>
#include <cstring>

namespace larder::hyperloglog {
namespace {

// MurmurHash64A, as Redis has it: values exchanged with it must agree.
uint64_t Murmur(std::string_view bytes) {
  constexpr uint64_t kSeed = 0xadc83b19, kMultiplier = 0xc6a4a7935bd1e995;
  constexpr int kShift = 47;
  uint64_t hash = kSeed ^ (bytes.size() * kMultiplier);
  while (bytes.size() >= sizeof(uint64_t)) {
    uint64_t word;  // little endian
    std::memcpy(&word, bytes.data(), sizeof(word));
    word *= kMultiplier;
    word ^= word >> kShift;
    word *= kMultiplier;
    hash = (hash ^ word) * kMultiplier;
    bytes.remove_prefix(sizeof(word));
  }
  if (!bytes.empty()) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    hash = (hash ^ word) * kMultiplier;
  }
  hash = (hash ^ hash >> kShift) * kMultiplier;
  return hash ^ hash >> kShift;
}

}  // namespace

Place PlaceOf(std::string_view element) {
  constexpr int kIndexBits = 64 - static_cast<int>(kHashBits);
  const uint64_t hash = Murmur(element);
  const uint64_t rest = hash >> kIndexBits | uint64_t{1} << kHashBits;
  return {hash & ((uint64_t{1} << kIndexBits) - 1),
          static_cast<uint8_t>(std::countr_zero(rest) + 1)};
}

}  // namespace larder::hyperloglog
