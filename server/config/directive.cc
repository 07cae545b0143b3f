#include "server/config/directive.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/config/words.h"

namespace larder {
namespace {

bool CheckRange(const Check& check, int64_t number, std::string* error) {
  if (number >= check.min && number <= check.max) return true;
  *error = StrCat("argument must be between ", check.min, " and ", check.max, " inclusive");
  return false;
}

bool CheckMemory(const Check& check, std::string_view word, std::string* value,
                 std::string* error) {
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  uint64_t bytes = 0;
  // No digits stand for 0: an empty variable of a compose file.
  if (ParseMemory(StrCat("0", word), &bytes)) {
    auto clipped = static_cast<int64_t>(std::min(bytes, kMost));
    *value = StrCat(clipped);
    return CheckRange(check, clipped, error);
  }
  if (check.kind == Check::Kind::kMemory) {
    *error = "argument must be a memory value";
    return false;
  }
  int64_t percent = 0;
  if (word.size() < 2 || word.back() != '%' ||
      !ParseInt64(word.substr(0, word.size() - 1), &percent) || percent < 0) {
    *error = "argument must be a memory or percent value";
    return false;
  }
  *value = StrCat(percent, '%');
  *error = "percentage argument must be less or equal to 100";
  return percent <= 100;
}

bool CheckOctal(const Check& check, std::string_view word, std::string* value, std::string* error) {
  if (word.empty()) word = "0";
  int64_t number = 0;
  auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), number, 8);
  if (code != std::errc() || end != word.data() + word.size()) {
    *error = "argument couldn't be parsed as an octal number";
    return false;
  }
  char digits[24];
  *value = std::string(digits, std::to_chars(digits, digits + sizeof(digits), number, 8).ptr);
  if (number >= check.min && number <= check.max) return true;
  *error = "argument must be between 0 and 777 inclusive";
  return false;
}

// Calls f(choice, index) for each of "a|b|c" until it returns true.
template <typename F>
void ForEachChoice(std::string_view choices, F f) {
  for (int64_t index = 0; !choices.empty(); ++index) {
    size_t end = std::min(choices.find('|'), choices.size());
    if (f(choices.substr(0, end), index)) return;
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
}

bool CheckChoice(const Check& check, std::string_view word, std::string* value,
                 std::string* error) {
  bool found = false;
  *error = "argument(s) must be one of the following: ";
  ForEachChoice(check.choices, [&](std::string_view choice, int64_t index) {
    if (EqualsIgnoreCase(choice, word)) {
      *value = choice;
      return found = true;
    }
    StrAppend(*error, index == 0 ? "" : ", ", choice);
    return false;
  });
  return found;
}

// Levenshtein distance, in one row of the usual matrix.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

bool RunCheck(const Check& check, const CheckInput& input, std::string* value, std::string* error) {
  if (check.kind == Check::Kind::kCustom) return check.custom(input, value, error);
  const std::string& word = input.words[0];
  switch (check.kind) {
    case Check::Kind::kBool:
      *value = ToLower(word);
      *error = "argument must be 'yes' or 'no'";
      return *value == "yes" || *value == "no";
    case Check::Kind::kNumber: {
      int64_t number = 0;
      *error = "argument couldn't be parsed into an integer";
      if (!ParseInt64(word, &number)) return false;
      *value = word;
      return CheckRange(check, number, error);
    }
    case Check::Kind::kOctal:
      return CheckOctal(check, word, value, error);
    case Check::Kind::kMemory:
    case Check::Kind::kPercent:
      return CheckMemory(check, word, value, error);
    case Check::Kind::kChoice:
      return CheckChoice(check, word, value, error);
    default:
      *value = word;
      return true;
  }
}

bool ReadValue(const Directive& row, const CheckInput& input, std::string* value,
               std::string* error) {
  if ((row.flags & kMultiWord) == 0 && input.words.size() != 1) {
    *error = "wrong number of arguments";
    return false;
  }
  if (!RunCheck(row.check, input, value, error)) return false;
  if (row.effect == Effect::kRefused && ((row.flags & kFileOnly) || *value != row.default_value)) {
    *error = row.sentence;
    return false;
  }
  return true;
}

bool ReadLine(const Directive& row, std::vector<std::string> words, std::string_view current,
              std::string* value, std::string* error) {
  if ((row.flags & kMultiWord) && words.size() == 1 && !words[0].empty()) {
    std::optional<std::vector<std::string>> parts = SplitWords(words[0]);
    if (parts) words = *std::move(parts);
  }
  return ReadValue(row, {row.name, words, current, true}, value, error);
}

int64_t NumberOf(const Check& check, std::string_view value) {
  int64_t number = 0;
  switch (check.kind) {
    case Check::Kind::kBool:
      return value == "yes";
    case Check::Kind::kChoice:
      ForEachChoice(check.choices, [&](std::string_view choice, int64_t index) {
        number = index;
        return choice == value;
      });
      return number;
    case Check::Kind::kOctal:
      std::from_chars(value.data(), value.data() + value.size(), number, 8);
      return number;
    default:
      ParseInt64(value, &number);
      return number;
  }
}

const Directive* FindDirective(std::string_view name) {
  for (const Directive& row : Directives()) {
    if (EqualsIgnoreCase(row.name, name)) return &row;
    if (!row.alias.empty() && EqualsIgnoreCase(row.alias, name)) return &row;
  }
  return nullptr;
}

std::string_view NearestDirective(std::string_view name) {
  constexpr size_t kLongestName = 64;  // of a directive; bounds the work on nonsense
  if (name.size() > kLongestName) return "";
  std::string lower = ToLower(name);
  std::string_view nearest;
  size_t best = lower.size() / 3 + 2;  // further away it is no typing error
  for (const Directive& row : Directives()) {
    for (std::string_view candidate : {row.name, row.alias}) {
      if (candidate.empty()) continue;
      // Every letter that one has more is an edit: most names need no more looking at.
      const auto [shorter, longer] = std::minmax({lower.size(), candidate.size()});
      if (longer - shorter >= best) continue;
      size_t distance = EditDistance(lower, candidate);
      if (distance < best) {
        best = distance;
        nearest = candidate;
      }
    }
  }
  return nearest;
}

}  // namespace larder
