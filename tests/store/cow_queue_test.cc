#include "server/store/cow_queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <vector>

namespace larder {
namespace {

using Queue = CowQueue<std::string>;

Queue Numbers(size_t n) {
  Queue queue;
  for (size_t i = 0; i < n; ++i) queue.Add(std::to_string(i));
  return queue;
}

std::vector<std::string> Contents(const Queue& queue) {
  std::vector<std::string> contents;
  for (const Queue::Item& item : queue) contents.push_back(*item);
  return contents;
}

TEST(CowQueue, MovesNothingWhenOneGoesFromTheFrontUntilHalfHaveGone) {
  Queue queue = Numbers(100);
  const Queue::Item* last = queue.end() - 1;
  for (int i = 0; i < 49; ++i) queue.Remove(0, 1);
  EXPECT_EQ(queue.end() - 1, last);
  EXPECT_EQ(queue.front(), "49");
  queue.Remove(0, 1);
  EXPECT_EQ(queue.end() - queue.begin(), 50);
  EXPECT_LT(queue.end(), last);
  EXPECT_EQ(queue.front(), "50");
}

TEST(CowQueue, OneIsWithinTheObject) {
  Queue queue = Numbers(1);
  for (int i = 0; i < 100; ++i) {
    queue.Remove(0, 1);
    EXPECT_TRUE(queue.empty());
    queue.Add("again");
  }
  EXPECT_EQ(queue.PlaceBytes(), 0u);
}

TEST(CowQueue, ACopySharesWhatIsThereAndKeepsIt) {
  Queue queue = Numbers(100);
  queue.Remove(0, 30);
  const Queue copy = queue;
  EXPECT_EQ(copy.size(), 70u);
  EXPECT_EQ(&copy[5], &queue[5]);
  EXPECT_LT(copy.PlaceBytes(), queue.PlaceBytes());
  queue.Mutable(5) = "other";
  queue.Remove(0, 5);
  EXPECT_EQ(queue.front(), "other");
  EXPECT_EQ(copy[5], "35");
  const Queue moved = std::move(queue);
  EXPECT_EQ(moved.size(), 65u);
}

TEST(CowQueue, HoldsWhatADequeHolds) {
  std::mt19937 random(3);
  Queue queue;
  std::deque<std::string> model;
  for (int step = 0; step < 20000; ++step) {
    if (random() % 5 < 2 || model.empty()) {
      model.push_back(std::to_string(step));
      queue.Add(std::to_string(step));
    } else {
      const size_t first = random() % 2 == 0 ? 0 : random() % model.size();
      const size_t n = random() % 50 == 0 ? random() % (model.size() - first) : 1;
      queue.Remove(first, n);
      const auto begin = model.begin() + static_cast<std::ptrdiff_t>(first);
      model.erase(begin, begin + static_cast<std::ptrdiff_t>(n));
    }
    if (random() % 1000 == 0) {
      for (int i = 0; i < 500; ++i) {
        model.push_back(std::to_string(i));
        queue.Add(std::to_string(i));
      }
    }
    ASSERT_EQ(queue.size(), model.size());
    if (step % 20 == 0) {
      ASSERT_EQ(Contents(queue), std::vector<std::string>(model.begin(), model.end()));
    }
  }
}

}  // namespace
}  // namespace larder
