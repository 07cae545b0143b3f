#include "server/store/list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace larder {
namespace {

using End = List::End;
using Model = std::deque<std::string>;

Model Elements(const List& list) {
  Model elements;
  for (auto cursor = list.CursorAt(0); cursor.valid(); cursor.Next()) {
    elements.emplace_back((*cursor).bytes);
  }
  return elements;
}

Model ElementsBackwards(const List& list) {
  Model elements;
  for (auto cursor = list.CursorAt(list.size() - 1); cursor.valid(); cursor.Previous()) {
    elements.emplace_front((*cursor).bytes);
  }
  return elements;
}

TEST(List, PushesAndPopsAtBothEnds) {
  List list;
  list.Push(End::kBack, "b");
  list.Push(End::kFront, "a");
  list.Push(End::kBack, "c");
  EXPECT_EQ(list.size(), 3u);
  EXPECT_EQ(list.Peek(End::kFront).bytes, "a");
  EXPECT_EQ(list.Peek(End::kBack).bytes, "c");
  list.Pop(End::kFront);
  list.Pop(End::kBack);
  EXPECT_EQ(Elements(list), Model{"b"});
}

TEST(List, SmallListIsOneSmallBlock) {
  List list;
  for (int i = 0; i < 10; ++i) list.Push(End::kBack, "0123456789");
  EXPECT_LE(list.MemoryBytes(), 208u);
}

TEST(List, QueueOfLargeElementsHandsOutBlobs) {
  List list;
  for (int i = 0; i < 100; ++i) list.Push(End::kFront, std::string(20'000, 'x'));
  EXPECT_NE(list.At(50).blob, nullptr);
  EXPECT_EQ(list.At(50).bytes.size(), 20'000u);
}

TEST(List, FindsFromBothEnds) {
  List list;
  for (const char* element : {"a", "b", "c", "1", "2", "3", "c", "c"}) {
    list.Push(End::kBack, element);
  }
  std::vector<size_t> found;
  const auto all = [&](size_t index) {
    found.push_back(index);
    return true;
  };
  list.Find("c", End::kFront, 0, all);
  EXPECT_EQ(found, (std::vector<size_t>{2, 6, 7}));
  found.clear();
  list.Find("c", End::kBack, 2, all);
  EXPECT_EQ(found, (std::vector<size_t>{7, 6}));
}

TEST(List, CopySeesNoLaterChange) {
  List list;
  for (int i = 0; i < 5000; ++i) list.Push(End::kBack, std::to_string(i));
  const List copy = list;
  list.RemoveRange(10, 4000);
  list.Push(End::kFront, "new");
  list.Set(3, "changed");
  ASSERT_EQ(copy.size(), 5000u);
  for (size_t i = 0; i < 5000; ++i) ASSERT_EQ(copy.At(i).bytes, std::to_string(i));
}

size_t RemoveEqual(Model& model, const std::string& element, End from, size_t limit) {
  size_t removed = 0;
  if (from == End::kBack) std::reverse(model.begin(), model.end());
  std::erase_if(model, [&](const std::string& each) {
    if (each != element || (limit != 0 && removed == limit)) return false;
    ++removed;
    return true;
  });
  if (from == End::kBack) std::reverse(model.begin(), model.end());
  return removed;
}

class ListModel : public testing::TestWithParam<unsigned> {
 protected:
  std::string RandomElement() {
    const size_t kind = random_() % 100;
    if (kind < 60) return std::to_string(random_() % 100);
    if (kind < 97) return std::string(random_() % 700, 'm');
    return std::string(random_() % 6000, 'l');
  }

  void Step() {
    const End end = random_() % 2 == 0 ? End::kFront : End::kBack;
    const size_t index = model_.empty() ? 0 : random_() % model_.size();
    const auto at = model_.begin() + static_cast<long>(index);
    const std::string element = RandomElement();
    const size_t kind = random_() % 100;
    if (kind < 45) {
      list_.Push(end, element);
      end == End::kFront ? model_.push_front(element) : model_.push_back(element);
    } else if (kind < 60) {
      list_.Insert(index, element);
      model_.insert(at, element);
    } else if (model_.empty()) {
      return;
    } else if (kind < 80) {
      list_.Pop(end);
      end == End::kFront ? model_.pop_front() : model_.pop_back();
    } else if (kind < 95) {
      list_.Set(index, element);
      *at = element;
    } else if (kind < 98) {
      const size_t limit = random_() % 5;
      ASSERT_EQ(list_.RemoveEqual(element, end, limit), RemoveEqual(model_, element, end, limit));
    } else {
      const size_t count = random_() % std::min<size_t>(model_.size() - index + 1, 60);
      list_.RemoveRange(index, count);
      model_.erase(at, at + static_cast<long>(count));
    }
  }

  std::mt19937 random_{GetParam()};
  List list_;
  Model model_;
};

TEST_P(ListModel, BehavesLikeADeque) {
  for (int step = 0; step < 20'000; ++step) {
    Step();
    ASSERT_EQ(list_.size(), model_.size());
    if (!model_.empty()) {
      const size_t index = random_() % model_.size();
      ASSERT_EQ(list_.At(index).bytes, model_[index]);
    }
    if (step % 500 != 0) continue;
    ASSERT_EQ(Elements(list_), model_);
    ASSERT_EQ(ElementsBackwards(list_), model_);
  }
  list_.RemoveRange(0, list_.size());
  EXPECT_TRUE(list_.empty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, ListModel, testing::Range(1u, 9u));

TEST(List, MakesRoomAheadForWhatIsSaidToFollow) {
  constexpr size_t kElements = 2000;
  const size_t footprint = PackedBlock::Footprint(PackedBlock::Kind::kPlain, 4);
  List list;
  std::set<size_t> sizes;
  for (size_t i = 0; i < kElements; ++i) {
    list.Push(List::End::kBack, "sku" + std::to_string(i % 10), (kElements - 1 - i) * footprint);
    sizes.insert(list.MemoryBytes());
  }
  // It grows by whole blocks, and by the directory that holds them.
  EXPECT_LE(sizes.size(), 4u);
  EXPECT_EQ(list.size(), kElements);
  EXPECT_EQ(list.At(kElements - 1).bytes, "sku9");
}

}  // namespace
}  // namespace larder
