// The words of GEOSEARCH, GEOSEARCHSTORE and the GEORADIUS commands.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/commands/geo_area.h"
#include "server/engine/context.h"
#include "server/store/zset.h"

namespace larder {

// Which of the commands it is.
struct GeoVariant {
  size_t key_word = 1;
  size_t first_option = 2;
  bool is_search = false;  // GEOSEARCH: the area is told by options
  bool by_member = false;  // the GEORADIUS around a member
  bool stores = false;     // it may
};

struct GeoOptions {
  enum class Order : uint8_t { kNone, kAscending, kDescending };

  GeoArea area;
  Order order = Order::kNone;
  int64_t count = 0;  // 0: all
  bool any = false;   // the first that are found will do
  bool with_distance = false, with_hash = false, with_coordinates = false;
  size_t store_word = 0;        // the word of the key to store in; 0: none
  bool store_distance = false;  // as scores
};

// False after an error was answered. `zset` may be null: then members are not looked up.
bool ParseGeoOptions(Context& c, const GeoVariant& variant, const ZSet* zset, GeoOptions* options);

}  // namespace larder
