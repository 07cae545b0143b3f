// Reading the counts and index ranges that commands of several types share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "protocol/errors.h"
#include "server/engine/context.h"

namespace larder {

// Word `i` as a number that is not negative, else `error`.
inline bool ParseNotNegative(Context& c, size_t i, int64_t* value,
                             std::string_view error = errors::kNotPositive) {
  return c.Integer(i, 0, std::numeric_limits<int64_t>::max(), value, error);
}

// Word `i` as a number from 1 on, else `error`.
inline bool ParsePositive(Context& c, size_t i, int64_t* value, std::string_view error) {
  return c.Integer(i, 1, std::numeric_limits<int64_t>::max(), value, error);
}

// Word `i` as a number whose negative is one as well. False after an error was answered.
inline bool ParseSigned(Context& c, size_t i, int64_t* value) {
  if (!c.Integer(i, value)) return false;
  if (*value != std::numeric_limits<int64_t>::min()) return true;
  c.reply.Error(
      "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
  return false;
}

// Elements [first, first + count) of a sequence.
struct IndexRange {
  size_t first = 0;
  size_t count = 0;

  // From `start` to `stop`, both included, in a sequence of `size` elements; negative indexes count
  // from its end, and what lies outside is cut off.
  static IndexRange Of(int64_t start, int64_t stop, size_t size) {
    const auto length = static_cast<int64_t>(size);
    if (start < 0) start = start + length < 0 ? 0 : start + length;
    if (stop < 0) stop += length;
    if (stop >= length) stop = length - 1;
    if (start > stop) return {};
    return {static_cast<size_t>(start), static_cast<size_t>(stop - start + 1)};
  }
};

}  // namespace larder
