#include "server/store/zset.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/store/size_class.h"

namespace larder {
namespace {

TEST(ZSet, KeepsMembersByScore) {
  ZSet zset;
  EXPECT_TRUE(zset.Set("b", 2));
  EXPECT_TRUE(zset.Set("a", 1));
  EXPECT_FALSE(zset.Set("a", 3));
  EXPECT_EQ(zset.size(), 2u);
  EXPECT_EQ(zset.Score("a"), 3);
  EXPECT_EQ(zset.Rank("a"), 1u);
  EXPECT_EQ(zset.Rank("c"), std::nullopt);
  EXPECT_EQ(zset.CursorAt(0).member().bytes, "b");
  EXPECT_TRUE(zset.Remove("b"));
  EXPECT_FALSE(zset.Remove("b"));
  EXPECT_EQ(zset.size(), 1u);
}

TEST(ZSet, EncodingGoesOneWay) {
  ZSet zset;
  for (int i = 0; i < 128; ++i) zset.Set("m" + std::to_string(i), i);
  EXPECT_EQ(zset.Encoding(128, 64), "listpack");
  zset.Set("one more", 0);
  EXPECT_EQ(zset.Encoding(128, 64), "skiplist");
  zset.Remove("one more");
  EXPECT_EQ(zset.Encoding(128, 64), "skiplist");

  ZSet other;
  other.Set(std::string(64, 'x'), 1);
  EXPECT_EQ(other.Encoding(128, 64), "listpack");
  other.Set(std::string(65, 'x'), 1);
  EXPECT_EQ(other.Encoding(128, 64), "skiplist");
}

TEST(ZSet, ScanVisitsEveryMember) {
  for (const int size : {10, 10'000}) {
    ZSet zset;
    for (int i = 0; i < size; ++i) zset.Set("m" + std::to_string(i), i);
    std::map<std::string, double> seen;
    uint64_t cursor = 0;
    do {
      cursor = zset.Scan(cursor, 10, false, [&](const BulkView& member, double score) {
        seen.emplace(member.bytes, score);
      });
    } while (cursor != 0);
    EXPECT_EQ(seen.size(), static_cast<size_t>(size));
    EXPECT_EQ(seen["m7"], 7);
  }
}

TEST(ZSet, SmallOneIsSmall) {
  ZSet zset;
  for (int i = 0; i < 10; ++i) zset.Set("0123456789" + std::to_string(i), i);
  EXPECT_LE(zset.MemoryBytes(), RoundUpToSizeClass(sizeof(ZSet)) + 256);
}

TEST(ZSet, AtTheLimitOfABlockTheDictIsNotBuiltEachTime) {
  ZSet zset;
  size_t block_alone = 0;
  int members = 0;
  while (zset.MemoryBytes() < block_alone + 1024 || members < 2) {
    block_alone = zset.MemoryBytes();
    ++members;
    zset.Set("member:" + std::to_string(members), members);
  }
  const size_t with_dict = zset.MemoryBytes();
  for (int i = 0; i < 10; ++i) {
    zset.RemoveRange(zset.size() - 1, 1);
    EXPECT_GT(zset.MemoryBytes(), block_alone + 1024) << "it stays";
    zset.Set("member:" + std::to_string(members), members);
    EXPECT_LE(zset.MemoryBytes(), with_dict);
  }
  for (int i = 1; i <= members * 2 / 3; ++i) zset.Remove("member:" + std::to_string(i));
  EXPECT_LE(zset.MemoryBytes(), block_alone) << "there is none any more";
  EXPECT_EQ(zset.Score("member:" + std::to_string(members)), members);
}

// As a snapshot's thread does; the sanitizer build is the judge.
TEST(ZSet, AnotherThreadReadsAndFreesAClone) {
  ZSet zset;
  for (int i = 0; i < 2000; ++i) zset.Set("m" + std::to_string(i), i);
  std::thread reader([clone = zset.Clone()]() mutable {
    double rank = 0;
    for (auto cursor = clone.CursorAt(0); cursor.valid(); cursor.Next()) {
      EXPECT_EQ(cursor.score(), rank++);
    }
    EXPECT_EQ(rank, 2000);
    clone = ZSet();
  });
  for (int i = 0; i < 2000; i += 3) zset.Set("m" + std::to_string(i), -i);
  zset.RemoveRange(500, 500);
  reader.join();
  EXPECT_EQ(zset.size(), 1500u);
}

class ZSetModel : public testing::TestWithParam<unsigned> {
 protected:
  void Check() const {
    std::set<std::pair<double, std::string>> order;
    for (const auto& [member, score] : model_) order.emplace(score, member);
    auto cursor = zset_.CursorAt(0);
    for (const auto& [score, member] : order) {
      ASSERT_TRUE(cursor.valid());
      ASSERT_EQ(cursor.score(), score);
      ASSERT_EQ(cursor.member().bytes, member);
      ASSERT_EQ(zset_.Rank(member), cursor.rank());
      ASSERT_EQ(zset_.Score(member), score);
      cursor.Next();
    }
    ASSERT_FALSE(cursor.valid());
  }

  void Step(bool growing) {
    const std::string member = std::to_string(random_() % 2000);
    const size_t kind = random_() % 100;
    if (kind < (growing ? 80 : 30)) {
      const double score = static_cast<double>(random_() % 1000) / 4;
      ASSERT_EQ(zset_.Set(member, score), model_.insert_or_assign(member, score).second);
    } else if (kind < 99) {
      ASSERT_EQ(zset_.Remove(member), model_.erase(member) == 1);
    } else if (!model_.empty()) {
      const size_t rank = random_() % model_.size();
      const size_t count = random_() % std::min<size_t>(model_.size() - rank + 1, 50);
      auto cursor = zset_.CursorAt(rank);
      for (size_t i = 0; i < count; ++i, cursor.Next()) {
        model_.erase(std::string(cursor.member().bytes));
      }
      zset_.RemoveRange(rank, count);
    }
  }

  std::mt19937 random_{GetParam()};
  ZSet zset_;
  std::map<std::string, double> model_;
};

TEST_P(ZSetModel, BehavesLikeAMap) {
  for (int step = 0; step < 20'000; ++step) {
    Step(step / 5000 % 2 == 0);
    ASSERT_EQ(zset_.size(), model_.size());
    if (step % 1000 == 0) Check();
    if (step == 4000) {
      const ZSet clone = zset_.Clone();
      const size_t size = clone.size();
      zset_.RemoveRange(0, zset_.size());
      model_.clear();
      EXPECT_EQ(clone.size(), size);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ZSetModel, testing::Range(1u, 7u));

TEST(ZSet, MakesRoomAheadForWhatIsSaidToFollow) {
  constexpr size_t kMembers = 50;
  const size_t footprint = PackedBlock::Footprint(PackedBlock::Kind::kScored, 3);
  ZSet zset;
  const auto add = [&](size_t i) {
    zset.AddNew("m" + std::to_string(i + 10), 0.5 * static_cast<double>(i),
                (kMembers - 1 - i) * footprint);
  };
  add(0);
  const size_t bytes = zset.MemoryBytes();
  for (size_t i = 1; i < kMembers; ++i) add(i);
  EXPECT_EQ(zset.MemoryBytes(), bytes);
  EXPECT_EQ(zset.Rank("m59"), kMembers - 1);
}

// However wrong it is, in whichever order they come.
TEST(ZSet, RoomAheadIsAHint) {
  std::mt19937 random(5);
  ZSet zset;
  for (int i = 0; i < 3000; ++i) {
    const std::string member = std::to_string(i) + std::string(random() % 500, 'm');
    zset.AddNew(member, static_cast<double>(random() % 100), random() % 2 == 0 ? SIZE_MAX : 0);
  }
  EXPECT_EQ(zset.size(), 3000u);
  double last = -1;
  for (ZSet::Cursor at = zset.CursorAt(0); at.valid(); at.Next()) {
    EXPECT_LE(last, at.score());
    last = at.score();
  }
}

}  // namespace
}  // namespace larder
