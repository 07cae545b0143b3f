#include "server/store/counted_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace larder {
namespace {

using Element = std::pair<double, std::string>;
using Model = std::set<Element>;

std::vector<Element> Elements(const CountedTree& tree) {
  std::vector<Element> elements;
  for (auto cursor = tree.CursorAt(0); cursor.valid(); cursor.Next()) {
    elements.emplace_back(cursor.score(), cursor.member().bytes);
  }
  return elements;
}

std::vector<Element> ElementsBackwards(const CountedTree& tree) {
  std::vector<Element> elements;
  for (auto cursor = tree.CursorAt(tree.size() - 1); cursor.valid(); cursor.Previous()) {
    elements.emplace_back(cursor.score(), cursor.member().bytes);
  }
  std::reverse(elements.begin(), elements.end());
  return elements;
}

TEST(CountedTree, OrdersByScoreThenMember) {
  CountedTree tree;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  tree.Insert(1, "b");
  tree.Insert(kInfinity, "top");
  tree.Insert(1, "a");
  tree.Insert(-kInfinity, "bottom");
  tree.Insert(-0.0, "zero");
  EXPECT_EQ(Elements(tree),
            (std::vector<Element>{
                {-kInfinity, "bottom"}, {0, "zero"}, {1, "a"}, {1, "b"}, {kInfinity, "top"}}));
  EXPECT_EQ(tree.CountBelow(Bound::Score(1, false)), 2u);
  EXPECT_EQ(tree.CountBelow(Bound::Score(1, true)), 4u);
  EXPECT_EQ(tree.CountBelow(Bound::Before(1, "b")), 3u);
}

TEST(CountedTree, FindsMembersAmongEqualScores) {
  CountedTree tree;
  std::vector<std::string> members;
  for (int i = 0; i < 20'000; ++i) members.push_back("member:" + std::to_string(100'000 + i));
  std::vector<std::string> shuffled = members;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(3));
  for (const std::string& member : shuffled) tree.Insert(5, member);
  for (size_t i = 0; i < members.size(); ++i) {
    ASSERT_EQ(tree.CountBelow(Bound::Before(5, members[i])), i);
    ASSERT_EQ(tree.CountBelow(Bound::Member(members[i], true)), i + 1);
  }
}

TEST(CountedTree, AscendingInsertionsFillTheLeaves) {
  CountedTree tree;
  for (int i = 0; i < 100'000; ++i) tree.Insert(i, "0123456789");
  EXPECT_LT(tree.MemoryBytes(), 100'000u * 24);  // 8 + 1 + 10 + 2 bytes each
}

TEST(CountedTree, CopySeesNoLaterChange) {
  CountedTree tree;
  for (int i = 0; i < 5000; ++i) tree.Insert(i, std::to_string(i));
  const std::vector<Element> before = Elements(tree);
  const CountedTree copy = tree;
  tree.Erase(100, 3000);
  tree.Insert(17.5, "new");
  tree.Move(3, "3", 4321);
  EXPECT_EQ(Elements(copy), before);
}

class CountedTreeModel : public testing::TestWithParam<unsigned> {
 protected:
  Element RandomElement() {
    const double score = static_cast<double>(random_() % 40) - 20;
    const size_t size = random_() % 40 == 0 ? 400 + random_() % 200 : random_() % 12;
    return {score, std::to_string(random_() % 3000) + std::string(size, 'x')};
  }

  Element At(size_t rank) { return *std::next(model_.begin(), static_cast<long>(rank)); }

  void Step() {
    const size_t kind = random_() % 100;
    const Element element = RandomElement();
    const size_t rank = model_.empty() ? 0 : random_() % model_.size();
    if (kind < 60) {
      if (model_.insert(element).second) tree_.Insert(element.first, element.second);
    } else if (model_.empty()) {
      return;
    } else if (kind < 80) {
      const Element old = At(rank);
      // Half of the moves are short.
      const Element moved{random_() % 2 == 0 ? old.first + 1e-9 : element.first, old.second};
      if (model_.contains(moved)) return;
      model_.erase(old);
      model_.insert(moved);
      tree_.Move(old.first, old.second, moved.first);
    } else if (kind < 99) {
      model_.erase(At(rank));
      tree_.Erase(rank, 1);
    } else {
      const size_t count =
          random_() % std::min<size_t>(model_.size() - rank + 1, random_() % 10 == 0 ? 2000 : 300);
      const auto first = std::next(model_.begin(), static_cast<long>(rank));
      model_.erase(first, std::next(first, static_cast<long>(count)));
      tree_.Erase(rank, count);
    }
  }

  std::mt19937 random_{GetParam()};
  CountedTree tree_;
  Model model_;
};

TEST_P(CountedTreeModel, BehavesLikeASetOfPairs) {
  for (int step = 0; step < 15'000; ++step) {
    Step();
    ASSERT_EQ(tree_.size(), model_.size());
    const Element probe = RandomElement();
    const auto place = model_.lower_bound(probe);
    const auto rank = static_cast<size_t>(std::distance(model_.begin(), place));
    ASSERT_EQ(tree_.CountBelow(Bound::Before(probe.first, probe.second)), rank);
    const auto cursor = tree_.CursorAt(rank);
    ASSERT_EQ(cursor.valid(), place != model_.end());
    if (cursor.valid()) {
      ASSERT_EQ(cursor.member().bytes, place->second);
    }
    if (step % 500 != 0) continue;
    const std::vector<Element> expected(model_.begin(), model_.end());
    ASSERT_EQ(Elements(tree_), expected);
    ASSERT_EQ(ElementsBackwards(tree_), expected);
  }
  tree_.Erase(0, tree_.size());
  EXPECT_EQ(tree_.size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CountedTreeModel, testing::Range(1u, 7u));

}  // namespace
}  // namespace larder
