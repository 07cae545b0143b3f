// Sorted sets, by member: ZADD, ZINCRBY, ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZREM.
#include "server/commands/zsets.h"

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/store_result.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

bool ReadAddOption(std::string_view word, ZAddOptions* options) {
  const std::pair<std::string_view, bool*> names[] = {
      {"nx", &options->nx}, {"xx", &options->xx}, {"gt", &options->gt},
      {"lt", &options->lt}, {"ch", &options->ch}, {"incr", &options->incr}};
  for (const auto& [name, option] : names) {
    if (!EqualsIgnoreCase(word, name)) continue;
    *option = true;
    return true;
  }
  return false;
}

// False after an error was answered. `pairs`: how many scores and members follow.
bool CheckAddOptions(Context& c, const ZAddOptions& options, size_t pairs) {
  std::string_view error;
  if (options.nx && options.xx) {
    error = "ERR XX and NX options at the same time are not compatible";
  } else if ((options.gt && options.nx) || (options.lt && options.nx) ||
             (options.gt && options.lt)) {
    error = "ERR GT, LT, and/or NX options at the same time are not compatible";
  } else if (options.incr && pairs > 1) {
    error = "ERR INCR option supports a single increment-element pair";
  }
  if (error.empty()) return true;
  c.reply.Error(error);
  return false;
}

// What became of one pair.
enum class Added : uint8_t { kNothing, kSame, kChanged, kNew, kNotANumber };

bool IsMinusZero(double score) { return score == 0 && std::signbit(score); }

void DropMinusZeros(ZSet& zset) {
  std::vector<std::string> members;
  ForEachIn(zset, {0, zset.size()}, [&members](const BulkView& member, double score) {
    if (IsMinusZero(score)) members.emplace_back(member.bytes);
  });
  for (const std::string& member : members) zset.Set(member, 0.0);
}

// Adds one pair; `score` becomes the member's score where that is not kNothing.
Added AddPair(const Context& c, ZSet& zset, const ZAddOptions& options, std::string_view member,
              double* score) {
  const std::optional<double> old = zset.Score(member);
  if (!old) {
    if (options.xx) return Added::kNothing;
    SetScore(c, zset, member, *score);
    return Added::kNew;
  }
  if (options.nx) return Added::kNothing;
  if (options.incr) {
    *score += *old;
    if (std::isnan(*score)) return Added::kNotANumber;
  }
  if ((options.lt && *score >= *old) || (options.gt && *score <= *old)) return Added::kNothing;
  if (*score == *old) return Added::kSame;
  SetScore(c, zset, member, *score);
  return Added::kChanged;
}

}  // namespace

void SetScore(const Context& c, ZSet& zset, std::string_view member, double score) {
  zset.Set(member, score);
  if (IsMinusZero(score) && EncodingOf(c, zset) == "listpack") zset.Set(member, 0.0);
}

std::string_view EncodingOf(const Context& c, const ZSet& zset) {
  const Settings& settings = c.engine.config.settings();
  return zset.Encoding(static_cast<size_t>(settings.zset_max_listpack_entries),
                       static_cast<size_t>(settings.zset_max_listpack_value));
}

void AddToZSet(Context& c, const ZAddOptions& options, ZAddScores& scores, size_t first,
               size_t step) {
  const Key key = c.key(1);
  ZSet* zset;
  if (!c.Write(key, &zset)) return;
  if (zset == nullptr) {
    if (options.xx) return options.incr ? c.reply.Null() : c.reply.Integer(0);
    zset = &c.Create<ZSet>(key);
  }
  int64_t added = 0, changed = 0;
  Added last = Added::kNothing;
  for (size_t i = 0; i < scores.size(); ++i) {
    last = AddPair(c, *zset, options, c.args[first + step * i], &scores[i]);
    if (last == Added::kNotANumber) {
      return c.reply.Error("ERR resulting score is not a number (NaN)");
    }
    added += last == Added::kNew;
    changed += last == Added::kChanged;
  }
  if (added + changed > 0) {
    c.Changed(key, NotifyClass::kZSet, options.incr ? "zincr" : "zadd",
              static_cast<size_t>(added + changed));
  }
  if (!options.incr) return c.reply.Integer(options.ch ? added + changed : added);
  last == Added::kNothing ? c.reply.Null() : c.reply.Double(scores.back());
}

namespace {

void Add(Context& c, ZAddOptions options) {
  size_t first = 2;
  while (first < c.args.size() && ReadAddOption(c.args[first], &options)) ++first;
  const size_t words = c.args.size() - first;
  if (words == 0 || words % 2 != 0) return c.SyntaxError();
  if (!CheckAddOptions(c, options, words / 2)) return;
  ZAddScores scores(words / 2);
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!c.Double(first + 2 * i, &scores[i])) return;
  }
  AddToZSet(c, options, scores, first + 1, 2);
}

void ZAdd(Context& c) { Add(c, {}); }
void ZIncrBy(Context& c) { Add(c, {.incr = true}); }

void ZCard(Context& c) {
  const ZSet* zset;
  if (!c.Read(c.key(1), &zset)) return;
  c.reply.Integer(zset == nullptr ? 0 : static_cast<int64_t>(zset->size()));
}

void WriteScore(Context& c, const ZSet* zset, std::string_view member) {
  const std::optional<double> score = zset == nullptr ? std::nullopt : zset->Score(member);
  score ? c.reply.Double(*score) : c.reply.Null();
}

