// Hexadecimal digits: lower case where they are written, either where they are read. Pure
// functions: any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace larder {

// The digit of a number from 0 to 15.
constexpr char HexDigit(int value) { return "0123456789abcdef"[value]; }

// What a digit stands for; -1 for any other character.
constexpr int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Appends "\xNN".
inline void AppendHexEscape(std::string& out, char c) {
  const auto byte = static_cast<uint8_t>(c);
  out += {'\\', 'x', HexDigit(byte >> 4), HexDigit(byte & 15)};
}

// Two digits for each byte.
std::string HexOf(std::span<const uint8_t> bytes);

// The reverse. False, with `bytes` half done, where the text is anything but two digits for each.
bool ParseHex(std::string_view digits, std::span<uint8_t> bytes);

}  // namespace larder
