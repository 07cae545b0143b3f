// Places in an area: GEOSEARCH, GEOSEARCHSTORE, and GEORADIUS and its relatives, which they
// replaced.
#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/geo.h"
#include "server/commands/geo_options.h"
#include "server/commands/zsets.h"
#include "server/engine/key_uses.h"

namespace larder {
namespace {

struct Match {
  std::string member;
  geohash::Point point;
  double score;
  double distance_meters;
};

// The matches in the order of the cells and their scores, at most `limit`.
std::vector<Match> FindMatches(const ZSet& zset, const GeoArea& area, size_t limit) {
  std::vector<Match> matches;
  for (const geohash::Cell& cell : CellsCovering(area)) {
    const geohash::Scores scores = ScoresOf(cell);
    ZSet::Cursor at = zset.CursorAt(zset.CountBelow(Bound::Score(scores.begin, false)));
    for (; at.valid() && at.score() < scores.end; at.Next()) {
      if (matches.size() == limit) return matches;
      const geohash::Point point = geohash::Decode(at.score());
      const std::optional<double> distance = area.DistanceTo(point);
      if (!distance) continue;
      matches.push_back({std::string(at.member().bytes), point, at.score(), *distance});
    }
  }
  return matches;
}

// As COUNT, ANY and the order want them.
std::vector<Match> Search(const ZSet& zset, const GeoOptions& options) {
  const size_t count =
      options.count == 0 ? std::numeric_limits<size_t>::max() : static_cast<size_t>(options.count);
  std::vector<Match> matches =
      FindMatches(zset, options.area, options.any ? count : std::numeric_limits<size_t>::max());
  // The nearest ones, where not any ones will do.
  const bool nearest = options.count != 0 && !options.any;
  if (options.order == GeoOptions::Order::kDescending) {
    std::stable_sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
      return a.distance_meters > b.distance_meters;
    });
  } else if (options.order == GeoOptions::Order::kAscending || nearest) {
    std::stable_sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
      return a.distance_meters < b.distance_meters;
    });
  }
  if (matches.size() > count) matches.resize(count);
  return matches;
}

void ReplyMatches(Context& c, const GeoOptions& options, const std::vector<Match>& matches) {
  const size_t extras =
      static_cast<size_t>(options.with_distance) + options.with_hash + options.with_coordinates;
  c.reply.Array(matches.size());
  for (const Match& match : matches) {
    if (extras > 0) c.reply.Array(extras + 1);
    c.reply.Bulk(match.member);
    if (options.with_distance) ReplyDistance(c, match.distance_meters / options.area.unit_meters);
    if (options.with_hash) c.reply.Integer(static_cast<int64_t>(match.score));
    if (options.with_coordinates) ReplyPoint(c, match.point);
  }
}

void StoreMatches(Context& c, const GeoOptions& options, const std::vector<Match>& matches,
                  std::string_view event) {
  auto zset = std::make_unique<ZSet>();
  for (const Match& match : matches) {
    zset->Set(match.member, options.store_distance
                                ? match.distance_meters / options.area.unit_meters
                                : match.score);
  }
  StoreZSet(c, c.key(options.store_word), std::move(zset), event, matches.size());
}

void RunSearch(Context& c, const GeoVariant& variant) {
  const ZSet* zset;
  if (!c.Read(c.key(variant.key_word), &zset)) return;
  GeoOptions options;
  if (!ParseGeoOptions(c, variant, zset, &options)) return;
  const std::vector<Match> matches =
      zset == nullptr ? std::vector<Match>() : Search(*zset, options);
  if (options.store_word == 0) return ReplyMatches(c, options, matches);
  StoreMatches(c, options, matches, variant.is_search ? "geosearchstore" : "georadiusstore");
}

constexpr GeoVariant kSearch = {.is_search = true};
constexpr GeoVariant kSearchStore = {.key_word = 2, .is_search = true, .stores = true};
constexpr GeoVariant kRadius = {.first_option = 6, .stores = true};
constexpr GeoVariant kRadiusRo = {.first_option = 6};
constexpr GeoVariant kByMember = {.first_option = 5, .by_member = true, .stores = true};
constexpr GeoVariant kByMemberRo = {.first_option = 5, .by_member = true};

void GeoSearch(Context& c) { RunSearch(c, kSearch); }
void GeoSearchStore(Context& c) { RunSearch(c, kSearchStore); }
void GeoRadius(Context& c) { RunSearch(c, kRadius); }
void GeoRadiusRo(Context& c) { RunSearch(c, kRadiusRo); }
void GeoRadiusByMember(Context& c) { RunSearch(c, kByMember); }
void GeoRadiusByMemberRo(Context& c) { RunSearch(c, kByMemberRo); }

// The key specifications find the first STORE and STOREDIST, but the last one counts: where there
// are several, any key may be meant.
bool NamesSeveralTargets(Args args) {
  return std::count_if(args.begin(), args.end(), [](std::string_view word) {
           return EqualsIgnoreCase(word, "store") || EqualsIgnoreCase(word, "storedist");
         }) > 1;
}

template <const GeoVariant& variant>
void AddLastTarget(Args words, std::vector<KeyPosition>& keys) {
  static constexpr KeyOption kOptions[] = {
      {"count", 1}, {"store", 1, true}, {"storedist", 1, true}};
  AddTargetKey(words, variant.first_option, kOptions, keys);
}

