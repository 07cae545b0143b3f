// What the files of the geo commands share: how places and distances are read and answered.
#pragma once

#include <optional>

#include "server/engine/context.h"
#include "server/store/geohash.h"
#include "server/store/zset.h"

namespace larder {

// The longitude and latitude at words `i` and `i` + 1. False after an error was answered.
bool ParsePoint(Context& c, size_t i, geohash::Point* point);
// The metres in the unit at word `i` (m, km, ft, mi). False after an error was answered.
bool ParseUnit(Context& c, size_t i, double* meters);
// Where a member is; nothing where it is not there. `zset` may be null.
std::optional<geohash::Point> PointOf(const ZSet* zset, std::string_view member);

// An array of longitude and latitude.
void ReplyPoint(Context& c, const geohash::Point& point);
// Four digits behind the point.
void ReplyDistance(Context& c, double distance);

}  // namespace larder
