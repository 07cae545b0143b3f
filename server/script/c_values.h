// Lua's values as C takes them: Redis converts them by plain casts and as strings that end at a
// zero byte, and scripts see that. What C leaves open is as on x86-64.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

namespace larder {

// What does not fit becomes the least number.
inline int64_t ToInt64(double number) {
  constexpr double kLimit = 9223372036854775808.0;
  if (!(number >= -kLimit && number < kLimit)) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(number);
}

// The same for an int.
inline int ToInt(double number) {
  constexpr double kLimit = 2147483648.0;
  if (!(number > -kLimit - 1 && number < kLimit)) return std::numeric_limits<int>::min();
  return static_cast<int>(number);
}

// From 2^64 on everything is 0; what is negative is cast to a signed number first.
inline uint64_t ToUint64(double number) {
  if (number >= 18446744073709551616.0) return 0;
  if (number >= 9223372036854775808.0) return static_cast<uint64_t>(number);
  return static_cast<uint64_t>(ToInt64(number));
}

// A not-a-number has a sign, and 0/0 is negative.
inline std::string_view NanText(double nan) { return std::signbit(nan) ? "-nan" : "nan"; }

inline std::string_view UpToZero(std::string_view text) { return text.substr(0, text.find('\0')); }

}  // namespace larder
