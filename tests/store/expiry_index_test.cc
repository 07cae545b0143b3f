#include "server/store/expiry_index.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

constexpr int64_t kNow = 1800000000000;

TEST(ExpiryIndex, NothingIsDueBeforeItsTickIsOver) {
  ExpiryIndex index;
  uint32_t top;
  index.Add(kNow + 1000, uint64_t{7} << 32);
  EXPECT_FALSE(index.PopDue(kNow, &top));
  EXPECT_FALSE(index.PopDue(kNow + 1000, &top));
  ASSERT_TRUE(index.PopDue(kNow + 1100, &top));
  EXPECT_EQ(top, 7u);
  EXPECT_FALSE(index.PopDue(kNow + 100000, &top));
  EXPECT_EQ(index.next_tick(), ExpiryIndex::kNever);
}

TEST(ExpiryIndex, YieldsTheEarliestFirst) {
  ExpiryIndex index;
  for (uint64_t i = 0; i < 1000; ++i) {
    const uint64_t scrambled = i * 7919 % 1000;
    index.Add(kNow + static_cast<int64_t>(scrambled) * 100, scrambled << 32);
  }
  for (uint32_t i = 0; i < 1000; ++i) {
    uint32_t top;
    ASSERT_TRUE(index.PopDue(kNow + 1000000, &top));
    EXPECT_EQ(top, i);
  }
}

TEST(ExpiryIndex, TimesOutsideItsRangeAreClampedNotLost) {
  ExpiryIndex index;
  uint32_t top;
  index.Add(1, uint64_t{1} << 32);
  index.Add(INT64_MAX, uint64_t{2} << 32);
  ASSERT_TRUE(index.PopDue(kNow, &top));
  EXPECT_EQ(top, 1u);
  EXPECT_FALSE(index.PopDue(kNow, &top));
}

TEST(ExpiryIndex, TellsWhenMostRecordsAreStale) {
  ExpiryIndex index;
  index.CountEntries(10);
  for (uint64_t i = 0; i < 100; ++i) index.Add(kNow, i);
  EXPECT_TRUE(index.Bloated());
  index.Clear();
  EXPECT_FALSE(index.Bloated());
}

}  // namespace
}  // namespace larder
