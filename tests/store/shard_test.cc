#include "server/store/shard.h"

#include <gtest/gtest.h>

#include <string>

#include "server/base/hash.h"

namespace larder {
namespace {

constexpr int64_t kNow = 1800000000000;

class ShardTest : public testing::Test {
 protected:
  Entry* Add(const std::string& key, int64_t expiry_ms = Entry::kNoExpiry) {
    Entry* entry = Entry::NewString(key, "v", StringEncoding::kEmbstr, expiry_ms);
    shard_.Insert(0, entry, HashBytes(key));
    return entry;
  }
  Entry* Find(const std::string& key) { return shard_.Find(0, key, HashBytes(key)); }

  SliceDirectory directory_{16, 1};
  SnapshotMemory snapshot_memory_;
  Shard shard_{directory_, 0, snapshot_memory_};
};

TEST_F(ShardTest, CountsEntriesWithAnExpiryThroughEveryChange) {
  Entry* entry = Add("k");
  EXPECT_EQ(shard_.slice(0).expiry.entries(), 0u);
  entry = shard_.SetExpiry(0, entry, kNow, HashBytes("k"));
  EXPECT_EQ(shard_.slice(0).expiry.entries(), 1u);
  EXPECT_EQ(Find("k"), entry);
  entry = shard_.SetExpiry(0, entry, kNow + 5, HashBytes("k"));
  EXPECT_EQ(shard_.slice(0).expiry.entries(), 1u);
  entry = shard_.SetExpiry(0, entry, Entry::kNoExpiry, HashBytes("k"));
  EXPECT_EQ(shard_.slice(0).expiry.entries(), 0u);
  entry = shard_.SetExpiry(0, entry, kNow, HashBytes("k"));
  Entry::Free(shard_.Remove(0, entry, HashBytes("k")));
  EXPECT_EQ(shard_.slice(0).expiry.entries(), 0u);
}

TEST_F(ShardTest, AnExpiryThatMovesOnLeavesOneRecord) {
  Entry* entry = Add("session", kNow);
  for (int i = 1; i < 1000; ++i) {
    entry = shard_.SetExpiry(0, entry, kNow + i * 1000, HashBytes("session"));
  }
  EXPECT_LE(shard_.slice(0).expiry.MemoryBytes(), 64u);
}

TEST_F(ShardTest, StaleRecordsAreSweptOut) {
  for (int i = 0; i < 10000; ++i) {
    Entry::Free(
        shard_.Remove(0, Add("k" + std::to_string(i), kNow), HashBytes("k" + std::to_string(i))));
  }
  EXPECT_LE(shard_.slice(0).expiry.MemoryBytes(), 4096u);
}

TEST_F(ShardTest, SwappedSlicesKeepTheirWatchersByNumber) {
  Add("k");
  auto watch = std::make_shared<KeyWatch>();
  shard_.slice(0).watchers["k"].insert(watch);
  shard_.SwapSlices(0, 1);
  EXPECT_EQ(Find("k"), nullptr);
  EXPECT_NE(shard_.Find(1, "k", HashBytes("k")), nullptr);
  EXPECT_EQ(shard_.slice(0).watchers.count("k"), 1u);
  shard_.TouchWatchers(0, "k", KeyFate::kStays);
  EXPECT_TRUE(watch->changed);
}

TEST_F(ShardTest, WhatWasExpiredAtWatchGoesWithoutAChange) {
  auto watch = std::make_shared<KeyWatch>();
  watch->expired = true;
  shard_.slice(0).watchers["k"].insert(watch);
  shard_.TouchWatchers(0, "k", KeyFate::kGoes);
  EXPECT_FALSE(watch->changed);
  shard_.TouchWatchers(0, "k", KeyFate::kGoes);  // something else that had come
  EXPECT_TRUE(watch->changed);
}

}  // namespace
}  // namespace larder
