// Where an element goes in a HyperLogLog: the register and the value it wants there. Internal to
// hyperloglog. Pure functions: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder::hyperloglog {

// Bits of the hash that make the value; the 14 others choose the register.
inline constexpr size_t kHashBits = 50;

struct Place {
  size_t index;
  uint8_t value;  // 1 to kHashBits + 1
};

Place PlaceOf(std::string_view element);

}  // namespace larder::hyperloglog
