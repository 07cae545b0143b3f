// Numbers as Redis' formats write them: their lowest byte first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace larder {

// The lowest `bytes` (at most 8) of the value.
inline void AppendLittle(std::string& out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace larder
