// Sorted sets, by range: ZRANGE and its older relatives, ZRANGESTORE, ZCOUNT, ZLEXCOUNT,
// ZREMRANGEBY*.
#include <memory>
#include <optional>
#include <utility>

#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/zsets_bounds.h"

namespace larder {
namespace {

// What a command fixes by its name; the others are options.
struct RangeForm {
  std::optional<RangeBy> by;
  std::optional<bool> reverse;
  size_t key = 1;         // the word with the sorted set; the range follows
  bool may_score = true;  // takes WITHSCORES
};

// Reads the option at word `*i`, and moves past its own words. False after an error was answered.
bool ReadRangeOption(Context& c, const RangeForm& form, size_t* i, RangeRequest* request,
                     bool* with_scores) {
  const std::string_view word = c.args[*i];
  if (form.may_score && EqualsIgnoreCase(word, "withscores")) {
    *with_scores = true;
  } else if (EqualsIgnoreCase(word, "limit") && *i + 2 < c.args.size()) {
    if (!c.Integer(*i + 1, &request->offset) || !c.Integer(*i + 2, &request->limit)) return false;
    *i += 2;
  } else if (!form.reverse && !request->reverse && EqualsIgnoreCase(word, "rev")) {
    request->reverse = true;
  } else if (!form.by && request->by == RangeBy::kRank && EqualsIgnoreCase(word, "bylex")) {
    request->by = RangeBy::kLex;
  } else if (!form.by && request->by == RangeBy::kRank && EqualsIgnoreCase(word, "byscore")) {
    request->by = RangeBy::kScore;
  } else {
    c.SyntaxError();
    return false;
  }
  return true;
}

// Reads the whole command. False after an error was answered.
bool ParseRangeCommand(Context& c, const RangeForm& form, RangeRequest* request,
                       bool* with_scores) {
  request->by = form.by.value_or(RangeBy::kRank);
  request->reverse = form.reverse.value_or(false);
  for (size_t i = form.key + 3; i < c.args.size(); ++i) {
    if (!ReadRangeOption(c, form, &i, request, with_scores)) return false;
  }
  if (request->limit != -1 && request->by == RangeBy::kRank) {
    c.reply.Error(
        "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
    return false;
  }
  if (*with_scores && request->by == RangeBy::kLex) {
    c.reply.Error("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    return false;
  }
  // Backwards by score or member, the greater bound comes first.
  const bool swapped = request->reverse && request->by != RangeBy::kRank;
  return ParseRange(c, form.key + (swapped ? 2 : 1), form.key + (swapped ? 1 : 2), request);
}

void Range(Context& c, const RangeForm& form) {
  RangeRequest request;
  bool with_scores = false;
  if (!ParseRangeCommand(c, form, &request, &with_scores)) return;
  const ZSet* zset;
  if (!c.Read(c.key(1), &zset)) return;
  if (zset == nullptr) return c.reply.EmptyArray();
  const RankRange range = request.In(*zset);
  ScoredArray array(c.reply, range.count, with_scores);
  ForEachIn(*zset, range, [&](const BulkView& member, double score) { array.Add(member, score); });
}

void ZRange(Context& c) { Range(c, {}); }
void ZRevRange(Context& c) { Range(c, {.by = RangeBy::kRank, .reverse = true}); }
void ZRangeByScore(Context& c) { Range(c, {.by = RangeBy::kScore, .reverse = false}); }
void ZRevRangeByScore(Context& c) { Range(c, {.by = RangeBy::kScore, .reverse = true}); }
void ZRangeByLex(Context& c) { Range(c, {.by = RangeBy::kLex, .reverse = false}); }
void ZRevRangeByLex(Context& c) { Range(c, {.by = RangeBy::kLex, .reverse = true}); }

void ZRangeStore(Context& c) {
  RangeRequest request;
  bool with_scores = false;
  const RangeForm form{.key = 2, .may_score = false};
  if (!ParseRangeCommand(c, form, &request, &with_scores)) return;
  const ZSet* source;
  if (!c.Read(c.key(2), &source)) return;
  auto target = std::make_unique<ZSet>();
  if (source != nullptr) {
    RankRange range = request.In(*source);
    range.reverse = false;  // the same elements, quicker to store in ascending order
    ForEachIn(*source, range, [&](const BulkView& member, double score) {
      SetScore(c, *target, member.bytes, score);
    });
  }
  StoreZSet(c, c.key(1), std::move(target), "zrangestore");
}

void CountBy(Context& c, RangeBy by) {
  RangeRequest request{.by = by};
  if (!ParseRange(c, 2, 3, &request)) return;
  const ZSet* zset;
  if (!c.Read(c.key(1), &zset)) return;
  c.reply.Integer(zset == nullptr ? 0 : static_cast<int64_t>(request.In(*zset).count));
}

void ZCount(Context& c) { CountBy(c, RangeBy::kScore); }
void ZLexCount(Context& c) { CountBy(c, RangeBy::kLex); }

void RemoveBy(Context& c, RangeBy by) {
  RangeRequest request{.by = by};
  if (!ParseRange(c, 2, 3, &request)) return;
  const Key key = c.key(1);
  ZSet* zset;
  if (!c.Write(key, &zset)) return;
  if (zset == nullptr) return c.reply.Integer(0);
  const RankRange range = request.In(*zset);
  if (range.count > 0) {
    zset->RemoveRange(range.first, range.count);
    c.Changed(key, NotifyClass::kZSet, c.command.name, range.count);
    c.RemoveIfEmpty(key, *zset);
  }
  c.reply.Integer(static_cast<int64_t>(range.count));
}

void ZRemRangeByRank(Context& c) { RemoveBy(c, RangeBy::kRank); }
void ZRemRangeByScore(Context& c) { RemoveBy(c, RangeBy::kScore); }
void ZRemRangeByLex(Context& c) { RemoveBy(c, RangeBy::kLex); }

constexpr Command kCommands[] = {
    {.name = "zrange",
     .arity = -4,
     .flags = kReadOnly,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZRange,
     .group = "sorted-set",
     .syntax = "key start(string) stop(string) [sortby@6.2.0: BYSCORE | BYLEX] [REV@6.2.0] "
               "[LIMIT@6.2.0 offset count] [WITHSCORES]",
     .since = "1.2.0",
     .history = "6.2.0 Takes REV, BYSCORE, BYLEX and LIMIT.",
     .complexity = "O(log(N)+M) for M of N elements",
     .summary = "Returns a range of a sorted set by rank, score or member."},
    {.name = "zrangestore",
     .arity = -5,
     .flags = kWrite | kDenyOom,
     .categories = kCatSortedSet,
     .keys = {Key1(kOW | kUpdate), Keys(2, 2, 1, kRO | kAccess)},
     .run = ZRangeStore,
     .group = "sorted-set",
     .syntax = "dst(key) src(key) min max [sortby: BYSCORE | BYLEX] [REV] [LIMIT offset count]",
     .since = "6.2.0",
     .complexity = "O(log(N)+M*log(M)) for M of N elements",
     .summary = "Stores a range of a sorted set under another key."},
    {.name = "zrangebyscore",
     .arity = -4,
     .flags = kReadOnly,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZRangeByScore,
     .group = "sorted-set",
     .syntax = "key min(double) max(double) [WITHSCORES@2.0.0] [LIMIT offset count]",
     .since = "1.0.5",
     .history = "2.0.0 Takes WITHSCORES.",
     .deprecated = "6.2.0 `ZRANGE` with the `BYSCORE` argument",
     .complexity = "O(log(N)+M) for M of N elements",
     .summary = "Returns the elements whose scores lie between two bounds."},
    {.name = "zrevrangebyscore",
     .arity = -4,
     .flags = kReadOnly,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZRevRangeByScore,
     .group = "sorted-set",
     .syntax = "key max(double) min(double) [WITHSCORES] [LIMIT offset count]",
     .since = "2.2.0",
     .history = "2.1.6 Takes ranges without their ends.",
     .deprecated = "6.2.0 `ZRANGE` with the `REV` and `BYSCORE` arguments",
     .complexity = "O(log(N)+M) for M of N elements",
     .summary = "Returns the elements whose scores lie between two bounds, the highest first."},
    {.name = "zrangebylex",
     .arity = -4,
     .flags = kReadOnly,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZRangeByLex,
     .group = "sorted-set",
     .syntax = "key min max [LIMIT offset count]",
     .since = "2.8.9",
     .deprecated = "6.2.0 `ZRANGE` with the `BYLEX` argument",
     .complexity = "O(log(N)+M) for M of N elements",
     .summary = "Returns the members that lie between two bounds in byte order."},
    {.name = "zrevrangebylex",
     .arity = -4,
     .flags = kReadOnly,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZRevRangeByLex,
     .group = "sorted-set",
     .syntax = "key max min [LIMIT offset count]",
     .since = "2.8.9",
     .deprecated = "6.2.0 `ZRANGE` with the `REV` and `BYLEX` arguments",
     .complexity = "O(log(N)+M) for M of N elements",
     .summary = "Returns the members that lie between two bounds in byte order, the last first."},
    {.name = "zrevrange",
     .arity = -4,
     .flags = kReadOnly,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZRevRange,
     .group = "sorted-set",
     .syntax = "key start stop [WITHSCORES]",
     .since = "1.2.0",
     .deprecated = "6.2.0 `ZRANGE` with the `REV` argument",
     .complexity = "O(log(N)+M) for M of N elements",
     .summary = "Returns the elements between two ranks, the highest score first."},
    {.name = "zcount",
     .arity = 4,
     .flags = kReadOnly | kFast,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZCount,
     .group = "sorted-set",
     .syntax = "key min(double) max(double)",
     .since = "2.0.0",
     .complexity = "O(log(N)) for N elements",
     .summary = "Counts the elements whose scores lie between two bounds."},
    {.name = "zlexcount",
     .arity = 4,
     .flags = kReadOnly | kFast,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZLexCount,
     .group = "sorted-set",
     .syntax = "key min max",
     .since = "2.8.9",
     .complexity = "O(log(N)) for N elements",
     .summary = "Counts the members that lie between two bounds in byte order."},
    {.name = "zremrangebyrank",
     .arity = 4,
     .flags = kWrite,
     .categories = kCatSortedSet,
     .keys = {Key1(kRW | kDelete)},
     .run = ZRemRangeByRank,
     .group = "sorted-set",
     .syntax = "key start stop",
     .since = "2.0.0",
     .complexity = "O(log(N)+M) for M of N elements",
     .summary = "Removes the elements between two ranks."},
    {.name = "zremrangebyscore",
     .arity = 4,
     .flags = kWrite,
     .categories = kCatSortedSet,
     .keys = {Key1(kRW | kDelete)},
     .run = ZRemRangeByScore,
     .group = "sorted-set",
     .syntax = "key min(double) max(double)",
     .since = "1.2.0",
     .complexity = "O(log(N)+M) for M of N elements",
     .summary = "Removes the elements whose scores lie between two bounds."},
    {.name = "zremrangebylex",
     .arity = 4,
     .flags = kWrite,
     .categories = kCatSortedSet,
     .keys = {Key1(kRW | kDelete)},
     .run = ZRemRangeByLex,
     .group = "sorted-set",
     .syntax = "key min max",
     .since = "2.8.9",
     .complexity = "O(log(N)+M) for M of N elements",
     .summary = "Removes the members that lie between two bounds in byte order."},
};

}  // namespace

std::span<const Command> ZSetRangeCommands() { return kCommands; }

}  // namespace larder
