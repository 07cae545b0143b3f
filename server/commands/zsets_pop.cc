// Sorted sets, taking from an end: ZPOPMIN, ZPOPMAX, ZMPOP, and BZPOPMIN, BZPOPMAX, BZMPOP, which
// wait for an element.
#include <algorithm>

#include "server/commands/blocking.h"
#include "server/commands/commands.h"
#include "server/commands/counts.h"
#include "server/commands/pop_request.h"
#include "server/commands/zsets.h"

namespace larder {
namespace {

enum class End : uint8_t { kMin, kMax };

// The `count` elements at an end, in the order in which they are popped.
RankRange AtEnd(const ZSet& zset, End end, size_t count) {
  count = std::min(count, zset.size());
  return {end == End::kMin ? 0 : zset.size() - count, count, end == End::kMax};
}

// Removes what has been answered.
void RemoveRange(Context& c, const Key& key, ZSet& zset, End end, const RankRange& range) {
  zset.RemoveRange(range.first, range.count);
  c.Changed(key, NotifyClass::kZSet, end == End::kMin ? "zpopmin" : "zpopmax", range.count);
  c.RemoveIfEmpty(key, zset);
}

void Pop(Context& c, End end) {
  if (c.args.size() > 3) return c.SyntaxError();
  const bool with_count = c.args.size() == 3;
  int64_t count = 1;
  if (with_count && !ParseNotNegative(c, 2, &count)) return;
  const Key key = c.key(1);
  ZSet* zset;
  if (!c.Write(key, &zset)) return;
  if (zset == nullptr || count == 0) return c.reply.EmptyArray();
  const RankRange range = AtEnd(*zset, end, static_cast<size_t>(count));
  // Without a count the one element is a flat pair in RESP3 as well.
  const bool nested = with_count && c.reply.resp() == 3;
  c.reply.Array(nested ? range.count : 2 * range.count);
  ForEachIn(*zset, range, [&](const BulkView& member, double score) {
    if (nested) c.reply.Array(2);
    c.reply.Bulk(member);
    c.reply.Double(score);
  });
  RemoveRange(c, key, *zset, end, range);
}

void ZPopMin(Context& c) { Pop(c, End::kMin); }
void ZPopMax(Context& c) { Pop(c, End::kMax); }

// Answers the key and its elements for the first key that has some. False, with nothing answered,
// where none has; true also after WRONGTYPE was answered.
bool PopFromFirst(Context& c, const PopRequest& request, bool nested) {
  for (size_t i = request.first_key; i < request.first_key + request.keys; ++i) {
    const Key key = c.key(i);
    ZSet* zset;
    if (!c.Write(key, &zset)) return true;
    if (zset == nullptr) continue;
    const End end = request.from_last ? End::kMax : End::kMin;
    const std::string_view word = end == End::kMax ? "ZPOPMAX" : "ZPOPMIN";
    const RankRange range = AtEnd(*zset, end, request.count);
    c.reply.Array(nested ? 2 : 1 + 2 * range.count);
    c.reply.Bulk(c.args[i]);
    if (nested) c.reply.Array(range.count);
    ForEachIn(*zset, range, [&](const BulkView& member, double score) {
      if (nested) c.reply.Array(2);
      c.reply.Bulk(member);
      c.reply.Double(score);
    });
    nested ? c.ReplicateAs(word, key.name, range.count) : c.ReplicateAs(word, key.name);
    RemoveRange(c, key, *zset, end, range);
    return true;
  }
  return false;
}

void ZMPop(Context& c) {
  PopRequest request;
  if (!ParsePopRequest(c, 1, "min", "max", &request)) return;
  if (!PopFromFirst(c, request, true)) c.reply.NullArray();
}

void PopOrWait(Context& c, End end) {
  const size_t keys = c.args.size() - 2;
  int64_t timeout_ms;
  if (!ParseTimeout(c, keys + 1, &timeout_ms)) return;
  if (PopFromFirst(c, {1, keys, end == End::kMax, 1}, false)) return;
  WaitForKeys(c, 1, keys, ValueType::kZSet, timeout_ms);
}

void BZPopMin(Context& c) { PopOrWait(c, End::kMin); }
void BZPopMax(Context& c) { PopOrWait(c, End::kMax); }

void BZMPop(Context& c) {
  PopRequest request;
  int64_t timeout_ms;
  if (!ParsePopRequest(c, 2, "min", "max", &request)) return;
  if (!ParseTimeout(c, 1, &timeout_ms)) return;
  if (PopFromFirst(c, request, true)) return;
  WaitForKeys(c, request.first_key, request.keys, ValueType::kZSet, timeout_ms);
}

constexpr Command kCommands[] = {
    {.name = "zpopmin",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatSortedSet,
     .keys = {Key1(kRW | kAccess | kDelete)},
     .run = ZPopMin,
     .group = "sorted-set",
     .syntax = "key [count]",
     .since = "5.0.0",
     .complexity = "O(M*log(N)) for M of N elements",
     .summary = "Removes the elements with the lowest scores and returns them."},
    {.name = "zpopmax",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatSortedSet,
     .keys = {Key1(kRW | kAccess | kDelete)},
     .run = ZPopMax,
     .group = "sorted-set",
     .syntax = "key [count]",
     .since = "5.0.0",
     .complexity = "O(M*log(N)) for M of N elements",
     .summary = "Removes the elements with the highest scores and returns them."},
    {.name = "zmpop",
     .arity = -4,
     .flags = kWrite,
     .categories = kCatSortedSet,
     .keys = {KeyCount(1, kRW | kAccess | kDelete)},
     .run = ZMPop,
     .group = "sorted-set",
     .syntax = "numkeys key [key ...] <where: MIN | MAX> [COUNT count]",
     .since = "7.0.0",
     .complexity = "O(K+M*log(N)) for K keys and M of N elements",
     .summary = "Removes elements from the first of some sorted sets that is not empty."},
    {.name = "bzpopmin",
     .arity = -3,
     .flags = kWrite | kNoScript | kBlocking | kFast,
     .categories = kCatSortedSet,
     .keys = {Keys(1, -2, 1, kRW | kAccess | kDelete)},
     .run = BZPopMin,
     .group = "sorted-set",
     .syntax = "key [key ...] timeout(double)",
     .since = "5.0.0",
     .history = "6.0.0 The timeout may be a fraction of a second.",
     .complexity = "O(K+log(N)) for K keys and N elements",
     .summary = "Removes and returns the element with the lowest score, or waits for one."},
    {.name = "bzpopmax",
     .arity = -3,
     .flags = kWrite | kNoScript | kBlocking | kFast,
     .categories = kCatSortedSet,
     .keys = {Keys(1, -2, 1, kRW | kAccess | kDelete)},
     .run = BZPopMax,
     .group = "sorted-set",
     .syntax = "key [key ...] timeout(double)",
     .since = "5.0.0",
     .history = "6.0.0 The timeout may be a fraction of a second.",
     .complexity = "O(K+log(N)) for K keys and N elements",
     .summary = "Removes and returns the element with the highest score, or waits for one."},
    {.name = "bzmpop",
     .arity = -5,
     .flags = kWrite | kBlocking,
     .categories = kCatSortedSet,
     .keys = {KeyCount(2, kRW | kAccess | kDelete)},
     .run = BZMPop,
     .group = "sorted-set",
     .syntax = "timeout(double) numkeys key [key ...] <where: MIN | MAX> [COUNT count]",
     .since = "7.0.0",
     .complexity = "O(K+M*log(N)) for K keys and M of N elements",
     .summary = "Removes elements from some sorted sets as ZMPOP does, or waits for one."},
};

}  // namespace

std::span<const Command> ZSetPopCommands() { return kCommands; }

}  // namespace larder
