// Who we are, and whom we speak like: clients and tools switch features on by redis_version.
#pragma once

#include <string_view>

namespace larder {

inline constexpr std::string_view kLarderVersion = "0.1.0";
inline constexpr std::string_view kRedisVersion = "7.2.4";

}  // namespace larder
