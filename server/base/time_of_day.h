// Times of day as people write them, and texts of a fixed shape.
#pragma once

#include <optional>
#include <string_view>

namespace larder {

// Whether `text` is like `shape`, which has # where any digit may stand.
bool HasShape(std::string_view text, std::string_view shape);

// "03:30" as minutes after midnight. Nothing: it is no time of day.
std::optional<int> ParseTimeOfDay(std::string_view text);

}  // namespace larder
