// CountedTree: the order side of a sorted set, a B+-tree of (score, member) in which every node
// knows how many elements lie below each child. Hence a rank, the element at a rank, the number of
// elements below a bound and the removal of a range all cost O(log n), in both directions.
//
// Leaves are packed blocks, in order; the elements are ordered by score, then by the bytes of the
// member. Nothing is stored twice: an inner node finds its way by the smallest score of each child
// and, among equal scores, by looking at the child's first element.
//
// No lock of its own: the caller holds the lock of the shard that owns the tree. Copying a tree
// shares all nodes; a later change copies the nodes on one path. Views are valid until the tree
// changes. REQUIRES of every change: the bytes given do not lie in this tree. A score is never NaN.
//
// Invariants: only the root may be an empty leaf; an inner root has two children or more; every
// Subtree's count and min_score are those of its elements; bytes_ is the memory of all nodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/blob.h"
#include "server/store/cow_ptr.h"
#include "server/store/packed_block.h"

namespace larder {

// A place between two elements: in front of those it is compared with, or behind them.
struct Bound {
  bool by_score = true;  // false: by member alone, which is an order only if all scores are equal
  bool by_member = true;
  double score = 0;
  std::string_view member;
  bool behind = false;  // behind the elements that are equal to score and member

  static Bound Score(double score, bool behind) { return {true, false, score, {}, behind}; }
  static Bound Member(std::string_view member, bool behind) {
    return {false, true, 0, member, behind};
  }
  static Bound Before(double score, std::string_view member) {
    return {true, true, score, member, false};
  }

  // True when the element (score, member) lies in front of this place.
  bool IsBehind(double element_score, std::string_view element_member) const {
    if (by_score && element_score != score) return element_score < score;
    if (by_member && element_member != member) return element_member < member;
    return behind;
  }
};

class CountedTree {
 public:
  // Measured (bench/micro/zset_bench.cc): smaller leaves make more misses, larger ones longer
  // moves.
  static constexpr size_t kLeafBytes = 2 * 1024;
  static constexpr size_t kFanout = 64;

  // An element's place, which moves both ways. Invalid once the tree changes.
  class Cursor {
   public:
    bool valid() const { return rank_ < tree_->size(); }
    size_t rank() const { return rank_; }
    // REQUIRES of all: valid().
    BulkView member() const { return leaf_->At(offset_); }
    double score() const { return leaf_->ScoreAt(offset_); }
    void Next() { MoveTo(rank_ + 1, offset_ + 1); }
    // From the first element to an invalid place.
    void Previous() { MoveTo(rank_ - 1, offset_ - 1); }

   private:
    friend class CountedTree;
    Cursor(const CountedTree* tree, size_t rank) : tree_(tree), rank_(rank) { Descend(); }
    void MoveTo(size_t rank, size_t offset);
    void Descend();

    const CountedTree* tree_;
    size_t rank_;
    const PackedBlock* leaf_ = nullptr;
    size_t offset_ = 0;
  };

  CountedTree();

  size_t size() const { return root_.count; }
  // True when all elements lie in one block.
  bool is_leaf() const { return std::holds_alternative<PackedBlock>(root_.node); }
  // True when half a block would do.
  bool is_sparse() const {
    return is_leaf() && std::get<PackedBlock>(root_.node).used_bytes() <= kLeafBytes / 2;
  }
  // Bytes of heap as the allocator rounds them, from a count that is kept; nodes shared with a copy
  // count in full.
  size_t MemoryBytes() const { return bytes_; }

  // The number of elements in front of a place: the rank of the first one behind it.
  size_t CountBelow(const Bound& bound) const;
  // The element with this rank, counted from 0; an invalid cursor for a rank out of range.
  Cursor CursorAt(size_t rank) const { return Cursor(this, rank); }

  // `more`: Footprints of what will be inserted next, which the leaf gets room for at once. A hint.
  // REQUIRES: the pair is not in the tree.
  void Insert(double score, std::string_view member, size_t more = 0);
  // Gives an element another score. REQUIRES: the pair is in the tree.
  void Move(double score, std::string_view member, double new_score);
  // Removes `count` elements from `rank` on. REQUIRES: rank + count <= size().
  void Erase(size_t rank, size_t count);

 private:
  struct Inner;
  struct Subtree {
    std::variant<PackedBlock, CowPtr<Inner>> node;
    size_t count = 0;
    double min_score = 0;
  };
  struct Inner {
    std::vector<Subtree> children;
  };

  static Subtree MakeInner(Inner inner);
  static bool FirstIsBelow(const Subtree& tree, const Bound& bound);
  static size_t ChildFor(const Inner& inner, const Bound& bound);
  static size_t CountBelow(const PackedBlock& leaf, const Bound& bound);
  static size_t PlaceFor(const PackedBlock& leaf, const Bound& bound);
  std::optional<Subtree> Insert(Subtree& tree, double score, std::string_view member, size_t more);
  std::optional<Subtree> InsertInLeaf(Subtree& tree, double score, std::string_view member,
                                      size_t more);
  bool MoveInLeaf(Subtree& tree, const Bound& from, double new_score);
  void Erase(Subtree& tree, size_t rank, size_t count);
  void EraseChildren(std::vector<Subtree>& children, size_t rank, size_t count);
  void Join(std::vector<Subtree>& children, size_t left);
  static void Refresh(Subtree& tree);
  // Of the node alone, and of everything from it downwards.
  static size_t NodeBytes(const Subtree& tree);
  static size_t TreeBytes(const Subtree& tree);
  // Counts what happens to a node's own memory in a scope, in which it may be copied as well.
  class NodeChange;

  size_t bytes_ = 0;
  Subtree root_;
};

}  // namespace larder