void ZScore(Context& c) {
  const ZSet* zset;
  if (!c.Read(c.key(1), &zset)) return;
  WriteScore(c, zset, c.args[2]);
}

void ZMScore(Context& c) {
  const ZSet* zset;
  if (!c.Read(c.key(1), &zset)) return;
  c.reply.Array(c.args.size() - 2);
  for (size_t i = 2; i < c.args.size(); ++i) WriteScore(c, zset, c.args[i]);
}

void Rank(Context& c, bool reverse) {
  if (c.args.size() > 4) return c.reply.Error(errors::WrongArity(c.command.name));
  const bool with_score = c.args.size() == 4;
  if (with_score && !EqualsIgnoreCase(c.args[3], "withscore")) return c.SyntaxError();
  const ZSet* zset;
  if (!c.Read(c.key(1), &zset)) return;
  const std::optional<size_t> rank = zset == nullptr ? std::nullopt : zset->Rank(c.args[2]);
  if (!rank) return with_score ? c.reply.NullArray() : c.reply.Null();
  if (with_score) c.reply.Array(2);
  c.reply.Integer(static_cast<int64_t>(reverse ? zset->size() - 1 - *rank : *rank));
  if (with_score) c.reply.Double(zset->CursorAt(*rank).score());
}

void ZRank(Context& c) { Rank(c, false); }
void ZRevRank(Context& c) { Rank(c, true); }

void ZRem(Context& c) {
  const Key key = c.key(1);
  ZSet* zset;
  if (!c.Write(key, &zset)) return;
  if (zset == nullptr) return c.reply.Integer(0);
  int64_t removed = 0;
  for (size_t i = 2; i < c.args.size(); ++i) removed += zset->Remove(c.args[i]);
  if (removed > 0) {
    c.Changed(key, NotifyClass::kZSet, "zrem", static_cast<size_t>(removed));
    c.RemoveIfEmpty(key, *zset);
  }
  c.reply.Integer(removed);
}

constexpr Command kCommands[] = {
    {.name = "zadd",
     .arity = -4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatSortedSet,
     .keys = {Key1(kRW | kUpdate)},
     .run = ZAdd,
     .group = "sorted-set",
     .syntax = "key [condition@3.0.2: NX | XX] [comparison@6.2.0: GT | LT] [change:CH@3.0.2] "
               "[increment:INCR@3.0.2] <data: score member ...>",
     .since = "1.2.0",
     .history = "2.4.0 Takes several members.\n"
                "3.0.2 Takes XX, NX, CH and INCR.\n"
                "6.2.0 Takes GT and LT.",
     .complexity = "O(M*log(N)) for M members added to N",
     .summary = "Adds members to a sorted set, or changes their scores."},
    {.name = "zincrby",
     .arity = 4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatSortedSet,
     .keys = {Key1(kRW | kAccess | kUpdate)},
     .run = ZIncrBy,
     .group = "sorted-set",
     .syntax = "key increment member",
     .since = "1.2.0",
     .complexity = "O(log(N)) for N elements",
     .summary = "Adds to the score of a member, which counts from 0 if it is missing."},
    {.name = "zcard",
     .arity = 2,
     .flags = kReadOnly | kFast,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO)},
     .run = ZCard,
     .group = "sorted-set",
     .syntax = "key",
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Returns the number of elements of a sorted set."},
    {.name = "zscore",
     .arity = 3,
     .flags = kReadOnly | kFast,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZScore,
     .group = "sorted-set",
     .syntax = "key member",
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Returns the score of a member."},
    {.name = "zmscore",
     .arity = -3,
     .flags = kReadOnly | kFast,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZMScore,
     .group = "sorted-set",
     .syntax = "key member [member ...]",
     .since = "6.2.0",
     .complexity = "O(M) for M members",
     .summary = "Returns the scores of several members."},
    {.name = "zrank",
     .arity = -3,
     .flags = kReadOnly | kFast,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZRank,
     .group = "sorted-set",
     .syntax = "key member [WITHSCORE]",
     .since = "2.0.0",
     .history = "7.2.0 Takes WITHSCORE.",
     .complexity = "O(log(N)) for N elements",
     .summary = "Returns the place of a member in ascending order, counted from 0."},
    {.name = "zrevrank",
     .arity = -3,
     .flags = kReadOnly | kFast,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZRevRank,
     .group = "sorted-set",
     .syntax = "key member [WITHSCORE]",
     .since = "2.0.0",
     .history = "7.2.0 Takes WITHSCORE.",
     .complexity = "O(log(N)) for N elements",
     .summary = "Returns the place of a member in descending order, counted from 0."},
    {.name = "zrem",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatSortedSet,
     .keys = {Key1(kRW | kDelete)},
     .run = ZRem,
     .group = "sorted-set",
     .syntax = "key member [member ...]",
     .since = "1.2.0",
     .history = "2.4.0 Takes several members.",
     .complexity = "O(M*log(N)) for M of N members",
     .summary = "Removes members from a sorted set."},
};

}  // namespace

void StoreZSet(Context& c, const Key& key, std::unique_ptr<ZSet> zset, std::string_view event,
               size_t changes) {
  if (EncodingOf(c, *zset) == "listpack") DropMinusZeros(*zset);
  StoreOrDelete(c, key, std::move(zset), NotifyClass::kZSet, event, changes);
}

std::span<const Command> ZSetCommands() { return kCommands; }

}  // namespace larder
