#include "server/net/held_output.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(HeldOutput, HoldsNothingAtFirst) {
  HeldOutput held;
  EXPECT_TRUE(held.empty());
  EXPECT_EQ(held.free(100), 100u);
}

TEST(HeldOutput, FreesUpToTheLastMarkThatIsSafe) {
  HeldOutput held;
  held.Hold(10, 1000);
  held.Hold(20, 2000);
  held.Hold(30, 2000);
  EXPECT_EQ(held.free(30), 0u);
  EXPECT_FALSE(held.Free(999));
  EXPECT_TRUE(held.Free(1000));
  EXPECT_EQ(held.free(30), 10u);
  held.DropFront(10);  // was sent
  EXPECT_EQ(held.free(20), 0u);
  EXPECT_TRUE(held.Free(5000));
  EXPECT_EQ(held.free(20), 20u);
  EXPECT_TRUE(held.empty());
}

TEST(HeldOutput, WhatIsMoreThanItTellsApartWaitsForTheLast) {
  HeldOutput held;
  for (size_t i = 1; i <= 200; ++i) held.Hold(i, i);
  EXPECT_TRUE(held.Free(63));
  EXPECT_EQ(held.free(200), 63u);
  EXPECT_FALSE(held.Free(199));
  EXPECT_TRUE(held.Free(200));
  EXPECT_EQ(held.free(200), 200u);
}

}  // namespace
}  // namespace larder
