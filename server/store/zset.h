// ZSet: a sorted set, members with scores. The order lies in a CountedTree. While that is a single
// block a member is found by walking it; beyond, a Dict from members to scores answers.
//
// No lock of its own: the caller holds the lock of the shard that owns the sorted set. A clone
// shares blocks, and a later change copies only what it touches. Views and cursors are valid until
// the sorted set changes. REQUIRES of every change: the bytes given do not lie in this sorted set;
// no score is NaN.
//
// Invariant: the dict holds every member or nothing: every one when the tree has more than one
// block, nothing when half a block would do. In between it stays as it is, so that who adds and
// removes by turns does not have it built each time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "protocol/blob.h"
#include "server/store/counted_tree.h"
#include "server/store/dict.h"

namespace larder {

class ZSet {
 public:
  using Cursor = CountedTree::Cursor;
  using Visitor = absl::FunctionRef<void(const BulkView& member, double score)>;

  size_t size() const { return tree_.size(); }
  bool empty() const { return size() == 0; }
  // Bytes of heap and of this object, from counts that are kept.
  size_t MemoryBytes() const;
  ZSet Clone() const;

  std::optional<double> Score(std::string_view member) const;
  // The member's place in ascending order, from 0.
  std::optional<size_t> Rank(std::string_view member) const;
  // The number of elements in front of a place.
  size_t CountBelow(const Bound& bound) const { return tree_.CountBelow(bound); }
  // Walks in both directions from a rank; invalid where the rank is out of range.
  Cursor CursorAt(size_t rank) const { return tree_.CursorAt(rank); }

  // Adds the member or changes its score; true when it is new. Minus zero is a score of its own.
  bool Set(std::string_view member, double score);
  // The same without a look for the member. `more`: as CountedTree::Insert. REQUIRES: it is not
  // there.
  void AddNew(std::string_view member, double score, size_t more = 0);
  // False when the member is not there.
  bool Remove(std::string_view member);
  // Removes `count` elements from `rank` on. REQUIRES: rank + count <= size().
  void RemoveRange(size_t rank, size_t count);

  // Visits some elements and returns the cursor to go on from, 0 at the end; see Dict::Scan. A
  // small sorted set is visited whole, in order, and a larger one where that is wanted.
  uint64_t Scan(uint64_t cursor, size_t count, bool whole, Visitor visit) const;

  // What OBJECT ENCODING answers under these limits (zset-max-listpack-entries and -value):
  // "listpack" or "skiplist". As in Redis a sorted set that once exceeded them stays a skiplist.
  std::string_view Encoding(size_t max_entries, size_t max_member_bytes) const;
  // From now on it is a skiplist whatever the limits.
  void Unpack() { most_entries_ = UINT32_MAX; }

 private:
  struct Element {
    size_t rank;
    double score;
  };

  // REQUIRES: no dict.
  std::optional<Element> FindInBlock(std::string_view member) const;
  std::optional<Element> Find(std::string_view member) const;
  void SetInDict(std::string_view member, double score);
  // Restores the invariant after the tree has changed.
  void AdjustDict();

  CountedTree tree_;
  Dict scores_{Dict::Kind::kMap};
  // Up to 2^32 - 1: more is as large for every limit.
  uint32_t most_entries_ = 0;          // that it ever had
  uint32_t longest_member_bytes_ = 0;  // that was ever added
};
static_assert(sizeof(ZSet) == 56);

}  // namespace larder
