#include "server/base/numbers.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "server/base/strings.h"

namespace larder {
namespace {

template <typename Int>
bool ParseStrict(std::string_view text, Int* value) {
  if (text.empty()) return false;
  size_t first = text[0] == '-' ? 1 : 0;
  if (first == text.size() || text[first] < '0' || text[first] > '9') return false;
  if (text[first] == '0' && text.size() > 1) return false;
  Int parsed = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  *value = parsed;
  return true;
}

// No number that a client means is longer, and the copy with a terminator stays on the stack.
constexpr size_t kMaxFloatText = 5 * 1024;

// `convert` is strtod or strtold: both need a terminator that a view does not have.
template <typename Float>
bool ParseFloat(std::string_view text, Float (*convert)(const char*, char**), Float* value) {
  char buffer[kMaxFloatText];
  if (text.empty() || text.size() >= sizeof(buffer)) return false;
  if (std::strchr(" \t\n\v\f\r", text[0]) != nullptr) return false;  // a leading NUL too
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  char* end = nullptr;
  errno = 0;
  Float parsed = convert(buffer, &end);
  if (end != buffer + text.size() || std::isnan(parsed)) return false;
  if (errno == ERANGE && (std::isinf(parsed) || std::fpclassify(parsed) == FP_ZERO)) return false;
  *value = parsed;
  return true;
}

// Doubles below this print with "%.17g" as plain integers.
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
// Scores up to this are integers in a listpack, if they are whole.
constexpr double kPackedIntegers = 4611686018427387904.0;  // 2^62

}  // namespace

bool ParseInt64(std::string_view text, int64_t* value) { return ParseStrict(text, value); }

bool ParseUint64(std::string_view text, uint64_t* value) {
  if (!text.empty() && text[0] == '-') return false;
  return ParseStrict(text, value);
}

bool ParseDouble(std::string_view text, double* value) {
  // Scores are mostly short integers, and strtod costs ten times from_chars.
  int64_t integer = 0;
  if (text.size() <= 15 && ParseInt64(text, &integer)) {
    *value = static_cast<double>(integer);
    return true;
  }
  return ParseFloat<double>(text, &std::strtod, value);
}

bool ParseLongDouble(std::string_view text, long double* value) {
  return ParseFloat<long double>(text, &std::strtold, value);
}

bool ParseMemory(std::string_view text, uint64_t* bytes) {
  struct Unit {
    std::string_view name;
    uint64_t bytes;
  };
  static constexpr Unit kUnits[] = {
      {"", 1},        {"b", 1},        {"k", 1000},       {"kb", 1024},
      {"m", 1000000}, {"mb", 1048576}, {"g", 1000000000}, {"gb", 1073741824},
  };
  uint64_t count = 0;
  const char* text_end = text.data() + text.size();
  auto [digits_end, error] = std::from_chars(text.data(), text_end, count);
  if (error != std::errc()) return false;
  std::string_view name(digits_end, static_cast<size_t>(text_end - digits_end));
  for (const Unit& unit : kUnits) {
    if (EqualsIgnoreCase(name, unit.name)) {
      return !__builtin_mul_overflow(count, unit.bytes, bytes);
    }
  }
  return false;
}

size_t FormatInt(char* buffer, int64_t value) {
  return static_cast<size_t>(std::to_chars(buffer, buffer + kMaxIntLength, value).ptr - buffer);
}

size_t FormatDouble(char* buffer, double value) {
  if (value > -kExactIntegers && value < kExactIntegers) {
    int64_t integer = static_cast<int64_t>(value);
    bool negative_zero = integer == 0 && std::signbit(value);
    if (static_cast<double>(integer) == value && !negative_zero) return FormatInt(buffer, integer);
  }
  if (std::isnan(value)) return static_cast<size_t>(stpcpy(buffer, "nan") - buffer);
  char* end =
      std::to_chars(buffer, buffer + kMaxDoubleLength, value, std::chars_format::general, 17).ptr;
  return static_cast<size_t>(end - buffer);
}

std::string FormatDouble(double value) {
  char buffer[kMaxDoubleLength];
  return std::string(buffer, FormatDouble(buffer, value));
}

size_t FormatPackedScore(char* buffer, double value) {
  const bool whole = std::fabs(value) <= kPackedIntegers && value == std::trunc(value);
  return whole ? FormatInt(buffer, static_cast<int64_t>(value)) : FormatDouble(buffer, value);
}

std::string FormatLongDoubleHuman(long double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[kMaxFloatText];  // the largest long double has 4933 digits
  std::string text(buffer,
                   static_cast<size_t>(std::snprintf(buffer, sizeof(buffer), "%.17Lf", value)));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace larder
