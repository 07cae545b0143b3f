#include "server/engine/key_lock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace larder {
namespace {

bool IsFree(Mutex& mutex) {
  if (!mutex.TryLock()) return false;
  mutex.Unlock();
  return true;
}

TEST(KeyLock, TakesEachShardOnceWhenKeysCollide) {
  Keyspace keyspace(1);
  KeyLock lock(keyspace);
  const std::vector<uint64_t> hashes = {5, 5 + Keyspace::kShards, 3, 5, 3};
  ASSERT_TRUE(lock.Lock(hashes));
  EXPECT_TRUE(lock.Covers(3));
  EXPECT_TRUE(lock.Covers(5));
  EXPECT_FALSE(lock.Covers(4));
  EXPECT_EQ(&lock.shard(5), &keyspace.shard(5));
}

TEST(KeyLock, RefusesMoreShardsThanItMayHold) {
  Keyspace keyspace(1);
  std::vector<uint64_t> hashes;
  for (uint64_t i = 0; i < KeyLock::kMostShards + 1; ++i) hashes.push_back(i);
  KeyLock lock(keyspace);
  EXPECT_FALSE(lock.Lock(hashes));
  hashes.pop_back();
  EXPECT_TRUE(lock.Lock(hashes));
}

TEST(KeyLock, ExclusiveCoversEverythingWithoutLocking) {
  Keyspace keyspace(1);
  KeyLock lock(keyspace, KeyLock::Exclusive());
  EXPECT_TRUE(lock.Covers(1000));
  EXPECT_TRUE(IsFree(keyspace.shard(1000).mutex()));
}

TEST(KeyLock, OppositeOrdersDoNotDeadlock) {
  Keyspace keyspace(1);
  int64_t shared = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::vector<uint64_t> hashes = {1, 2, 3, 900};
      if (t % 2 == 1) std::reverse(hashes.begin(), hashes.end());
      for (int i = 0; i < 1000; ++i) {
        KeyLock lock(keyspace);
        ASSERT_TRUE(lock.Lock(hashes));
        ++shared;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(shared, 4000);
}

TEST(KeyLock, VisitHoldsOneShardAtATime) {
  Keyspace keyspace(1);
  KeyLock lock(keyspace);
  lock.Visit(7);
  EXPECT_TRUE(lock.Covers(7));
  lock.Visit(8);
  EXPECT_FALSE(lock.Covers(7));
  EXPECT_TRUE(IsFree(keyspace.shard(7).mutex()));
}

}  // namespace
}  // namespace larder
