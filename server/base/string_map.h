// StringMap, StringSet: flat_hash_map from and flat_hash_set of strings, with lookups by
// std::string_view. Debian's abseil is built
// with its own absl::string_view, and its default string hash refuses the standard one.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "server/base/hash.h"

namespace larder {

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return HashBytes(text); }
};

template <typename Value>
using StringMap = absl::flat_hash_map<std::string, Value, StringHash, std::equal_to<>>;
using StringSet = absl::flat_hash_set<std::string, StringHash, std::equal_to<>>;

}  // namespace larder
