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

// The largest sorted set that is walked: those that Redis keeps in a listpack by default are
// smaller.
constexpr size_t kMostWalked = 512;

// Members are in order only where all scores are equal; elsewhere a range of them is nothing that
// Redis promises.
bool InOrder(const ZSet& zset) {
  return zset.empty() || zset.CursorAt(0).score() == zset.CursorAt(zset.size() - 1).score();
}

// A range of members that are in no order, as Redis finds it in a small sorted set, so that a
// replica of the other kind removes the same: from one end on to the first member that is not
// outside of the nearer bound, then as far as none is outside of the other.
RankRange Walk(const ZSet& zset, const RangeRequest& request) {
  const bool reverse = request.reverse;
  const size_t size = zset.size();
  const auto below = [&](const ZSet::Cursor& at) { return request.min.IsBehind(at); };
  const auto above = [&](const ZSet::Cursor& at) { return !request.max.IsBehind(at); };
  if (below(zset.CursorAt(size - 1)) || above(zset.CursorAt(0)) || request.offset < 0) return {};
  ZSet::Cursor at = zset.CursorAt(reverse ? size - 1 : 0);
  const auto go_on = [&at, reverse] { reverse ? at.Previous() : at.Next(); };
  while (at.valid() && (reverse ? above(at) : below(at))) go_on();
  if (!at.valid() || above(at) || below(at)) return {};
  for (int64_t i = 0; at.valid() && i < request.offset; ++i) go_on();
  if (!at.valid()) return {};
  const size_t begin = at.rank();
  const size_t most = request.limit < 0 ? size : static_cast<size_t>(request.limit);
  size_t count = 0;
  for (; at.valid() && count < most && !(reverse ? below(at) : above(at)); go_on()) ++count;
  return {reverse ? begin + 1 - count : begin, count, reverse};
}

}  // namespace

bool RangeEnd::IsBehind(const ZSet::Cursor& element) const {
  if (kind != Kind::kBound) return kind == Kind::kBack;
  return bound.IsBehind(element.score(), element.member().bytes);
}

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
  if (by == RangeBy::kLex && size <= kMostWalked && !InOrder(zset)) return Walk(zset, *this);
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
