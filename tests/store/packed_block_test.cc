#include "server/store/packed_block.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace larder {
namespace {

using Kind = PackedBlock::Kind;

std::vector<std::string> Elements(const PackedBlock& block) {
  std::vector<std::string> elements;
  for (size_t i = 0; i < block.count(); ++i) elements.emplace_back(block.At(i).bytes);
  return elements;
}

TEST(PackedBlock, KeepsElementsOfEveryLengthInOrder) {
  PackedBlock block(Kind::kPlain);
  const std::vector<std::string> elements = {"",
                                             "a",
                                             std::string(63, 'b'),
                                             std::string(64, 'c'),
                                             std::string(2048, 'd'),
                                             std::string(2049, 'e'),
                                             std::string(100'000, 'f')};
  for (const std::string& element : elements) block.Insert(block.count(), element);
  EXPECT_EQ(Elements(block), elements);
  EXPECT_EQ(block.At(5).blob, nullptr);
  EXPECT_NE(block.At(6).blob, nullptr);
  EXPECT_GT(block.MemoryBytes(), 102'000u);
}

TEST(PackedBlock, SmallBlockIsExactlySized) {
  PackedBlock block(Kind::kPlain);
  for (int i = 0; i < 10; ++i) block.Insert(block.count(), "0123456789");
  EXPECT_LE(block.MemoryBytes(), 160u);  // 10 x 13 bytes and a header of 16
}

TEST(PackedBlock, CopySeesNoLaterChange) {
  PackedBlock block(Kind::kScored);
  block.Insert(0, "one", 1);
  block.Insert(1, std::string(5000, 'x'), 2);
  const PackedBlock copy = block;
  block.SetScore(0, 7);
  block.Erase(1);
  block.Insert(1, "three", 3);
  EXPECT_EQ(copy.ScoreAt(0), 1);
  EXPECT_EQ(copy.At(1).bytes.size(), 5000u);
  EXPECT_EQ(block.ScoreAt(0), 7);
  EXPECT_EQ(block.At(1).bytes, "three");
}

TEST(PackedBlock, SplitsAndJoins) {
  PackedBlock block(Kind::kPlain);
  for (const char* element : {"a", "b", "c", "d"}) block.Insert(block.count(), element);
  PackedBlock tail = block.SplitTail(1);
  EXPECT_EQ(Elements(block), (std::vector<std::string>{"a"}));
  EXPECT_EQ(Elements(tail), (std::vector<std::string>{"b", "c", "d"}));
  tail.Append(block);
  EXPECT_EQ(Elements(tail), (std::vector<std::string>{"b", "c", "d", "a"}));
}

TEST(PackedBlock, ShrinksWhenMostIsErased) {
  PackedBlock block(Kind::kPlain);
  for (int i = 0; i < 300; ++i) block.Insert(block.count(), "0123456789");
  block.Erase(0, 290);
  EXPECT_LE(block.MemoryBytes(), 512u);
  EXPECT_EQ(block.count(), 10u);
}

TEST(PackedBlock, BehavesLikeAVectorOfStrings) {
  std::mt19937 random(7);
  PackedBlock block(Kind::kPlain);
  std::vector<std::string> model;
  std::vector<std::pair<PackedBlock, std::vector<std::string>>> copies;
  for (int step = 0; step < 20'000; ++step) {
    const size_t at = random() % (model.size() + 1);
    const size_t size = random() % 50 == 0 ? random() % 4000 : random() % 90;
    std::string element(size, static_cast<char>('a' + random() % 26));
    const bool fits = block.used_bytes() + PackedBlock::Footprint(Kind::kPlain, size) <= 8 * 1024;
    if (fits && random() % 100 < 55) {
      block.Insert(at, element);
      model.insert(model.begin() + static_cast<long>(at), element);
    } else if (at < model.size()) {
      const size_t n = 1 + random() % std::min<size_t>(3, model.size() - at);
      block.Erase(at, n);
      model.erase(model.begin() + static_cast<long>(at), model.begin() + static_cast<long>(at + n));
    }
    if (step % 1000 == 0) copies.emplace_back(block, model);
    if (step % 50 == 0) {
      ASSERT_EQ(Elements(block), model);
    }
  }
  for (const auto& [copy, expected] : copies) EXPECT_EQ(Elements(copy), expected);
}

}  // namespace
}  // namespace larder
