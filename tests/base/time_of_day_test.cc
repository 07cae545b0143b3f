#include "server/base/time_of_day.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(TimeOfDay, IsTwoDigitsOfHoursAndTwoOfMinutes) {
  EXPECT_EQ(ParseTimeOfDay("00:00"), 0);
  EXPECT_EQ(ParseTimeOfDay("03:30"), 3 * 60 + 30);
  EXPECT_EQ(ParseTimeOfDay("23:59"), 23 * 60 + 59);
  for (const char* text : {"", "3:30", "24:00", "12:60", "-1:30", "12:+1", "12.30", "03:30 "}) {
    EXPECT_EQ(ParseTimeOfDay(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace larder
