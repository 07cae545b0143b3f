#include "server/base/clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace larder {
namespace {

TEST(Clock, WallUnitsAgree) {
  int64_t ms = WallMs(), us = WallUs();
  EXPECT_NEAR(static_cast<double>(us) / 1000, static_cast<double>(ms), 1000);
  EXPECT_GT(ms, 1'600'000'000'000);
}

TEST(Clock, MonotonicTimeNeverGoesBack) {
  int64_t last = MonotonicNs();
  for (int i = 0; i < 1000; ++i) {
    int64_t now = MonotonicNs();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(Clock, CyclesMeasureRealTime) {
  int64_t start_us = MonotonicUs();
  uint64_t start = CycleCount();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  int64_t by_cycles = CyclesToUs(CycleCount() - start);
  int64_t by_clock = MonotonicUs() - start_us;
  EXPECT_NEAR(static_cast<double>(by_cycles), static_cast<double>(by_clock),
              static_cast<double>(by_clock) * 0.05);
}

}  // namespace
}  // namespace larder
