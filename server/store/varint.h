// Numbers of 64 bits written seven bits a byte, lowest first: small ones take one byte. Pure
// functions, any thread. No bounds are checked: what is read was written by WriteVarint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace larder {

constexpr size_t kMaxVarintBytes = 10;

inline size_t VarintBytes(uint64_t number) {
  size_t bytes = 1;
  for (; number >= 0x80; number >>= 7) ++bytes;
  return bytes;
}

// Returns where it ended.
inline char* WriteVarint(char* at, uint64_t number) {
  for (; number >= 0x80; number >>= 7) *at++ = static_cast<char>(number | 0x80);
  *at++ = static_cast<char>(number);
  return at;
}

inline void AppendVarint(std::string& out, uint64_t number) {
  char bytes[kMaxVarintBytes];
  out.append(bytes, WriteVarint(bytes, number));
}

// Returns where the number ended.
inline const char* ReadVarint(const char* at, uint64_t* number) {
  uint8_t byte = static_cast<uint8_t>(*at++);
  uint64_t result = byte & 0x7f;
  for (int shift = 7; byte & 0x80; shift += 7) {
    byte = static_cast<uint8_t>(*at++);
    result |= uint64_t{byte & 0x7fu} << shift;
  }
  *number = result;
  return at;
}

}  // namespace larder
