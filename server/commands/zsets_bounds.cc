#include "server/commands/zsets_bounds.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "protocol/errors.h"
#include "server/commands/counts.h"

namespace larder {
namespace {

using Kind = RangeEnd::Kind;

// A score, behind "(" where the bound itself is not in the range. More is forgiven here than
// elsewhere, as by Redis: leading spaces, what overflows to infinity, and nothing at all, which is
// 0.
bool ParseScore(std::string_view word, bool is_max, RangeEnd* end) {
  const bool open = word.starts_with('(');
  const std::string text(word.substr(open ? 1 : 0));
  char* rest;
  const double score = std::strtod(text.c_str(), &rest);
  if (*rest != '\0' || std::isnan(score)) return false;
  *end = {Kind::kBound, Bound::Score(score, open != is_max)};
  return true;
}

bool ParseMember(std::string_view word, bool is_max, RangeEnd* end) {
  if (word == "-" || word == "+") {
    end->kind = word == "-" ? Kind::kFront : Kind::kBack;
    return true;
  }
  const bool open = word.starts_with('(');
  if (!open && !word.starts_with('[')) return false;
  *end = {Kind::kBound, Bound::Member(word.substr(1), open != is_max)};
  return true;
}

}  // namespace

size_t RangeEnd::RankIn(const ZSet& zset) const {
  switch (kind) {
    case Kind::kFront:
      return 0;
    case Kind::kBack:
      return zset.size();
    case Kind::kBound:
      break;
  }
  return zset.CountBelow(bound);
}

RankRange RangeRequest::In(const ZSet& zset) const {
  const size_t size = zset.size();
  if (by == RangeBy::kRank) {
    const IndexRange range = IndexRange::Of(start, stop, size);
    const size_t first = reverse ? size - range.first - range.count : range.first;
    return {first, range.count, reverse};
  }
  const size_t first = min.RankIn(zset);
  const size_t last = max.RankIn(zset);
  if (first >= last || offset < 0) return {};
  const size_t skipped = std::min(static_cast<size_t>(offset), last - first);
  size_t count = last - first - skipped;
  if (limit >= 0) count = std::min(count, static_cast<size_t>(limit));
  return {reverse ? last - skipped - count : first + skipped, count, reverse};
}

bool ParseRange(Context& c, size_t min, size_t max, RangeRequest* request) {
  const std::string_view low = c.args[min];
  const std::string_view high = c.args[max];
  switch (request->by) {
    case RangeBy::kRank:
      return c.Integer(min, &request->start) && c.Integer(max, &request->stop);
    case RangeBy::kScore:
      if (ParseScore(low, false, &request->min) && ParseScore(high, true, &request->max)) {
        return true;
      }
      c.reply.Error(errors::kMinOrMaxNotFloat);
      return false;
    case RangeBy::kLex:
      if (ParseMember(low, false, &request->min) && ParseMember(high, true, &request->max)) {
        return true;
      }
      c.reply.Error(errors::kMinOrMaxNotString);
      return false;
  }
  return false;
}

}  // namespace larder
