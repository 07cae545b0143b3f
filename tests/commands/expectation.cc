#include "tests/commands/expectation.h"

#include <cctype>
#include <charconv>
#include <optional>
#include <span>

namespace larder::test {
namespace {

using Lines = std::span<const std::string>;
using Element = std::vector<std::string>;

bool GlobMatches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    for (size_t skip = 0; skip <= text.size(); ++skip) {
      if (GlobMatches(pattern.substr(1), text.substr(skip))) return true;
    }
    return false;
  }
  if (text.empty() || (pattern.front() != '?' && pattern.front() != text.front())) return false;
  return GlobMatches(pattern.substr(1), text.substr(1));
}

// The length of one index ("12) ", " 3~ ", "1# ") at the start of a line; 0: there is none.
size_t IndexLength(std::string_view line) {
  size_t at = 0;
  while (at < line.size() && line[at] == ' ') ++at;
  const size_t digits = at;
  while (at < line.size() && std::isdigit(static_cast<unsigned char>(line[at]))) ++at;
  if (at == digits || at + 1 >= line.size() || line[at + 1] != ' ') return 0;
  return line[at] == ')' || line[at] == '~' || line[at] == '#' ? at + 2 : 0;
}

size_t AllIndexes(std::string_view line) {
  size_t length = 0;
  while (const size_t more = IndexLength(line.substr(length))) length += more;
  return length;
}

std::optional<double> Number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "(integer) ~90..100" against "(integer) 95"
bool RangeMatches(std::string_view expected, std::string_view actual) {
  if (expected.ends_with('"') && actual.ends_with('"')) {
    expected.remove_suffix(1);
    actual.remove_suffix(1);
  }
  const size_t tilde = expected.rfind('~');
  if (tilde == std::string_view::npos || actual.size() < tilde) return false;
  const std::string_view range = expected.substr(tilde + 1);
  const size_t dots = range.find("..");
  if (dots == std::string_view::npos) return false;
  const std::optional<double> low = Number(range.substr(0, dots));
  const std::optional<double> high = Number(range.substr(dots + 2));
  const std::optional<double> number = Number(actual.substr(tilde));
  if (!low || !high || !number) return false;
  return expected.substr(0, tilde) == actual.substr(0, tilde) && *low <= *number &&
         *number <= *high;
}

bool LinesMatch(Lines expected, Lines actual) {
  if (expected.empty()) return actual.empty();
  if (expected.front() == "...") {
    for (size_t skip = 0; skip <= actual.size(); ++skip) {
      if (LinesMatch(expected.subspan(1), actual.subspan(skip))) return true;
    }
    return false;
  }
  if (actual.empty() || !LineMatches(expected.front(), actual.front())) return false;
  return LinesMatch(expected.subspan(1), actual.subspan(1));
}

// The lines of an aggregate cut into its elements, without their indexes; empty: it is none.
std::vector<Element> Elements(Lines lines) {
  std::vector<Element> elements;
  if (lines.empty()) return elements;
  const size_t width = IndexLength(lines.front());
  if (width == 0) return elements;
  for (const std::string& line : lines) {
    if (line.size() < width) return {};
    if (IndexLength(line) == width) elements.emplace_back();
    elements.back().push_back(line.substr(width));
  }
  return elements;
}

void JoinPairs(std::vector<Element>& elements) {
  for (size_t i = 0; i + 1 < elements.size(); ++i) {
    elements[i].insert(elements[i].end(), elements[i + 1].begin(), elements[i + 1].end());
    elements.erase(elements.begin() + static_cast<ptrdiff_t>(i) + 1);
  }
}

}  // namespace

bool LineMatches(std::string_view expected, std::string_view actual) {
  if (expected == actual) return true;
  const size_t indexes = AllIndexes(expected);
  const std::string_view pattern = expected.substr(indexes);
  if (pattern.starts_with("~ ")) {
    return actual.starts_with(expected.substr(0, indexes)) &&
           GlobMatches(pattern.substr(2), actual.substr(indexes));
  }
  return RangeMatches(expected, actual);
}

bool Matches(const std::vector<std::string>& expected, const std::vector<std::string>& actual,
             Order order) {
  if (order == Order::kExact) return LinesMatch(expected, actual);
  std::vector<Element> wanted = Elements(expected);
  std::vector<Element> found = Elements(actual);
  if (wanted.empty()) return LinesMatch(expected, actual);
  if (order == Order::kPairs) {
    JoinPairs(wanted);
    JoinPairs(found);
  }
  if (wanted.size() != found.size()) return false;
  const Order below = order == Order::kDeep ? Order::kDeep : Order::kExact;
  for (const Element& element : wanted) {
    size_t i = 0;
    while (i < found.size() && !Matches(element, found[i], below)) ++i;
    if (i == found.size()) return false;
    found.erase(found.begin() + static_cast<ptrdiff_t>(i));
  }
  return true;
}

}  // namespace larder::test
