#include "server/commands/geo_area.h"

#include <algorithm>
#include <cmath>

namespace larder {
namespace {

using geohash::Box;
using geohash::Cell;
using geohash::Neighbour;
using geohash::Point;

// How finely to divide the world so that three cells by three cover a circle of this radius.
int StepFor(double radius_meters, double latitude) {
  constexpr double kHalfEquatorMeters = 20037726.37;  // of the map's projection
  if (radius_meters == 0) return geohash::kMostSteps;
  int step = -1;
  for (; radius_meters < kHalfEquatorMeters; radius_meters *= 2) ++step;
  // Cells get narrower towards the poles.
  if (std::fabs(latitude) > 66) --step;
  if (std::fabs(latitude) > 80) --step;
  return std::clamp(step, 1, geohash::kMostSteps);
}

// From the westernmost to the easternmost point of the area, and from south to north. A meridian's
// side is widest where the area is farthest from the equator.
Box BoundsOf(const GeoArea& area) {
  const double height = area.unit_meters * (area.is_box ? area.height / 2 : area.radius);
  const double width = area.unit_meters * (area.is_box ? area.width / 2 : area.radius);
  const double latitude_delta = geohash::DegreesOf(height / geohash::kEarthRadiusMeters);
  const auto& [longitude, latitude] = area.center;
  const double widest = latitude < 0 ? latitude - latitude_delta : latitude + latitude_delta;
  const double longitude_delta = geohash::DegreesOf(width / geohash::kEarthRadiusMeters /
                                                    std::cos(geohash::RadiansOf(widest)));
  return {{longitude - longitude_delta, latitude - latitude_delta},
          {longitude + longitude_delta, latitude + latitude_delta}};
}

double RadiusMeters(const GeoArea& area) {
  if (!area.is_box) return area.radius * area.unit_meters;
  const double x = area.width / 2, y = area.height / 2;
  return std::sqrt(x * x + y * y) * area.unit_meters;
}

// Whether the cell and its neighbours reach as far as the bounds.
bool Covers(const Cell& cell, const Box& bounds) {
  return BoxOf(Neighbour(cell, 0, 1)).high.latitude >= bounds.high.latitude &&
         BoxOf(Neighbour(cell, 0, -1)).low.latitude <= bounds.low.latitude &&
         BoxOf(Neighbour(cell, 1, 0)).high.longitude >= bounds.high.longitude &&
         BoxOf(Neighbour(cell, -1, 0)).low.longitude <= bounds.low.longitude;
}

}  // namespace

std::optional<double> GeoArea::DistanceTo(const Point& point) const {
  if (is_box) {
    const double to_parallel = geohash::LatitudeDistance(point.latitude, center.latitude);
    if (to_parallel > height * unit_meters / 2) return std::nullopt;
    const double to_meridian = geohash::Distance(point, {center.longitude, point.latitude});
    if (to_meridian > width * unit_meters / 2) return std::nullopt;
  }
  const double distance = geohash::Distance(center, point);
  if (!is_box && distance > radius * unit_meters) return std::nullopt;
  return distance;
}

std::vector<Cell> CellsCovering(const GeoArea& area) {
  const Box bounds = BoundsOf(area);
  int step = StepFor(RadiusMeters(area), area.center.latitude);
  Cell center = CellAt(area.center, step);
  if (step > 1 && !Covers(center, bounds)) center = CellAt(area.center, --step);

  // With one halving the world has but four cells, and all may be needed.
  const Box box = BoxOf(center);
  const bool all = step < 2;
  const bool north = all || box.high.latitude <= bounds.high.latitude;
  const bool south = all || box.low.latitude >= bounds.low.latitude;
  const bool east = all || box.high.longitude <= bounds.high.longitude;
  const bool west = all || box.low.longitude >= bounds.low.longitude;
  struct Direction {
    int east, north;
    bool needed;
  };
  const Direction directions[] = {
      {0, 1, north},          {0, -1, south},          {1, 0, east},
      {-1, 0, west},          {1, 1, north && east},   {-1, 1, north && west},
      {1, -1, south && east}, {-1, -1, south && west},
  };
  std::vector<Cell> cells = {center};
  for (const Direction& direction : directions) {
    if (!direction.needed) continue;
    const Cell cell = Neighbour(center, direction.east, direction.north);
    // Around a small world two neighbours in a row can be the same cell.
    if (cells.size() == 1 || cell != cells.back()) cells.push_back(cell);
  }
  return cells;
}

}  // namespace larder
