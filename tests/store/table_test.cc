#include "server/store/table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "server/base/hash.h"

namespace larder {
namespace {

class TableTest : public testing::Test {
 protected:
  ~TableTest() override {
    Table::FreeContents(table_.Release());
    for (void* array : retired_) std::free(array);
  }

  void Add(const std::string& key) {
    table_.Insert(Entry::NewString(key, "v", StringEncoding::kEmbstr, Entry::kNoExpiry),
                  HashBytes(key), retired_);
  }
  Entry* Find(const std::string& key) { return table_.Find(key, HashBytes(key)); }
  void Drop(const std::string& key) {
    Entry* entry = Find(key);
    table_.Remove(entry, HashBytes(key), retired_);
    Entry::Free(entry);
  }
  static std::string Name(int i) { return "key:" + std::to_string(i); }

  Table table_;
  Table::Retired retired_;
};

TEST_F(TableTest, AnEmptyTableFindsNothing) {
  EXPECT_EQ(Find("a"), nullptr);
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_EQ(table_.buckets(), 0u);
}

TEST_F(TableTest, FindsWhatWasInsertedThroughEveryGrowth) {
  for (int i = 0; i < 5000; ++i) Add(Name(i));
  EXPECT_EQ(table_.size(), 5000u);
  for (int i = 0; i < 5000; ++i) {
    ASSERT_NE(Find(Name(i)), nullptr) << i;
    EXPECT_EQ(Find(Name(i))->key(), Name(i));
  }
  EXPECT_EQ(Find("key:5000"), nullptr);
}

TEST_F(TableTest, RemovalLeavesNoGapThatHidesOthers) {
  for (int i = 0; i < 3000; ++i) Add(Name(i));
  for (int i = 0; i < 3000; i += 3) Drop(Name(i));
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(Find(Name(i)) != nullptr, i % 3 != 0) << i;
  for (int i = 1; i < 3000; i += 3) Drop(Name(i));
  for (int i = 2; i < 3000; i += 3) EXPECT_NE(Find(Name(i)), nullptr) << i;
  EXPECT_EQ(table_.size(), 1000u);
}

TEST_F(TableTest, RemovalKeepsOthersFoundInATableOfMoreBucketsThanTagsTellApart) {
  constexpr int kKeys = 57'000;  // 7/8 of 65,536: as full as it gets
  for (int i = 0; i < kKeys; ++i) Add(Name(i));
  for (int i = 0; i < kKeys; i += 2) Drop(Name(i));
  for (int i = 0; i < kKeys; ++i) ASSERT_EQ(Find(Name(i)) != nullptr, i % 2 != 0) << i;
}

TEST_F(TableTest, GrowsWhereTooManyEntriesHaveOneHome) {
  for (int i = 0; i < 1800; ++i) Add(Name(i));
  ASSERT_EQ(table_.buckets(), 4096u);
  // Their true hashes are seen when the table grows.
  for (int i = 1800; i < 2900; ++i) {
    table_.Insert(Entry::NewString(Name(i), "v", StringEncoding::kEmbstr, Entry::kNoExpiry),
                  HashBytes(Name(2900)), retired_);
    if (table_.buckets() > 4096) break;
  }
  EXPECT_EQ(table_.buckets(), 8192u);
  for (int i = 0; i < 1800; ++i) EXPECT_NE(Find(Name(i)), nullptr) << i;
}

TEST_F(TableTest, DoesNotGrowWhereRoomWasReserved) {
  Add("before");
  table_.Reserve(896, retired_);
  EXPECT_EQ(table_.buckets(), 1024u);
  EXPECT_NE(Find("before"), nullptr);
  for (int i = 1; i < 896; ++i) Add(Name(i));
  EXPECT_EQ(table_.buckets(), 1024u);
  table_.Reserve(10, retired_);
  EXPECT_EQ(table_.buckets(), 1024u) << "it never shrinks";
}

TEST_F(TableTest, GivesRoomBackWhenItEmpties) {
  for (int i = 0; i < 4000; ++i) Add(Name(i));
  const size_t most = table_.buckets();
  for (int i = 0; i < 3990; ++i) Drop(Name(i));
  EXPECT_LT(table_.buckets(), most / 8);
  for (int i = 3990; i < 4000; ++i) EXPECT_NE(Find(Name(i)), nullptr);
}

TEST_F(TableTest, ScanMissesNothingThatStaysWhileTheTableGrowsAndShrinks) {
  for (int i = 0; i < 500; ++i) Add(Name(i));
  std::set<std::string> seen;
  uint64_t position = 0;
  int step = 0;
  do {
    position = table_.Scan(position, 10, [&](const Entry* entry) { seen.emplace(entry->key()); });
    if (++step < 10) {
      for (int i = 0; i < 400; ++i) Add("more:" + std::to_string(step) + ":" + std::to_string(i));
    } else if (step < 19) {
      for (int i = 0; i < 400; ++i)
        Drop("more:" + std::to_string(step - 9) + ":" + std::to_string(i));
    }
  } while (position != 0);
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(seen.contains(Name(i))) << i;
}

TEST_F(TableTest, ScanVisitsEachEntryOnceWhenNothingChanges) {
  for (int i = 0; i < 1000; ++i) Add(Name(i));
  size_t visits = 0;
  uint64_t position = 0;
  do {
    position = table_.Scan(position, 7, [&](const Entry*) { ++visits; });
    EXPECT_LT(position, uint64_t{1} << Table::kPositionBits);
  } while (position != 0);
  EXPECT_EQ(visits, 1000u);
}

TEST_F(TableTest, FindsTheEntryOfAHashTop) {
  for (int i = 0; i < 1000; ++i) Add(Name(i));
  for (int i = 0; i < 1000; ++i) {
    const auto top = static_cast<uint32_t>(HashBytes(Name(i)) >> 32);
    EXPECT_TRUE(table_.FindByHashTop(
        top, [&](const Entry* entry, uint64_t) { return entry->key() == Name(i); }));
  }
}

TEST_F(TableTest, RandomReachesEveryEntry) {
  for (int i = 0; i < 20; ++i) Add(Name(i));
  std::set<std::string> seen;
  for (uint64_t i = 0; i < 4000; ++i) seen.emplace(table_.Random(HashBytes(Name(int(i))))->key());
  EXPECT_EQ(seen.size(), 20u);
}

}  // namespace
}  // namespace larder
