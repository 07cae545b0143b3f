#include "server/commands/geo_options.h"

#include "server/base/strings.h"
#include "server/commands/geo.h"

namespace larder {
namespace {

class Parser {
 public:
  Parser(Context& c, const GeoVariant& variant, const ZSet* zset, GeoOptions* options)
      : c_(c), variant_(variant), zset_(zset), options_(*options), area_(options->area) {}

  bool Parse() {
    at_ = variant_.first_option + (variant_.is_search && variant_.stores ? 1 : 0);
    if (variant_.is_search && variant_.stores) options_.store_word = 1;
    if (!variant_.is_search && !ParseCircle()) return false;
    for (; at_ < c_.args.size(); ++at_) {
      if (Flag() || Result()) continue;
      if (!failed_ && (variant_.is_search ? Area() : Target())) continue;
      if (!failed_) c_.SyntaxError();
      return false;
    }
    return Check();
  }

 private:
  // Whether the word at hand is this one, with so many behind it.
  bool Is(std::string_view name, size_t more = 0) const {
    return EqualsIgnoreCase(c_.args[at_], name) && at_ + more < c_.args.size();
  }
  bool Fail() {
    failed_ = true;
    return false;
  }
  bool Fail(std::string_view error) {
    c_.reply.Error(error);
    return Fail();
  }

  // What GEORADIUS says before its options. Around a member of a key that is not there nothing is
  // looked at.
  bool ParseCircle() {
    if (variant_.by_member && zset_ == nullptr) return true;
    const bool placed = variant_.by_member ? ParseMember(2) : ParsePoint(c_, 2, &area_.center);
    return placed && ParseRadius(variant_.first_option - 2);
  }
  bool ParseMember(size_t i) {
    const std::optional<geohash::Point> point = PointOf(zset_, c_.args[i]);
    if (!point) return Fail("ERR could not decode requested zset member");
    area_.center = *point;
    return true;
  }
  bool ParseRadius(size_t i) {
    if (!c_.Double(i, &area_.radius, "ERR need numeric radius")) return Fail();
    if (area_.radius < 0) return Fail("ERR radius cannot be negative");
    return ParseUnit(c_, i + 1, &area_.unit_meters) || Fail();
  }
  bool ParseBox(size_t i) {
    if (!c_.Double(i, &area_.width, "ERR need numeric width") ||
        !c_.Double(i + 1, &area_.height, "ERR need numeric height")) {
      return Fail();
    }
    if (area_.width < 0 || area_.height < 0) {
      return Fail("ERR height or width cannot be negative");
    }
    area_.is_box = true;
    return ParseUnit(c_, i + 2, &area_.unit_meters) || Fail();
  }

  // Each of these reads the option at hand and leaves at_ at its last word. False: it is none of
  // them, or it failed.
  bool Flag() {
    const std::pair<std::string_view, bool*> flags[] = {
        {"withdist", &options_.with_distance},
        {"withhash", &options_.with_hash},
        {"withcoord", &options_.with_coordinates},
        {"any", &options_.any},
    };
    for (const auto& [name, flag] : flags) {
      if (!Is(name)) continue;
      *flag = true;
      return true;
    }
    return false;
  }

  bool Result() {
    if (Is("asc")) {
      options_.order = GeoOptions::Order::kAscending;
    } else if (Is("desc")) {
      options_.order = GeoOptions::Order::kDescending;
    } else if (Is("count", 1)) {
      if (!c_.Integer(++at_, &options_.count)) return Fail();
      if (options_.count <= 0) return Fail("ERR COUNT must be > 0");
    } else {
      return false;
    }
    return true;
  }

  bool Target() {
    if (!variant_.stores || !(Is("store", 1) || Is("storedist", 1))) return false;
    options_.store_distance = Is("storedist", 1);
    options_.store_word = ++at_;
    return true;
  }

  bool Area() {
    if (Is("storedist") && variant_.stores) {
      options_.store_distance = true;
    } else if (Is("frommember", 1) && !from_point_) {
      from_member_ = true;
      ++at_;
      return zset_ == nullptr || ParseMember(at_);
    } else if (Is("fromlonlat", 2) && !from_member_) {
      from_point_ = true;
      at_ += 2;
      return ParsePoint(c_, at_ - 1, &area_.center) || Fail();
    } else if (Is("byradius", 2) && !by_box_) {
      by_radius_ = true;
      at_ += 2;
      return ParseRadius(at_ - 1);
    } else if (Is("bybox", 3) && !by_radius_) {
      by_box_ = true;
      at_ += 3;
      return ParseBox(at_ - 2);
    } else {
      return false;
    }
    return true;
  }

  bool Check() {
    const bool with = options_.with_distance || options_.with_hash || options_.with_coordinates;
    if (options_.store_word != 0 && with) {
      return Fail(StrCat("ERR ",
                         variant_.is_search ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS",
                         " is not compatible with WITHDIST, WITHHASH and WITHCOORD options"));
    }
    if (variant_.is_search && !from_member_ && !from_point_) {
      return Fail(
          StrCat("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ", c_.args[0]));
    }
    if (variant_.is_search && !by_radius_ && !by_box_) {
      return Fail(
          StrCat("ERR exactly one of BYRADIUS and BYBOX can be specified for ", c_.args[0]));
    }
    if (options_.any && options_.count == 0) {
      return Fail("ERR the ANY argument requires COUNT argument");
    }
    return true;
  }

  Context& c_;
  const GeoVariant& variant_;
  const ZSet* zset_;
  GeoOptions& options_;
  GeoArea& area_;
  size_t at_ = 0;
  bool failed_ = false;
  bool from_member_ = false, from_point_ = false, by_radius_ = false, by_box_ = false;
};

}  // namespace

bool ParseGeoOptions(Context& c, const GeoVariant& variant, const ZSet* zset, GeoOptions* options) {
  return Parser(c, variant, zset, options).Parse();
}

}  // namespace larder
