#include "server/engine/gate.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace larder {
namespace {

TEST(Gate, TurnsAwayWhileItIsClosed) {
  Gate gate;
  Gate::Slot& slot = gate.AddSlot();
  EXPECT_TRUE(gate.Enter(slot));
  EXPECT_TRUE(slot.inside());
  gate.Leave(slot);
  gate.Close();
  EXPECT_TRUE(gate.closed());
  EXPECT_GT(gate.closed_since_us(), 0);
  EXPECT_FALSE(gate.Enter(slot));
  EXPECT_FALSE(slot.inside());
  gate.Open();
  EXPECT_TRUE(gate.Enter(slot));
  gate.Leave(slot);
}

TEST(Gate, CallsBackThoseItTurnedAway) {
  Gate gate;
  int calls = 0;
  gate.OnOpen([&] { ++calls; });
  Gate::Slot& slot = gate.AddSlot();
  gate.Close();
  gate.Open();
  EXPECT_EQ(calls, 0);
  gate.Close();
  EXPECT_FALSE(gate.Enter(slot));
  gate.Open();
  EXPECT_EQ(calls, 1);
}

TEST(Gate, WhoeverClosedItIsAlone) {
  Gate gate;
  int64_t shared = 0;  // written outside any lock: ThreadSanitizer watches
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&gate, &shared, t] {
      Gate::Slot& slot = gate.AddSlot();
      for (int i = 0; i < 2000; ++i) {
        gate.EnterWaiting(slot);
        if (i % 50 == t) {
          GateClosed closed(gate, slot);
          ++shared;
        }
        gate.Leave(slot);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(shared, 4 * 40);
}

TEST(Gate, WaitForBatchesReturnsWhenThoseInsideHaveLeft) {
  Gate gate;
  Gate::Slot& slot = gate.AddSlot();
  ASSERT_TRUE(gate.Enter(slot));
  std::thread waiter([&] { gate.WaitForBatches(); });
  gate.Leave(slot);
  waiter.join();
}

}  // namespace
}  // namespace larder
