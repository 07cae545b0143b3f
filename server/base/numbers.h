// Numbers as Redis reads and prints them. Pure functions: any thread, no allocation except where a
// std::string is returned. A Parse function returns false and leaves *value alone when the text is
// not exactly one number; nothing before or after it is forgiven, spaces included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

// Decimal digits with at most a leading '-'; no '+', no leading zeros, no "-0". Strict, because
// such a text may be stored as an integer and must print back as the same bytes.
bool ParseInt64(std::string_view text, int64_t* value);
bool ParseUint64(std::string_view text, uint64_t* value);

// What strtod accepts (decimal, exponent, hexadecimal, inf, infinity), but not nan, not a leading
// space, and not what overflows or underflows to zero.
bool ParseDouble(std::string_view text, double* value);
bool ParseLongDouble(std::string_view text, long double* value);

// Bytes with a unit of redis.conf: none or b, k 1000, kb 1024, m, mb, g, gb, in either case.
// False when the product does not fit 64 bits.
bool ParseMemory(std::string_view text, uint64_t* bytes);

// Room enough for every Format function below that writes into a buffer.
inline constexpr size_t kMaxIntLength = 21;
inline constexpr size_t kMaxDoubleLength = 32;

// Writes without a terminator and returns the length. `buffer` has kMaxIntLength bytes.
size_t FormatInt(char* buffer, int64_t value);

// As "%.17g", with inf, -inf and nan: ZSCORE and every double of RESP3. `buffer` has
// kMaxDoubleLength bytes.
size_t FormatDouble(char* buffer, double value);
std::string FormatDouble(double value);

// The same but for whole numbers up to 2^62, which have all their digits, and minus zero: scores as
// Redis keeps them in a listpack. `buffer` has kMaxDoubleLength bytes.
size_t FormatPackedScore(char* buffer, double value);

// As "%.17Lf" without trailing zeros and without "-0": INCRBYFLOAT and HINCRBYFLOAT.
std::string FormatLongDoubleHuman(long double value);

}  // namespace larder
