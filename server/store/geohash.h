// Geohash: places on earth as numbers. The world, without the poles, is halved again and again, by
// longitude and by latitude in turn; what is left after 26 halvings of each is a cell of 52 bits, a
// few decimetres wide, which a sorted set keeps as its score. Cells that lie close together mostly
// have close numbers, so an area is a few ranges of scores. Limits and constants are those of
// Redis (and EPSG:3857), since the scores are exchanged. Pure functions: any thread.
#pragma once

#include <cstdint>
#include <string>

namespace larder::geohash {

inline constexpr int kMostSteps = 26;

struct Point {
  double longitude = 0;
  double latitude = 0;
};

struct Box {
  Point low, high;
};

// Where points may lie.
inline constexpr Box kWorld = {{-180, -85.05112878}, {180, 85.05112878}};
bool IsInWorld(const Point& point);

// A part of the world after so many halvings of each coordinate; `bits` are 2 * step.
struct Cell {
  uint64_t bits = 0;
  int step = 0;

  bool operator==(const Cell&) const = default;
};

// The cell of the point. REQUIRES: the point is in the world, 1 <= step <= kMostSteps.
Cell CellAt(const Point& point, int step);
Box BoxOf(const Cell& cell);
// The cell so many columns to the east and rows to the north, around the edges of the world.
Cell Neighbour(const Cell& cell, int east, int north);
// The scores of points in the cell are in [first, second).
struct Scores {
  double begin, end;
};
Scores ScoresOf(const Cell& cell);

// A point as the score of a sorted set, and the middle of the cell that a score means. Any score
// means something.
double Encode(const Point& point);
Point Decode(double score);

// The usual text of eleven letters (geohash.org), whose latitudes reach to the poles.
std::string Text(const Point& point);

// In metres, on a sphere.
double Distance(const Point& a, const Point& b);
double LatitudeDistance(double a, double b);

double DegreesOf(double radians);
double RadiansOf(double degrees);
inline constexpr double kEarthRadiusMeters = 6372797.560856;

}  // namespace larder::geohash
