#include "server/base/time_of_day.h"

#include <algorithm>

namespace larder {

bool HasShape(std::string_view text, std::string_view shape) {
  const auto fits = [](char c, char s) { return s == '#' ? c >= '0' && c <= '9' : c == s; };
  return std::equal(text.begin(), text.end(), shape.begin(), shape.end(), fits);
}

std::optional<int> ParseTimeOfDay(std::string_view text) {
  if (!HasShape(text, "##:##")) return std::nullopt;
  const int hours = (text[0] - '0') * 10 + (text[1] - '0');
  const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (hours > 23 || minutes > 59) return std::nullopt;
  return hours * 60 + minutes;
}

}  // namespace larder
