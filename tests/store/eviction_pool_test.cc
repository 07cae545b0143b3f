#include "server/store/eviction_pool.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "server/base/hash.h"

namespace larder {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

class EvictionPoolTest : public testing::Test {
 protected:
  Entry* Add(const std::string& key, int64_t expiry_ms, uint32_t access) {
    Entry* entry = Entry::NewString(key, "value", StringEncoding::kEmbstr, expiry_ms);
    entry->set_access(access);
    shard_.Insert(0, entry, HashBytes(key));
    entries_[HashBytes(key)] = entry;
    return entry;
  }
  Entry* EntryOf(const EvictionPool::Candidate& candidate) { return entries_.at(candidate.hash); }
  EvictionRules Rules(EvictionPolicy policy, size_t samples) {
    return {policy, samples, {10, 1}, kNowMs};
  }

  // 1000 keys; key n was last used n seconds ago, has been used 255 - n % 200 times as LFU counts,
  // and, when odd, expires in n minutes.
  void Fill(bool lfu) {
    for (uint32_t n = 0; n < 1000; ++n) {
      const uint32_t access = lfu ? LfuAccess(static_cast<uint8_t>(255 - n % 200), kNowMs)
                                  : LruAccess(kNowMs - n * 1000);
      Add("key:" + std::to_string(n), n % 2 == 1 ? kNowMs + n * 60'000 : Entry::kNoExpiry, access);
    }
  }

  SliceDirectory directory_{1, 1};
  SnapshotMemory snapshot_memory_;
  Shard shard_{directory_, 0, snapshot_memory_};
  std::map<uint64_t, Entry*> entries_;
  EvictionPool pool_;
  Random random_{7};
};

TEST_F(EvictionPoolTest, KeepsTheBestOfAllItHasSeen) {
  Fill(false);
  const EvictionRules rules = Rules(EvictionPolicy::kAllkeysLru, 1000);
  EXPECT_EQ(pool_.Sample(shard_.slice(0), 0, rules, random_), 1000u);
  EXPECT_EQ(pool_.Sample(shard_.slice(0), 0, rules, random_), 1000u) << "each candidate once";
  for (uint64_t score = 999; score > 999 - EvictionPool::kMost; --score) {
    ASSERT_FALSE(pool_.empty());
    EXPECT_EQ(pool_.TakeBest().score, score);
  }
  EXPECT_TRUE(pool_.empty());
}

// What the samples are for: evicting from some keys in a row leaves mostly those used lately.
TEST_F(EvictionPoolTest, FiveSamplesComeNearToExactLru) {
  Fill(false);
  const EvictionRules rules = Rules(EvictionPolicy::kAllkeysLru, 5);
  uint64_t idle_s = 0;
  for (int i = 0; i < 500; ++i) {
    pool_.Sample(shard_.slice(0), 0, rules, random_);
    const EvictionPool::Candidate best = pool_.TakeBest();
    idle_s += best.score;
    Entry::Free(shard_.Remove(0, EntryOf(best), best.hash));
  }
  EXPECT_GT(idle_s / 500, 650u) << "750 would be exact, 500 random";
}

TEST_F(EvictionPoolTest, MoreSamplesComeNearer) {
  Fill(false);
  uint64_t before_s = 0;
  for (const size_t samples : {1, 10, 100}) {
    const EvictionRules rules = Rules(EvictionPolicy::kAllkeysLru, samples);
    uint64_t idle_s = 0;
    for (int i = 0; i < 200; ++i) {  // nothing goes, so that each finds the same
      EXPECT_EQ(pool_.Sample(shard_.slice(0), 0, rules, random_), samples);
      idle_s += pool_.TakeBest().score;
      pool_.Clear();
    }
    EXPECT_GT(idle_s / 200, before_s + 50) << samples;
    before_s = idle_s / 200;
  }
}

TEST_F(EvictionPoolTest, LfuPrefersWhatIsUsedSeldom) {
  Fill(true);
  pool_.Sample(shard_.slice(0), 0, Rules(EvictionPolicy::kAllkeysLfu, 1000), random_);
  EXPECT_EQ(pool_.TakeBest().score, 199u);
}

TEST_F(EvictionPoolTest, VolatilePoliciesSeeOnlyKeysWithAnExpiry) {
  Fill(false);
  for (const EvictionPolicy policy :
       {EvictionPolicy::kVolatileLru, EvictionPolicy::kVolatileLfu, EvictionPolicy::kVolatileRandom,
        EvictionPolicy::kVolatileTtl}) {
    const EvictionRules rules = Rules(policy, 50);
    EXPECT_EQ(EvictionPool::Eligible(shard_.slice(0), rules), 500u);
    for (int i = 0; i < 100; ++i) {
      pool_.Sample(shard_.slice(0), 0, rules, random_);
      ASSERT_TRUE(EntryOf(pool_.TakeBest())->has_expiry());
    }
    pool_.Clear();
  }
}

TEST_F(EvictionPoolTest, TtlTakesWhatExpiresFirst) {
  Fill(false);
  pool_.Sample(shard_.slice(0), 0, Rules(EvictionPolicy::kVolatileTtl, 5), random_);
  EXPECT_EQ(EntryOf(pool_.TakeBest())->key(), "key:1");
}

TEST_F(EvictionPoolTest, TtlDropsTheRecordsOfWhatIsGone) {
  Fill(false);
  std::vector<Entry*> gone;
  for (const auto& [hash, entry] : entries_) {
    if (entry->has_expiry() && entry->expiry_ms() < kNowMs + 900 * 60'000) gone.push_back(entry);
  }
  for (Entry* entry : gone) {
    Entry::Free(shard_.Drop(0, entry, HashBytes(entry->key())));
  }
  pool_.Sample(shard_.slice(0), 0, Rules(EvictionPolicy::kVolatileTtl, 5), random_);
  EXPECT_EQ(EntryOf(pool_.TakeBest())->key(), "key:901");
  const ExpiryIndex& index = shard_.slice(0).expiry;
  EXPECT_EQ(index.next_tick(), ExpiryIndex::TickOf(kNowMs + 901 * 60'000));
}

TEST_F(EvictionPoolTest, SamplesOfASmallTableAreAllItHas) {
  Add("a", Entry::kNoExpiry, 0);
  Add("b", Entry::kNoExpiry, 0);
  EXPECT_EQ(pool_.Sample(shard_.slice(0), 0, Rules(EvictionPolicy::kAllkeysRandom, 5), random_),
            2u);
}

}  // namespace
}  // namespace larder
