#include "server/base/random.h"

#include <gtest/gtest.h>

#include "server/base/hash.h"

namespace larder {
namespace {

TEST(Random, RepeatsItselfFromTheSameSeed) {
  Random a(42), b(42), c(43);
  EXPECT_EQ(a.Next(), b.Next());
  EXPECT_NE(a.Next(), c.Next());
}

TEST(Random, StaysBelowTheLimitAndReachesEveryValue) {
  Random random(1);
  int seen[7] = {};
  for (int i = 0; i < 7000; ++i) ++seen[random.Below(7)];
  for (int count : seen) EXPECT_NEAR(count, 1000, 200);
}

TEST(Random, UnitIsBetweenZeroAndOne) {
  Random random(0);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    double unit = random.Unit();
    ASSERT_GE(unit, 0);
    ASSERT_LT(unit, 1);
    sum += unit;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

TEST(RandomHex, HasTheAskedNumberOfDigits) {
  std::string id = RandomHex(40);
  EXPECT_EQ(id.size(), 40u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(id, RandomHex(40));
}

TEST(Hash, DependsOnEveryByteAndOnTheSeed) {
  EXPECT_EQ(HashBytes("session:1"), HashBytes("session:1"));
  EXPECT_NE(HashBytes("session:1"), HashBytes("session:2"));
  EXPECT_NE(HashBytesWithSeed("a", 1), HashBytesWithSeed("a", 2));
  EXPECT_EQ(HashBytesWithSeed("a", 1), HashBytesWithSeed("a", 1));
}

}  // namespace
}  // namespace larder
