// SHA1 as the names of scripts need it. Pure functions: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace larder {

using Sha1 = std::array<uint8_t, 20>;

Sha1 Sha1Of(std::string_view bytes);

// Nothing unless the text is 40 hexadecimal digits, in either case.
std::optional<Sha1> ParseSha1(std::string_view hex);

}  // namespace larder
