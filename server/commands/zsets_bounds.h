// The bounds of a range of a sorted set: scores as in "(1.5" and "+inf", members as in "[a" and
// "+".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/commands/zsets.h"
#include "server/engine/context.h"

namespace larder {

// How the two words of a range are meant.
enum class RangeBy : uint8_t { kRank, kScore, kLex };

// A place in a sorted set: in front of all elements, behind all, or at a bound.
struct RangeEnd {
  enum class Kind : uint8_t { kFront, kBack, kBound };
  Kind kind = Kind::kBound;
  Bound bound;

  // The number of elements in front of the place.
  size_t RankIn(const ZSet& zset) const;
  // True when the element lies in front of the place.
  bool IsBehind(const ZSet::Cursor& element) const;
};

// A range between two words, read but not yet looked up. The words must outlive it.
struct RangeRequest {
  RangeBy by = RangeBy::kRank;
  bool reverse = false;
  int64_t start = 0, stop = 0;  // by rank
  RangeEnd min, max;            // by score and member
  int64_t offset = 0;
  int64_t limit = -1;  // negative: none

  RankRange In(const ZSet& zset) const;
};

// Reads the words `min` and `max` as request->by says. False after an error was answered.
bool ParseRange(Context& c, size_t min, size_t max, RangeRequest* request);

}  // namespace larder
