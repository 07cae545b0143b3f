#include "server/store/reclaimer.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "server/base/clock.h"
#include "server/store/entry.h"

namespace larder {
namespace {

TEST(Reclaimer, WhoHelpsLeavesNoMoreThanWasAskedFor) {
  constexpr size_t kEntries = 20'000, kBytes = 1000;
  const std::string value(kBytes, 'v');
  Reclaimer reclaimer;
  for (size_t i = 0; i < kEntries; ++i) {
    reclaimer.Free(Entry::NewString("key", value, StringEncoding::kRaw, Entry::kNoExpiry), kBytes);
  }
  reclaimer.Help(100 * kBytes);
  EXPECT_LE(reclaimer.pending_bytes(), 100 * kBytes);
  reclaimer.Help(0);
  EXPECT_LE(reclaimer.pending(), 1u) << "but for what its thread is at";
  EXPECT_GE(reclaimer.freed(), kEntries - 1);
}

TEST(Reclaimer, GoesOnWhenWhoHelpsWasFaster) {
  constexpr uint64_t kEntries = 50'000;
  Reclaimer reclaimer;
  auto free_one = [&reclaimer] {
    reclaimer.Free(Entry::NewString("key", "value", StringEncoding::kRaw, Entry::kNoExpiry), 5);
  };
  for (uint64_t i = 0; i < kEntries; ++i) {
    free_one();
    reclaimer.Help(0);
  }
  free_one();
  const int64_t deadline_ms = MonotonicMs() + 10'000;
  while (reclaimer.freed() <= kEntries && MonotonicMs() < deadline_ms) std::this_thread::yield();
  EXPECT_EQ(reclaimer.freed(), kEntries + 1);
}

}  // namespace
}  // namespace larder
