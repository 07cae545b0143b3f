// The count of HRANDFIELD, SRANDMEMBER and ZRANDMEMBER: a positive one asks for that many different
// elements, a negative one for that many with repetitions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "server/commands/counts.h"
#include "server/engine/context.h"

namespace larder {

struct SampleSize {
  // Repetitions are bounded only by the request, so a typing error could ask for more than fits the
  // memory. At least 7 bytes a reply: this many are a gigabyte.
  static constexpr uint64_t kMostRepeated = uint64_t{1} << 27;

  uint64_t count = 1;
  bool distinct = true;

  bool Affordable(const Context& c) const {
    return distinct || count <= kMostRepeated || c.output_limit() > 0;
  }
  // How many elements a collection of this size answers.
  size_t Of(size_t size) const { return distinct ? std::min<uint64_t>(count, size) : count; }
};

// Reads word `i`. False after an error was answered.
inline bool ParseSampleSize(Context& c, size_t i, SampleSize* size) {
  int64_t count;
  if (!ParseSigned(c, i, &count)) return false;
  *size = {static_cast<uint64_t>(count < 0 ? -count : count), count >= 0};
  return true;
}

}  // namespace larder
