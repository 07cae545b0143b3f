#include "server/base/histogram.h"

#include <gtest/gtest.h>

#include <memory>

namespace larder {
namespace {

TEST(Histogram, AnswersPercentilesWithinSixPercent) {
  auto histogram = std::make_unique<Histogram>();
  for (int i = 1; i <= 10000; ++i) histogram->Record(i * 100);
  EXPECT_EQ(histogram->count(), 10000);
  EXPECT_EQ(histogram->max(), 1'000'000);
  EXPECT_NEAR(static_cast<double>(histogram->Percentile(50)), 500'000, 32'000);
  EXPECT_NEAR(static_cast<double>(histogram->Percentile(99)), 990'000, 64'000);
  EXPECT_EQ(histogram->Percentile(100), 1'000'000);
}

TEST(Histogram, IsExactForSmallValuesAndPowersOfTwo) {
  auto histogram = std::make_unique<Histogram>();
  for (int i = 0; i < 1024; ++i) histogram->Record(i);
  for (int limit = 1; limit <= 1024; limit *= 2) EXPECT_EQ(histogram->CountBelow(limit), limit);
  EXPECT_EQ(histogram->Percentile(1), 10);
}

TEST(Histogram, ClampsWhatIsOutOfRange) {
  auto histogram = std::make_unique<Histogram>();
  EXPECT_EQ(histogram->Percentile(50), 0);
  histogram->Record(-5);
  histogram->Record(INT64_MAX);
  EXPECT_EQ(histogram->count(), 2);
  EXPECT_EQ(histogram->max(), (int64_t{1} << 36) - 1);
}

TEST(Histogram, MergesAndResets) {
  auto a = std::make_unique<Histogram>(), b = std::make_unique<Histogram>();
  a->Record(10);
  b->Record(1000);
  a->Merge(*b);
  EXPECT_EQ(a->count(), 2);
  EXPECT_EQ(a->sum(), 1010);
  EXPECT_EQ(a->max(), 1000);
  a->Reset();
  EXPECT_EQ(a->count(), 0);
  EXPECT_EQ(a->max(), 0);
}

}  // namespace
}  // namespace larder
