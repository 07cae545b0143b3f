#include "server/config/words.h"

#include <utility>

#include "server/base/check.h"
#include "server/base/hex.h"

namespace larder {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsPrintable(char c) { return c >= ' ' && c <= '~'; }

char Unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Reads a quoted part; *pos is behind the opening quote, and ends behind the closing one. False
// when it is not closed, or when no space follows.
bool ReadQuoted(std::string_view line, char quote, size_t* pos, std::string* word) {
  size_t i = *pos;
  for (; i < line.size() && line[i] != quote; ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      *word += line[i];
    } else if (quote == '\'') {
      if (line[i + 1] == '\'') ++i;
      *word += line[i];
    } else if (line[i + 1] == 'x' && i + 3 < line.size() && HexValue(line[i + 2]) >= 0 &&
               HexValue(line[i + 3]) >= 0) {
      *word += static_cast<char>(HexValue(line[i + 2]) * 16 + HexValue(line[i + 3]));
      i += 3;
    } else {
      *word += Unescape(line[++i]);
    }
  }
  if (i == line.size()) return false;
  *pos = i + 1;
  return *pos == line.size() || IsSpace(line[*pos]);
}

}  // namespace

std::optional<std::vector<std::string>> SplitWords(std::string_view line) {
  std::vector<std::string> words;
  size_t i = 0;
  while (true) {
    while (i < line.size() && IsSpace(line[i])) ++i;
    if (i == line.size()) return words;
    std::string& word = words.emplace_back();
    while (i < line.size() && !IsSpace(line[i])) {
      if (line[i] == '"' || line[i] == '\'') {
        char quote = line[i++];
        if (!ReadQuoted(line, quote, &i, &word)) return std::nullopt;
      } else {
        word += line[i++];
      }
    }
  }
}

std::vector<std::string> ValueWords(std::string_view value) {
  std::optional<std::vector<std::string>> words = SplitWords(value);
  CHECK(words.has_value());
  return std::move(*words);
}

std::string QuoteWord(std::string_view word) {
  std::string quoted = "\"";
  for (char c : word) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (IsPrintable(c)) {
      quoted += c;
    } else {
      AppendHexEscape(quoted, c);
    }
  }
  return quoted + '"';
}

std::string QuoteWordIfNeeded(std::string_view word) {
  bool bare = !word.empty() && word[0] != '#';
  for (char c : word)
    bare = bare && IsPrintable(c) && c != ' ' && c != '"' && c != '\'' && c != '\\';
  return bare ? std::string(word) : QuoteWord(word);
}

}  // namespace larder
