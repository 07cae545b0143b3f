// What the files of the sorted set commands share.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "server/engine/context.h"
#include "server/store/zset.h"

namespace larder {

// Elements [first, first + count) in ascending order; `reverse`: to be walked from the last one.
struct RankRange {
  size_t first = 0;
  size_t count = 0;
  bool reverse = false;
};

// Calls visit(const BulkView& member, double score) for each of them.
template <typename Visit>
void ForEachIn(const ZSet& zset, const RankRange& range, Visit visit) {
  if (range.count == 0) return;
  ZSet::Cursor cursor = zset.CursorAt(range.reverse ? range.first + range.count - 1 : range.first);
  for (size_t i = 0; i < range.count; ++i) {
    visit(cursor.member(), cursor.score());
    range.reverse ? cursor.Previous() : cursor.Next();
  }
}

// Writes an array of members. With scores they are pairs in RESP3, and one flat array in RESP2.
class ScoredArray {
 public:
  ScoredArray(Reply& reply, size_t count, bool with_scores)
      : reply_(reply), with_scores_(with_scores), nested_(with_scores && reply.resp() == 3) {
    reply_.Array(with_scores && !nested_ ? count * 2 : count);
  }
  void Add(const BulkView& member, double score) {
    if (nested_) reply_.Array(2);
    reply_.Bulk(member);
    if (with_scores_) reply_.Double(score);
  }

 private:
  Reply& reply_;
  const bool with_scores_;
  const bool nested_;
};

struct ZAddOptions {
  bool nx = false;    // only new members
  bool xx = false;    // only members that are there
  bool gt = false;    // only to a greater score
  bool lt = false;    // only to a lower score
  bool ch = false;    // answer the number of changed members
  bool incr = false;  // add to the score, and answer it
};
using ZAddScores = absl::InlinedVector<double, 8>;

// "listpack" or "skiplist", by the limits of now.
std::string_view EncodingOf(const Context& c, const ZSet& zset);

// Stores a score. A listpack of Redis knows no minus zero.
void SetScore(const Context& c, ZSet& zset, std::string_view member, double score);

// Adds to the sorted set at word 1 and answers, as ZADD. The members are words `first`, `first` +
// `step` and so on, each with its score.
void AddToZSet(Context& c, const ZAddOptions& options, ZAddScores& scores, size_t first,
               size_t step);

// Puts a sorted set that a command built in the place of whatever the key held, or deletes the key
// when it is empty, and answers its size. `event` names the command.
void StoreZSet(Context& c, const Key& key, std::unique_ptr<ZSet> zset, std::string_view event,
               size_t changes = 1);

}  // namespace larder
