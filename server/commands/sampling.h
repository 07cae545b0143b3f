// The count of HRANDFIELD, SRANDMEMBER and ZRANDMEMBER: a positive one asks for that many different
// elements, a negative one for that many with repetitions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "protocol/errors.h"
#include "server/base/strings.h"
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

// The same at word 2, where there is one, and behind it the word `with` ("withvalues"), which asks
// for twice as many replies.
inline bool ParseSample(Context& c, std::string_view with, SampleSize* size, bool* has_with) {
  const size_t words = c.args.size();
  if (words == 2) return true;
  if (!ParseSampleSize(c, 2, size)) return false;
  *has_with = words == 4 && EqualsIgnoreCase(c.args[3], with);
  if (words > 4 || (words == 4 && !*has_with)) {
    c.SyntaxError();
    return false;
  }
  // So many replies would not fit a long, which Redis checks here.
  constexpr uint64_t kMostPairs = std::numeric_limits<int64_t>::max() / 2;
  if (!*has_with || size->count <= kMostPairs) return true;
  c.reply.Error(errors::kOutOfRange);
  return false;
}

}  // namespace larder