constexpr std::string_view kSearchComplexity =
    "O(N+log(M)) for N places around the area and M in all";

constexpr Command kCommands[] = {
    {.name = "geosearch",
     .arity = -7,
     .flags = kReadOnly,
     .categories = kCatGeo,
     .keys = {Key1(kRO | kAccess)},
     .run = GeoSearch,
     .group = "geo",
     .syntax = "key <from: FROMMEMBER member | FROMLONLAT longitude latitude> "
               "<by: <circle: BYRADIUS radius <unit: M | KM | FT | MI>> | "
               "<box: BYBOX width <height> <unit: M | KM | FT | MI>>> [order: ASC | DESC] "
               "[count-block: COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]",
     .since = "6.2.0",
     .history = "7.0.0 Takes units in capitals.",
     .complexity = kSearchComplexity,
     .summary = "Returns the places in a circle or a box."},
    {.name = "geosearchstore",
     .arity = -8,
     .flags = kWrite | kDenyOom,
     .categories = kCatGeo,
     .keys = {Key1(kOW | kUpdate), Keys(2, 2, 1, kRO | kAccess)},
     .run = GeoSearchStore,
     .group = "geo",
     .syntax = "destination source <from: FROMMEMBER member | FROMLONLAT longitude latitude> "
               "<by: <circle: BYRADIUS radius <unit: M | KM | FT | MI>> | "
               "<box: BYBOX width <height> <unit: M | KM | FT | MI>>> [order: ASC | DESC] "
               "[count-block: COUNT count [ANY]] [STOREDIST]",
     .since = "6.2.0",
     .history = "7.0.0 Takes units in capitals.",
     .complexity = kSearchComplexity,
     .summary = "Stores the places in a circle or a box."},
    {.name = "georadius",
     .arity = -6,
     .flags = kWrite | kDenyOom,
     .categories = kCatGeo,
     .keys = {Key1(kRO | kAccess), KeyAfter("STORE", 6, kOW | kUpdate),
              KeyAfter("STOREDIST", 6, kOW | kUpdate)},
     .run = GeoRadius,
     .group = "geo",
     .syntax = "key longitude latitude radius <unit: M | KM | FT | MI> [WITHCOORD] [WITHDIST] "
               "[WITHHASH] [count-block: COUNT count [ANY@6.2.0]] [order: ASC | DESC] "
               "[store: STORE storekey:key | STOREDIST storedistkey:key]",
     .since = "3.2.0",
     .history = "6.2.0 COUNT takes ANY.\n"
                "7.0.0 Takes units in capitals.",
     .deprecated = "6.2.0 `GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
     .complexity = kSearchComplexity,
     .summary = "Returns or stores the places in a circle around a point.",
     .exclusive = NamesSeveralTargets,
     .settle_keys = AddLastTarget<kRadius>},
    {.name = "georadius_ro",
     .arity = -6,
     .flags = kReadOnly,
     .categories = kCatGeo,
     .keys = {Key1(kRO | kAccess)},
     .run = GeoRadiusRo,
     .group = "geo",
     .syntax = "key longitude latitude radius <unit: M | KM | FT | MI> [WITHCOORD] [WITHDIST] "
               "[WITHHASH] [count-block: COUNT count [ANY@6.2.0]] [order: ASC | DESC]",
     .since = "3.2.10",
     .history = "6.2.0 COUNT takes ANY.",
     .deprecated = "6.2.0 `GEOSEARCH` with the `BYRADIUS` argument",
     .complexity = kSearchComplexity,
     .summary = "Returns the places in a circle around a point."},
    {.name = "georadiusbymember",
     .arity = -5,
     .flags = kWrite | kDenyOom,
     .categories = kCatGeo,
     .keys = {Key1(kRO | kAccess), KeyAfter("STORE", 5, kOW | kUpdate),
              KeyAfter("STOREDIST", 5, kOW | kUpdate)},
     .run = GeoRadiusByMember,
     .group = "geo",
     .syntax = "key member radius <unit: M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] "
               "[count-block: COUNT count [ANY]] [order: ASC | DESC] "
               "[store: STORE storekey:key | STOREDIST storedistkey:key]",
     .since = "3.2.0",
     .history = "7.0.0 Takes units in capitals.",
     .deprecated = "6.2.0 `GEOSEARCH` and `GEOSEARCHSTORE` with the "
                   "`BYRADIUS` and `FROMMEMBER` arguments",
     .complexity = kSearchComplexity,
     .summary = "Returns or stores the places in a circle around a member.",
     .exclusive = NamesSeveralTargets,
     .settle_keys = AddLastTarget<kByMember>},
    {.name = "georadiusbymember_ro",
     .arity = -5,
     .flags = kReadOnly,
     .categories = kCatGeo,
     .keys = {Key1(kRO | kAccess)},
     .run = GeoRadiusByMemberRo,
     .group = "geo",
     .syntax = "key member radius <unit: M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] "
               "[count-block: COUNT count [ANY]] [order: ASC | DESC]",
     .since = "3.2.10",
     .deprecated = "6.2.0 `GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
     .complexity = kSearchComplexity,
     .summary = "Returns the places in a circle around a member."},
};

}  // namespace

std::span<const Command> GeoSearchCommands() { return kCommands; }

}  // namespace larder
