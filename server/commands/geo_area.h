// The area that GEOSEARCH and GEORADIUS look at, and which cells of the world cover it. Pure
// functions: any thread.
#pragma once

#include <optional>
#include <vector>

#include "server/store/geohash.h"

namespace larder {

// A circle, or a box whose sides are parallels and (about) meridians; lengths in `unit_meters`.
struct GeoArea {
  geohash::Point center;
  bool is_box = false;
  double radius = 0;  // of a circle
  double width = 0, height = 0;
  double unit_meters = 1;

  // How far the point lies from the center, in metres; nothing where it is outside.
  std::optional<double> DistanceTo(const geohash::Point& point) const;
};

// Cells that cover the area, in the order in which Redis looks at them: the one in the middle, then
// those around it that the area reaches.
std::vector<geohash::Cell> CellsCovering(const GeoArea& area);

}  // namespace larder
