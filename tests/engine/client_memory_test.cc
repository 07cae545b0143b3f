#include "server/engine/client_memory.h"

#include <gtest/gtest.h>

#include "server/config/settings.h"
#include "server/engine/client.h"
#include "server/engine/client_registry.h"
#include "server/engine/stats.h"

namespace larder {
namespace {

class NoLoop : public Mailbox {
 private:
  void Wake() override {}
};

class Memory : public testing::Test {
 protected:
  static constexpr int64_t kLimit = 1 << 20;

  Memory() {
    settings_.maxmemory_clients.Set(kLimit);
    for (Client* client : {&small_, &large_}) {
      registry_.Add(*client);
      Holds(*client, 1000);
    }
  }

  void Holds(Client& client, int64_t output) {
    client.output_bytes = static_cast<uint64_t>(output);
    memory_.Count(client);
  }

  void Evict() { memory_.Evict(registry_, settings_, stats_); }

  Settings settings_;
  WorkerStats stats_{0};
  ClientRegistry registry_;
  ClientMemory memory_;
  NoLoop loop_;
  Client small_{1, &loop_}, large_{2, &loop_};
};

TEST_F(Memory, TheLargestGoes) {
  EXPECT_FALSE(memory_.Exceeded(settings_));
  Holds(large_, kLimit);
  EXPECT_TRUE(memory_.Exceeded(settings_));
  Evict();
  EXPECT_FALSE(memory_.Exceeded(settings_));
  EXPECT_EQ(stats_.evicted_clients.value(), 1u);
  EXPECT_NE(large_.leaving_bytes, 0);
  EXPECT_EQ(small_.leaving_bytes, 0);
}

TEST_F(Memory, WhatWhoGoesStillGetsIsNotForOthersToMakeRoomFor) {
  Holds(large_, kLimit);
  Evict();
  Holds(large_, 64 * kLimit);  // the reply of what it ran when it was evicted
  EXPECT_FALSE(memory_.Exceeded(settings_));
  Evict();
  EXPECT_EQ(stats_.evicted_clients.value(), 1u);
  Holds(large_, 0);
  Holds(small_, kLimit);
  EXPECT_TRUE(memory_.Exceeded(settings_)) << "nor have they more room when it holds less";
}

TEST_F(Memory, WhoHasGoneIsForgottenWithAllOfIt) {
  Holds(large_, kLimit);
  Evict();
  Holds(large_, 2 * kLimit);
  registry_.Remove(large_);
  memory_.Forget(large_);
  EXPECT_EQ(memory_.total(), static_cast<size_t>(small_.counted_bytes.load()));
  Holds(small_, kLimit);
  EXPECT_TRUE(memory_.Exceeded(settings_));
}

}  // namespace
}  // namespace larder
