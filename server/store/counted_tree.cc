#include "server/store/counted_tree.h"

#include <algorithm>
#include <utility>

#include "server/base/check.h"
#include "server/store/partition_point.h"
#include "server/store/size_class.h"

namespace larder {

namespace {

constexpr auto kScored = PackedBlock::Kind::kScored;

// Where to split a block, so that both parts have about the same number of bytes.
size_t MiddleOf(const PackedBlock& block) {
  size_t bytes = 0;
  for (size_t i = 0; i < block.count(); ++i) {
    bytes += PackedBlock::Footprint(kScored, block.At(i).bytes.size());
    if (bytes >= block.used_bytes() / 2) return i;
  }
  return block.count();
}

}  // namespace

class CountedTree::NodeChange {
 public:
  NodeChange(CountedTree& owner, const Subtree& tree) : owner_(owner), tree_(tree) {
    owner_.bytes_ -= NodeBytes(tree_);
  }
  ~NodeChange() { owner_.bytes_ += NodeBytes(tree_); }
  NodeChange(const NodeChange&) = delete;
  NodeChange& operator=(const NodeChange&) = delete;

 private:
  CountedTree& owner_;
  const Subtree& tree_;
};

CountedTree::CountedTree() : root_{PackedBlock(kScored)} { bytes_ = NodeBytes(root_); }

size_t CountedTree::CountBelow(const PackedBlock& leaf, const Bound& bound) {
  return PartitionPoint(
      leaf.count(), [&](size_t i) { return bound.IsBehind(leaf.ScoreAt(i), leaf.At(i).bytes); });
}

// The same, and at once for a place behind all: many sorted sets are filled in their order.
size_t CountedTree::PlaceFor(const PackedBlock& leaf, const Bound& bound) {
  const size_t count = leaf.count();
  const bool last = count > 0 && bound.IsBehind(leaf.ScoreAt(count - 1), leaf.At(count - 1).bytes);
  return last ? count : CountBelow(leaf, bound);
}

bool CountedTree::FirstIsBelow(const Subtree& tree, const Bound& bound) {
  if (bound.by_score && tree.min_score != bound.score) return tree.min_score < bound.score;
  const Subtree* first = &tree;
  while (const auto* inner = std::get_if<CowPtr<Inner>>(&first->node)) {
    first = &(*inner)->children.front();
  }
  const auto& leaf = std::get<PackedBlock>(first->node);
  return bound.IsBehind(leaf.ScoreAt(0), leaf.At(0).bytes);
}

// The child in which the bound lies: the last one that begins in front of it.
size_t CountedTree::ChildFor(const Inner& inner, const Bound& bound) {
  const size_t below = PartitionPoint(
      inner.children.size(), [&](size_t i) { return FirstIsBelow(inner.children[i], bound); });
  return below == 0 ? 0 : below - 1;
}

size_t CountedTree::CountBelow(const Bound& bound) const {
  size_t below = 0;
  const Subtree* tree = &root_;
  while (const auto* inner = std::get_if<CowPtr<Inner>>(&tree->node)) {
    const size_t child = ChildFor(**inner, bound);
    for (size_t i = 0; i < child; ++i) below += (*inner)->children[i].count;
    tree = &(*inner)->children[child];
  }
  return below + CountBelow(std::get<PackedBlock>(tree->node), bound);
}

void CountedTree::Cursor::MoveTo(size_t rank, size_t offset) {
  rank_ = rank;
  offset_ = offset;
  if (offset_ >= leaf_->count()) Descend();  // before the first wraps around to a huge offset
}

void CountedTree::Cursor::Descend() {
  if (!valid()) return;
  const Subtree* tree = &tree_->root_;
  offset_ = rank_;
  while (const auto* inner = std::get_if<CowPtr<Inner>>(&tree->node)) {
    tree = &(*inner)->children.front();
    while (offset_ >= tree->count) offset_ -= (tree++)->count;
  }
  leaf_ = &std::get<PackedBlock>(tree->node);
}

void CountedTree::Refresh(Subtree& tree) {
  if (const auto* leaf = std::get_if<PackedBlock>(&tree.node)) {
    tree.count = leaf->count();
    if (tree.count > 0) tree.min_score = leaf->ScoreAt(0);
    return;
  }
  const std::vector<Subtree>& children = std::get<CowPtr<Inner>>(tree.node)->children;
  tree.count = 0;
  for (const Subtree& child : children) tree.count += child.count;
  if (!children.empty()) tree.min_score = children.front().min_score;
}

CountedTree::Subtree CountedTree::MakeInner(Inner inner) {
  Subtree tree{CowPtr<Inner>(std::move(inner))};
  Refresh(tree);
  return tree;
}

void CountedTree::Insert(double score, std::string_view member, size_t more) {
  std::optional<Subtree> right = Insert(root_, score, member, more);
  if (!right) return;
  Inner inner;
  inner.children.push_back(std::move(root_));
  inner.children.push_back(*std::move(right));
  root_ = MakeInner(std::move(inner));
  bytes_ += NodeBytes(root_);
}

// Inserts below `tree`; when it had to be split, returns what now follows it.
std::optional<CountedTree::Subtree> CountedTree::Insert(Subtree& tree, double score,
                                                        std::string_view member, size_t more) {
  if (std::holds_alternative<PackedBlock>(tree.node)) {
    return InsertInLeaf(tree, score, member, more);
  }
  const NodeChange change(*this, tree);
  std::vector<Subtree>& children = std::get<CowPtr<Inner>>(tree.node).Mutable().children;
  const size_t at = ChildFor(*std::get<CowPtr<Inner>>(tree.node), Bound::Before(score, member));
  std::optional<Subtree> new_child = Insert(children[at], score, member, more);
  ++tree.count;
  tree.min_score = children.front().min_score;
  if (!new_child) return std::nullopt;

  const bool last = at + 1 == children.size();
  children.insert(children.begin() + static_cast<std::ptrdiff_t>(at) + 1, *std::move(new_child));
  if (children.size() <= kFanout) return std::nullopt;
  // Ascending insertions leave full nodes behind them.
  const auto middle = children.begin() + static_cast<std::ptrdiff_t>(last ? kFanout : kFanout / 2);
  Inner right;
  right.children.assign(std::make_move_iterator(middle), std::make_move_iterator(children.end()));
  children.erase(middle, children.end());
  Refresh(tree);
  Subtree sibling = MakeInner(std::move(right));
  bytes_ += NodeBytes(sibling);
  return sibling;
}

std::optional<CountedTree::Subtree> CountedTree::InsertInLeaf(Subtree& tree, double score,
                                                              std::string_view member,
                                                              size_t more) {
  const NodeChange change(*this, tree);
  const auto insert = [&](PackedBlock& block, size_t i) {
    block.Insert(i, member, score, block.RoomAhead(member.size(), more, kLeafBytes));
  };
  auto& leaf = std::get<PackedBlock>(tree.node);
  const size_t at = PlaceFor(leaf, Bound::Before(score, member));
  const size_t footprint = PackedBlock::Footprint(kScored, member.size());
  if (leaf.used_bytes() + footprint <= kLeafBytes) {
    insert(leaf, at);
    Refresh(tree);
    return std::nullopt;
  }
  const size_t middle = at == leaf.count() ? at : MiddleOf(leaf);
  Subtree right{leaf.SplitTail(middle)};
  if (at <= middle && middle < tree.count) {
    insert(leaf, at);
  } else {
    insert(std::get<PackedBlock>(right.node), at - middle);
  }
  Refresh(tree);
  Refresh(right);
  bytes_ += NodeBytes(right);
  return right;
}

void CountedTree::Move(double score, std::string_view member, double new_score) {
  const Bound from = Bound::Before(score, member);
  if (MoveInLeaf(root_, from, new_score)) return;
  Erase(CountBelow(from), 1);
  Insert(new_score, member);
}

// The cheap case: the element stays between the same neighbours, within one leaf.
bool CountedTree::MoveInLeaf(Subtree& tree, const Bound& from, double new_score) {
  const NodeChange change(*this, tree);
  if (auto* inner = std::get_if<CowPtr<Inner>>(&tree.node)) {
    // An element that begins a child lies just behind the bound, hence in the next child: not here.
    return MoveInLeaf(inner->Mutable().children[ChildFor(**inner, from)], from, new_score);
  }
  auto& leaf = std::get<PackedBlock>(tree.node);
  const size_t at = CountBelow(leaf, from);
  if (at == 0 || at + 1 >= leaf.count()) return false;
  const Bound to = Bound::Before(new_score, from.member);
  if (!to.IsBehind(leaf.ScoreAt(at - 1), leaf.At(at - 1).bytes)) return false;
  if (to.IsBehind(leaf.ScoreAt(at + 1), leaf.At(at + 1).bytes)) return false;
  leaf.SetScore(at, new_score);
  return true;
}

void CountedTree::Erase(size_t rank, size_t count) {
  CHECK(rank + count <= size());
  if (count == size()) {
    *this = CountedTree();
    return;
  }
  Erase(root_, rank, count);
  for (;;) {
    const auto* inner = std::get_if<CowPtr<Inner>>(&root_.node);
    if (inner == nullptr || (*inner)->children.size() > 1) return;
    bytes_ -= NodeBytes(root_);
    Subtree only = (*inner)->children.front();
    root_ = std::move(only);
  }
}

// REQUIRES: something of `tree` remains.
void CountedTree::Erase(Subtree& tree, size_t rank, size_t count) {
  if (count == 0) return;
  const NodeChange change(*this, tree);
  if (auto* leaf = std::get_if<PackedBlock>(&tree.node)) {
    leaf->Erase(rank, count);
  } else {
    EraseChildren(std::get<CowPtr<Inner>>(tree.node).Mutable().children, rank, count);
  }
  Refresh(tree);
}

void CountedTree::EraseChildren(std::vector<Subtree>& children, size_t rank, size_t count) {
  size_t at = 0;
  while (rank >= children[at].count) rank -= children[at++].count;
  const size_t touched = at;
  size_t gone_first = at;
  size_t gone_last = at;
  for (; count > 0; ++at, rank = 0) {
    const size_t part = std::min(count, children[at].count - rank);
    count -= part;
    if (part == children[at].count) {
      if (gone_first == gone_last) gone_first = at;
      gone_last = at + 1;
      bytes_ -= TreeBytes(children[at]);
    } else {
      Erase(children[at], rank, part);
    }
  }
  children.erase(children.begin() + static_cast<std::ptrdiff_t>(gone_first),
                 children.begin() + static_cast<std::ptrdiff_t>(gone_last));
  Join(children, touched);
  if (touched > 0) Join(children, touched - 1);
}

// Joins a child with its right neighbour where both together are at most half full.
void CountedTree::Join(std::vector<Subtree>& children, size_t left) {
  if (left + 1 >= children.size()) return;
  Subtree& a = children[left];
  const Subtree& b = children[left + 1];
  if (auto* leaf = std::get_if<PackedBlock>(&a.node)) {
    const auto& next = std::get<PackedBlock>(b.node);
    if (leaf->used_bytes() + next.used_bytes() > kLeafBytes / 2) return;
    const NodeChange change(*this, a);
    leaf->Append(next);
  } else {
    const std::vector<Subtree>& next = std::get<CowPtr<Inner>>(b.node)->children;
    const size_t total = std::get<CowPtr<Inner>>(a.node)->children.size() + next.size();
    if (total > kFanout / 2) return;
    const NodeChange change(*this, a);
    std::vector<Subtree>& joined = std::get<CowPtr<Inner>>(a.node).Mutable().children;
    joined.insert(joined.end(), next.begin(), next.end());
  }
  bytes_ -= NodeBytes(b);
  children.erase(children.begin() + static_cast<std::ptrdiff_t>(left) + 1);
  Refresh(children[left]);
}

size_t CountedTree::NodeBytes(const Subtree& tree) {
  if (const auto* leaf = std::get_if<PackedBlock>(&tree.node)) return leaf->MemoryBytes();
  const std::vector<Subtree>& children = std::get<CowPtr<Inner>>(tree.node)->children;
  return RoundUpToSizeClass(sizeof(Inner) + sizeof(void*)) +
         RoundUpToSizeClass(children.capacity() * sizeof(Subtree));
}

size_t CountedTree::TreeBytes(const Subtree& tree) {
  size_t bytes = NodeBytes(tree);
  if (const auto* inner = std::get_if<CowPtr<Inner>>(&tree.node)) {
    for (const Subtree& child : (*inner)->children) bytes += TreeBytes(child);
  }
  return bytes;
}

}  // namespace larder
