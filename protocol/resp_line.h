// A line of RESP: a type and a number, the head of what follows. Any thread. Source:
// https://redis.io/docs/latest/develop/reference/protocol-spec/.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace larder {

inline constexpr size_t kMaxRespLine = 32;  // a type, 20 digits, CR LF
inline constexpr std::string_view kCrLf = "\r\n";

// Writes a line into `line`, which has kMaxRespLine bytes; returns its length. Most numbers are
// lengths of up to three digits, so these are spelled without to_chars.
inline size_t FormatRespLine(char* line, char type, int64_t value) {
  char* end = line;
  *end++ = type;
  if (value >= 0 && value < 1000) [[likely]] {
    const auto number = static_cast<uint32_t>(value);
    if (number >= 100) *end++ = static_cast<char>('0' + number / 100);
    if (number >= 10) *end++ = static_cast<char>('0' + number / 10 % 10);
    *end++ = static_cast<char>('0' + number % 10);
  } else {
    end = std::to_chars(end, line + kMaxRespLine - kCrLf.size(), value).ptr;
  }
  *end++ = '\r';
  *end++ = '\n';
  return static_cast<size_t>(end - line);
}

// The room for a bulk string of `size` bytes.
inline constexpr size_t RespBulkRoom(size_t size) { return kMaxRespLine + size + kCrLf.size(); }

// Writes a bulk string into `bulk`, which has RespBulkRoom; returns its length.
inline size_t FormatRespBulk(char* bulk, std::string_view value) {
  char* end = bulk + FormatRespLine(bulk, '$', static_cast<int64_t>(value.size()));
  if (!value.empty()) std::memcpy(end, value.data(), value.size());
  end += value.size();
  *end++ = '\r';
  *end++ = '\n';
  return static_cast<size_t>(end - bulk);
}

}  // namespace larder
