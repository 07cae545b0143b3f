#include "server/store/access.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

// Uses until the counter shows `counter`, on average over some keys.
double UsesUntil(uint8_t counter, const LfuRules& rules) {
  constexpr int kKeys = 400;
  Random random(7);
  int64_t uses = 0;
  for (int key = 0; key < kKeys; ++key) {
    uint32_t access = LfuAccess(kLfuStart, kNowMs);
    for (; (access & 0xff) < counter; ++uses) access = LfuUsed(access, kNowMs, rules, random);
  }
  return static_cast<double>(uses) / kKeys;
}

TEST(Access, IdleTimeSurvivesTheEndOf24Bits) {
  const uint32_t access = LruAccess(kNowMs);
  EXPECT_EQ(IdleSeconds(access, kNowMs + 999), 0u);
  EXPECT_EQ(IdleSeconds(access, kNowMs + 5000), 5u);
  const int64_t wrap_ms = ((kNowMs / 1000 | 0xffffff) + 1) * 1000;
  EXPECT_EQ(IdleSeconds(LruAccess(wrap_ms - 3000), wrap_ms + 4000), 7u);
}

// From counter c the next step takes (c - 5) * factor + 1 uses on average.
TEST(Access, TheCounterGrowsByTheStatedProbabilities) {
  EXPECT_NEAR(UsesUntil(6, {10, 1}), 1, 0.01);
  EXPECT_NEAR(UsesUntil(7, {10, 1}), 1 + 11, 1.2);
  EXPECT_NEAR(UsesUntil(15, {10, 1}), 10 + 10 * 45, 25);
  EXPECT_NEAR(UsesUntil(15, {1, 1}), 10 + 45, 4);
  EXPECT_NEAR(UsesUntil(15, {0, 1}), 10, 0.01);
}

TEST(Access, TheCounterStopsAt255) {
  Random random(7);
  EXPECT_EQ(LfuUsed(LfuAccess(255, kNowMs), kNowMs, {0, 1}, random) & 0xff, 255u);
}

TEST(Access, TheCounterLosesOneForEachDecayTime) {
  const uint32_t access = LfuAccess(100, kNowMs);
  EXPECT_EQ(LfuCounter(access, kNowMs, {10, 1}), 100);
  EXPECT_EQ(LfuCounter(access, kNowMs + 3 * 60'000, {10, 1}), 97);
  EXPECT_EQ(LfuCounter(access, kNowMs + 9 * 60'000, {10, 4}), 98);
  EXPECT_EQ(LfuCounter(access, kNowMs + 500 * 60'000, {10, 1}), 0);
  EXPECT_EQ(LfuCounter(access, kNowMs + 500 * 60'000, {10, 0}), 100) << "0: never";
}

TEST(Access, AUseNotesTheDecayAndItsTime) {
  Random random(7);
  const int64_t later_ms = kNowMs + 10 * 60'000;
  const uint32_t access = LfuUsed(LfuAccess(200, kNowMs), later_ms, {1000, 1}, random);
  EXPECT_EQ(access & 0xff, 190u) << "one more is unlikely with this factor and seed";
  EXPECT_EQ(LfuCounter(access, later_ms, {1000, 1}), 190);
}

}  // namespace
}  // namespace larder
