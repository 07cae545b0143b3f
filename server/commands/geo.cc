// Sorted sets of places: GEOADD, GEOPOS, GEOHASH, GEODIST.
#include "server/commands/geo.h"

#include <cmath>
#include <cstdio>

#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/zsets.h"

namespace larder {

using geohash::Point;

bool ParsePoint(Context& c, size_t i, Point* point) {
  if (!c.Double(i, &point->longitude) || !c.Double(i + 1, &point->latitude)) return false;
  if (IsInWorld(*point)) return true;
  char text[700];  // a double takes up to 317 characters
  std::snprintf(text, sizeof(text), "ERR invalid longitude,latitude pair %f,%f", point->longitude,
                point->latitude);
  c.reply.Error(text);
  return false;
}

bool ParseUnit(Context& c, size_t i, double* meters) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"m", 1}, {"km", 1000}, {"ft", 0.3048}, {"mi", 1609.34}};
  for (const auto& [name, value] : kUnits) {
    if (!EqualsIgnoreCase(c.args[i], name)) continue;
    *meters = value;
    return true;
  }
  c.reply.Error("ERR unsupported unit provided. please use M, KM, FT, MI");
  return false;
}

std::optional<Point> PointOf(const ZSet* zset, std::string_view member) {
  const std::optional<double> score = zset == nullptr ? std::nullopt : zset->Score(member);
  if (!score) return std::nullopt;
  return geohash::Decode(*score);
}

void ReplyPoint(Context& c, const Point& point) {
  c.reply.Array(2);
  c.reply.Number(FormatLongDoubleHuman(point.longitude));
  c.reply.Number(FormatLongDoubleHuman(point.latitude));
}

void ReplyDistance(Context& c, double distance) {
  char text[64];
  const long long units = std::llrint(distance * 10000);
  const int size = std::snprintf(text, sizeof(text), "%lld.%04lld", units / 10000, units % 10000);
  c.reply.Bulk(std::string_view(text, static_cast<size_t>(size)));
}

namespace {

// Replicas get the scores, in the words of ZADD: they need not compute as we do.
void ReplicateScores(Context& c, size_t first, const ZAddScores& scores) {
  if (c.effects == nullptr) return;
  std::vector<EffectWord> texts;
  for (double score : scores) texts.emplace_back(static_cast<int64_t>(score));
  const Args options = c.args.subspan(1, first - 1);
  std::vector<std::string_view> words = {"ZADD"};
  words.insert(words.end(), options.begin(), options.end());
  for (size_t i = 0; i < scores.size(); ++i) {
    words.push_back(texts[i].view());
    words.push_back(c.args[first + 3 * i + 2]);
  }
  c.ReplicateAs(Args(words));
}

void GeoAdd(Context& c) {
  ZAddOptions options;
  size_t first = 2;
  for (; first < c.args.size(); ++first) {
    if (EqualsIgnoreCase(c.args[first], "nx")) {
      options.nx = true;
    } else if (EqualsIgnoreCase(c.args[first], "xx")) {
      options.xx = true;
    } else if (EqualsIgnoreCase(c.args[first], "ch")) {
      options.ch = true;
    } else {
      break;
    }
  }
  const size_t words = c.args.size() - first;
  if (words == 0 || words % 3 != 0 || (options.nx && options.xx)) return c.SyntaxError();
  ZAddScores scores(words / 3);
  for (size_t i = 0; i < scores.size(); ++i) {
    Point point;
    if (!ParsePoint(c, first + 3 * i, &point)) return;
    scores[i] = geohash::Encode(point);
  }
  AddToZSet(c, options, scores, first + 2, 3);
  if (c.changed) ReplicateScores(c, first, scores);
}

void GeoPos(Context& c) {
  const ZSet* zset;
  if (!c.Read(c.key(1), &zset)) return;
  c.reply.Array(c.args.size() - 2);
  for (const std::string_view member : c.args.subspan(2)) {
    const std::optional<Point> point = PointOf(zset, member);
    point ? ReplyPoint(c, *point) : c.reply.NullArray();
  }
}

void GeoHash(Context& c) {
  const ZSet* zset;
  if (!c.Read(c.key(1), &zset)) return;
  c.reply.Array(c.args.size() - 2);
  for (const std::string_view member : c.args.subspan(2)) {
    const std::optional<Point> point = PointOf(zset, member);
    point ? c.reply.Bulk(geohash::Text(*point)) : c.reply.Null();
  }
}

void GeoDist(Context& c) {
  double unit_meters = 1;
  if (c.args.size() > 5) return c.SyntaxError();
  if (c.args.size() == 5 && !ParseUnit(c, 4, &unit_meters)) return;
  const ZSet* zset;
  if (!c.Read(c.key(1), &zset)) return;
  const std::optional<Point> a = PointOf(zset, c.args[2]), b = PointOf(zset, c.args[3]);
  if (!a || !b) return c.reply.Null();
  ReplyDistance(c, geohash::Distance(*a, *b) / unit_meters);
}

constexpr Command kCommands[] = {
    {.name = "geoadd",
     .arity = -5,
     .flags = kWrite | kDenyOom,
     .categories = kCatGeo,
     .keys = {Key1(kRW | kUpdate)},
     .run = GeoAdd,
     .group = "geo",
     .syntax = "key [condition@6.2.0: NX | XX] [change:CH@6.2.0] "
               "<data: longitude latitude member ...>",
     .since = "3.2.0",
     .history = "6.2.0 Takes CH, NX and XX.",
     .complexity = "O(log(N)) for each member, N of them in the sorted set",
     .summary = "Adds places to a sorted set, or moves them."},
    {.name = "geopos",
     .arity = -2,
     .flags = kReadOnly,
     .categories = kCatGeo,
     .keys = {Key1(kRO | kAccess)},
     .run = GeoPos,
     .group = "geo",
     .syntax = "key [member [member ...]]",
     .since = "3.2.0",
     .complexity = "O(1) for each member",
     .summary = "Returns the longitude and latitude of places."},
    {.name = "geohash",
     .arity = -2,
     .flags = kReadOnly,
     .categories = kCatGeo,
     .keys = {Key1(kRO | kAccess)},
     .run = GeoHash,
     .group = "geo",
     .syntax = "key [member [member ...]]",
     .since = "3.2.0",
     .complexity = "O(1) for each member",
     .summary = "Returns places as geohash texts."},
    {.name = "geodist",
     .arity = -4,
     .flags = kReadOnly,
     .categories = kCatGeo,
     .keys = {Key1(kRO | kAccess)},
     .run = GeoDist,
     .group = "geo",
     .syntax = "key member1 member2 [unit: M | KM | FT | MI]",
     .since = "3.2.0",
     .complexity = "O(1)",
     .summary = "Returns how far two places are from each other."},
};

}  // namespace

std::span<const Command> GeoCommands() { return kCommands; }

}  // namespace larder
