#include "server/base/glob.h"

#include <algorithm>
#include <cstddef>

#include "server/base/strings.h"

namespace larder {
namespace {

char Fold(char c, bool nocase) { return nocase ? ToLower(c) : c; }

// Matches `c` against the class whose '[' is at *pos, and moves *pos past its ']'. Bytes are
// compared as signed characters, as Redis does on x86, so that ranges over 0x7f agree with it.
bool MatchClass(std::string_view pattern, size_t* pos, char c, bool nocase) {
  size_t i = *pos + 1;
  bool negated = i < pattern.size() && pattern[i] == '^';
  if (negated) ++i;
  bool match = false;
  for (; i < pattern.size() && pattern[i] != ']'; ++i) {
    size_t left = pattern.size() - i;
    if (pattern[i] == '\\' && left >= 2) {
      match |= pattern[++i] == c;  // an escaped character keeps its case
    } else if (left >= 3 && pattern[i + 1] == '-') {
      auto [low, high] = std::minmax(
          {static_cast<signed char>(pattern[i]), static_cast<signed char>(pattern[i + 2])});
      char folded = Fold(c, nocase);
      match |= static_cast<signed char>(folded) >= Fold(static_cast<char>(low), nocase) &&
               static_cast<signed char>(folded) <= Fold(static_cast<char>(high), nocase);
      i += 2;
    } else {
      match |= Fold(pattern[i], nocase) == Fold(c, nocase);
    }
  }
  *pos = std::min(i + 1, pattern.size());
  return match != negated;
}

// Matches one character against the pattern element at *pos (not a star) and moves *pos past it.
bool MatchOne(std::string_view pattern, size_t* pos, char c, bool nocase) {
  switch (pattern[*pos]) {
    case '?':
      ++*pos;
      return true;
    case '[':
      return MatchClass(pattern, pos, c, nocase);
    case '\\':
      if (*pos + 1 < pattern.size()) ++*pos;
      [[fallthrough]];
    default:
      return Fold(pattern[(*pos)++], nocase) == Fold(c, nocase);
  }
}

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view text, bool nocase) {
  if (text.empty()) return pattern.empty();
  constexpr size_t kNone = std::string_view::npos;
  size_t p = 0, t = 0;
  size_t after_star = kNone, star_text = 0;  // where to go on after a mismatch
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_text = t;
      if (p == pattern.size()) return true;
    } else if (p < pattern.size() && MatchOne(pattern, &p, text[t], nocase)) {
      ++t;
    } else if (after_star != kNone) {
      p = after_star;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace larder
