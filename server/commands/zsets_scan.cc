// Sorted sets, parts of them: ZRANDMEMBER, ZSCAN.
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "protocol/errors.h"
#include "server/base/numbers.h"
#include "server/base/random.h"
#include "server/commands/commands.h"
#include "server/commands/sampling.h"
#include "server/commands/scan_options.h"
#include "server/commands/zsets.h"

namespace larder {
namespace {

// `count` different ranks below `size`, by Floyd's algorithm: a step for each of them, however many
// there are to choose from.
std::vector<size_t> DistinctRanks(size_t count, size_t size, Random& random) {
  std::vector<size_t> ranks;
  absl::flat_hash_set<size_t> chosen;
  for (size_t last = size - count; last < size; ++last) {
    const size_t rank = random.Below(last + 1);
    const bool is_new = chosen.insert(rank).second;
    if (!is_new) chosen.insert(last);
    ranks.push_back(is_new ? rank : last);
  }
  return ranks;
}

void WriteSample(Context& c, const ZSet& zset, const SampleSize& sample, bool with_scores) {
  Random& random = ThreadRandom();
  const size_t count = sample.Of(zset.size());
  ScoredArray array(c.reply, count, with_scores);
  const auto add = [&](const BulkView& member, double score) { array.Add(member, score); };
  if (count == zset.size() && sample.distinct) return ForEachIn(zset, {0, count}, add);
  std::vector<size_t> ranks;
  if (sample.distinct) ranks = DistinctRanks(count, zset.size(), random);
  for (size_t i = 0; i < count && !c.output_is_full(); ++i) {
    ForEachIn(zset, {sample.distinct ? ranks[i] : random.Below(zset.size()), 1}, add);
  }
}

void ZRandMember(Context& c) {
  SampleSize sample;
  bool with_scores = false;
  if (!ParseSample(c, "withscores", &sample, &with_scores)) return;
  const ZSet* zset;
  if (!c.Read(c.key(1), &zset)) return;
  if (c.args.size() > 2) {
    if (zset == nullptr) return c.reply.EmptyArray();
    if (!sample.Affordable(c)) return c.reply.Error(errors::kOutOfRange);
    return WriteSample(c, *zset, sample, with_scores);
  }
  if (zset == nullptr) return c.reply.Null();
  c.reply.Bulk(zset->CursorAt(ThreadRandom().Below(zset->size())).member());
}

void ZScan(Context& c) {
  uint64_t cursor;
  if (!ParseScanCursor(c, 2, &cursor)) return;
  const ZSet* zset;
  if (!c.Read(c.key(1), &zset)) return;
  if (zset == nullptr) return EmptyScan(c.reply);
  ScanOptions options;
  if (!ParseScanOptions(c, 3, false, &options)) return;
  ScanReply reply(c.reply);
  size_t replies = 0;
  const bool packed = EncodingOf(c, *zset) == "listpack";
  cursor = zset->Scan(cursor, options.count, packed, [&](const BulkView& member, double score) {
    if (!options.Matches(member.bytes)) return;
    c.reply.Bulk(member);
    char digits[kMaxDoubleLength];
    c.reply.Bulk({digits, packed ? FormatPackedScore(digits, score) : FormatDouble(digits, score)});
    replies += 2;
  });
  reply.End(cursor, replies);
}

constexpr Command kCommands[] = {
    {.name = "zrandmember",
     .arity = -2,
     .flags = kReadOnly,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZRandMember,
     .group = "sorted-set",
     .syntax = "key [options: count [WITHSCORES]]",
     .since = "6.2.0",
     .complexity = "O(M*log(N)) for M of N elements",
     .summary = "Returns members of a sorted set at random.",
     .tips = "nondeterministic_output"},
    {.name = "zscan",
     .arity = -3,
     .flags = kReadOnly,
     .categories = kCatSortedSet,
     .keys = {Key1(kRO | kAccess)},
     .run = ZScan,
     .group = "sorted-set",
     .syntax = "key cursor [MATCH pattern] [COUNT count]",
     .since = "2.8.0",
     .complexity = "O(1) a call, O(N) for a whole iteration over N elements",
     .summary = "Iterates over the members and scores of a sorted set.",
     .tips = "nondeterministic_output"},
};

}  // namespace

std::span<const Command> ZSetScanCommands() { return kCommands; }

}  // namespace larder
