#include "server/base/progress_log.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(Pace, SaysHowLongTheRestTakes) {
  const Pace pace(1000, 5000, 2000);
  EXPECT_EQ(pace.per_second, 500u);
  EXPECT_EQ(pace.seconds_left, 8);
}

TEST(Pace, SaysNothingWhereTheSizeOrTheSpeedIsNotKnown) {
  EXPECT_EQ(Pace(1000, 0, 2000).seconds_left, -1);
  EXPECT_EQ(Pace(0, 5000, 2000).seconds_left, -1);
  EXPECT_EQ(Pace(0, 5000, 0).per_second, 0u);
}

TEST(Pace, IsAtTheEndWhereMoreCameThanWasAnnounced) {
  EXPECT_EQ(Pace(6000, 5000, 1000).seconds_left, 0);
}

}  // namespace
}  // namespace larder
