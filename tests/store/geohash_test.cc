#include "server/store/geohash.h"

#include <gtest/gtest.h>

#include <random>

namespace larder::geohash {
namespace {

Point RandomPoint(std::mt19937& random) {
  std::uniform_real_distribution<double> longitude(-180, 180), latitude(-85, 85);
  return {longitude(random), latitude(random)};
}

TEST(Geohash, DecodesCloseToWhatWasEncoded) {
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    const Point point = RandomPoint(random);
    EXPECT_LT(Distance(point, Decode(Encode(point))), 0.6);
  }
}

TEST(Geohash, ScoresAndTextsAreThoseOfRedis) {
  const Point palermo = {13.361389, 38.115556};
  EXPECT_EQ(Encode(palermo), 3479099956230698.0);
  EXPECT_EQ(Text(Decode(3479099956230698.0)), "sqc8b49rny0");
  EXPECT_NEAR(Distance(palermo, {15.087269, 37.502669}), 166274.15, 0.2);
}

TEST(Geohash, ACellHoldsItsPointAndItsScores) {
  std::mt19937 random(2);
  for (int i = 0; i < 1000; ++i) {
    const Point point = RandomPoint(random);
    const int step = static_cast<int>(random() % kMostSteps) + 1;
    const Cell cell = CellAt(point, step);
    const Box box = BoxOf(cell);
    EXPECT_LE(box.low.longitude, point.longitude);
    EXPECT_GE(box.high.latitude, point.latitude);
    const Scores scores = ScoresOf(cell);
    EXPECT_LE(scores.begin, Encode(point));
    EXPECT_GT(scores.end, Encode(point));
  }
}

TEST(Geohash, NeighboursLieSideBySideAndAroundTheWorld) {
  const Cell cell = CellAt({10, 50}, 8);
  EXPECT_EQ(BoxOf(Neighbour(cell, 1, 0)).low.longitude, BoxOf(cell).high.longitude);
  EXPECT_EQ(BoxOf(Neighbour(cell, 0, -1)).high.latitude, BoxOf(cell).low.latitude);
  EXPECT_EQ(Neighbour(Neighbour(cell, 1, -1), -1, 1), cell);
  const Cell last = CellAt({179.9, 0}, 8);
  EXPECT_EQ(Neighbour(last, 1, 0), CellAt({-179.9, 0}, 8));
}

TEST(Geohash, AnyScoreMeansAPlaceInTheWorld) {
  for (const double score : {-1.0, 1e300, -1e300, 9.3e18, 0.5, 1.0 / 0.0, -1.0 / 0.0}) {
    EXPECT_TRUE(IsInWorld(Decode(score))) << score;
  }
}

}  // namespace
}  // namespace larder::geohash
