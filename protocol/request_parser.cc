#include "protocol/request_parser.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace larder {
namespace {

constexpr size_t kMostFastDigits = 18;  // no overflow possible

// The usual line: digits without leading zeros, CR and one more byte. Anything else is left to
// ReadLongLine, which waits for it or finds out what is wrong with it. `at` is behind the type.
bool ReadFastLine(std::string_view input, size_t at, int64_t* number, size_t* end) {
  const size_t last = std::min(input.size(), at + kMostFastDigits);
  const size_t first = at;
  int64_t value = 0;
  while (at < last && input[at] >= '0' && input[at] <= '9')
    value = value * 10 + (input[at++] - '0');
  if (at == first || at + 1 >= input.size() || input[at] != '\r') return false;
  if (input[first] == '0' && at - first > 1) return false;
  *number = value;
  *end = at + 2;
  return true;
}

// More than 9 where there is no digit.
inline size_t DigitAt(const char* p) { return static_cast<unsigned char>(*p - '0'); }

// The usual word: "$", one to four digits, CR, LF and all of its bytes. Returns where it ends; null
// for whatever else.
inline const char* ReadFastWord(const char* p, const char* end, size_t most,
                                std::string_view* word) {
  if (end - p < 8 || p[0] != '$') return nullptr;
  size_t size = DigitAt(p + 1);
  if (size - 1 > 8) return nullptr;  // no digit, or a zero
  p += 2;
  const char* const most_digits = p + 3;
  for (size_t digit; p != most_digits && (digit = DigitAt(p)) <= 9; ++p) size = size * 10 + digit;
  if (*p != '\r' || size > most || static_cast<size_t>(end - p) < size + 4) return nullptr;
  *word = {p + 2, size};
  return p + size + 4;
}

// The largest word that is read the usual way: four digits tell its length.
constexpr size_t kMostFastBytes = 9999;
inline size_t FastWordBytes(const RequestParser::Limits& limits) {
  return std::min(limits.bulk_bytes,
                  limits.authenticated ? kMostFastBytes : limits::kUnauthenticatedBulkBytes);
}

// The usual request: one to 99 usual words, all of them there. False, with some words perhaps, for
// whatever else, which is left to the slow way.
bool ReadFastRequest(std::string_view input, const RequestParser::Limits& limits,
                     std::vector<std::string_view>& args, size_t* consumed) {
  const char* p = input.data();
  const char* end = p + input.size();
  if (end - p < 5 || p[0] != '*' || p[1] <= '0' || p[1] > '9') return false;
  size_t words = static_cast<size_t>(p[1] - '0');
  p += 2;
  if (*p >= '0' && *p <= '9') words = words * 10 + static_cast<size_t>(*p++ - '0');
  if (*p != '\r' || words > limits.arguments) return false;
  if (!limits.authenticated && words > limits::kUnauthenticatedArguments) return false;
  const size_t most = FastWordBytes(limits);
  args.resize(words);
  p += 2;
  for (std::string_view& word : args) {
    p = ReadFastWord(p, end, most, &word);
    if (p == nullptr) return false;
  }
  *consumed = static_cast<size_t>(p - input.data());
  return true;
}

// Strict as Redis: no plus, no leading zeros, no "-0".
bool ParseNumber(std::string_view text, int64_t* number) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || (digits[0] == '0' && text.size() > 1)) return false;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
// An unquoted word goes on over vertical tabs and form feeds, as in Redis.
bool EndsWord(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Reads what follows a backslash between double quotes; returns the offset behind it.
size_t Unescape(std::string_view text, size_t at, std::string* word) {
  const char c = text[at];
  if (c == 'x' && at + 2 < text.size()) {
    const int high = HexDigit(text[at + 1]), low = HexDigit(text[at + 2]);
    if (high >= 0 && low >= 0) {
      word->push_back(static_cast<char>(high * 16 + low));
      return at + 3;
    }
  }
  constexpr std::string_view kLetters = "nrtba", kMeanings = "\n\r\t\b\a";
  const size_t letter = kLetters.find(c);
  word->push_back(letter == std::string_view::npos ? c : kMeanings[letter]);
  return at + 1;
}

// Reads from behind an opening quote to behind the closing one, which must end the word; npos when
// it does not, or when there is none.
size_t ReadQuoted(std::string_view text, size_t at, char quote, std::string* word) {
  while (at < text.size()) {
    const char c = text[at];
    if (c == quote) return at + 1 == text.size() || IsSpace(text[at + 1]) ? at + 1 : text.npos;
    const bool escape = c == '\\' && at + 1 < text.size();
    if (escape && quote == '"') {
      at = Unescape(text, at + 1, word);
    } else if (escape && text[at + 1] == '\'') {
      word->push_back('\'');
      at += 2;
    } else {
      word->push_back(c);
      ++at;
    }
  }
  return text.npos;
}

}  // namespace

RequestParser::Result RequestParser::Next(std::string_view input, const Limits& limits,
                                          std::vector<std::string_view>& args, size_t* consumed) {
  if (unquoted_ != nullptr) unquoted_.reset();
  if (unfinished_ == nullptr && ReadFastRequest(input, limits, args, consumed)) {
    return Result::kRequest;
  }
  args.clear();
  *consumed = 0;
  if (input.size() < wanted() || input.empty()) return Result::kNeedMore;
  return input[0] == '*' ? NextArray(input, limits, args, consumed)
                         : NextInline(input, limits, args, consumed);
}

RequestParser::Result RequestParser::NextArray(std::string_view input, const Limits& limits,
                                               std::vector<std::string_view>& args,
                                               size_t* consumed) {
  size_t position = 0, words_left = 0;
  if (unfinished_ != nullptr && unfinished_->words_left > 0) {
    position = unfinished_->position;
    words_left = unfinished_->words_left;
  } else {
    Line line;
    Result result = ReadCount(input, limits, &line);
    if (result != Result::kRequest) return result;
    position = line.end;
    words_left = line.number > 0 ? static_cast<size_t>(line.number) : 0;
  }
  Result result = ReadWords(input, limits, args, &position, words_left);
  if (result != Result::kRequest) return result;
  *consumed = position;
  if (unfinished_ != nullptr) PrependPieces(input, args);
  return args.empty() ? Result::kEmpty : Result::kRequest;
}

// Reads words into `args` until the array is whole; what it found is kept in unfinished_ if it is
// not.
RequestParser::Result RequestParser::ReadWords(std::string_view input, const Limits& limits,
                                               std::vector<std::string_view>& args,
                                               size_t* position, size_t words_left) {
  const size_t fast_bytes = FastWordBytes(limits);
  const char* const end = input.data() + input.size();
  for (; words_left > 0; --words_left) {
    std::string_view word;
    if (const char* p = ReadFastWord(input.data() + *position, end, fast_bytes, &word)) {
      args.push_back(word);
      *position = static_cast<size_t>(p - input.data());
      continue;
    }
    Line line;
    Result result = ReadWordSize(input, limits, *position, &line);
    if (result == Result::kError) return result;
    size_t word_begin = *position, size = 0;
    if (result == Result::kRequest) {
      word_begin = line.end;
      size = static_cast<size_t>(line.number);
      if (input.size() - line.end >= size + 2) {
        args.push_back(input.substr(line.end, size));
        *position = line.end + size + 2;
        continue;
      }
      NeedMore(line.end + size + 2);
    }
    Unfinished& rest = unfinished();
    rest.position = *position;
    rest.word_begin = word_begin;
    rest.word_size = size;
    rest.words_left = words_left;
    for (std::string_view found : args) {
      rest.pieces.push_back({static_cast<size_t>(found.data() - input.data()), found.size()});
    }
    args.clear();
    return Result::kNeedMore;
  }
  return Result::kRequest;
}

void RequestParser::PrependPieces(std::string_view input, std::vector<std::string_view>& args) {
  const std::vector<Piece>& pieces = unfinished_->pieces;
  args.insert(args.begin(), pieces.size(), {});
  for (size_t i = 0; i < pieces.size(); ++i) {
    args[i] = input.substr(pieces[i].offset, pieces[i].size);
  }
  unfinished_.reset();
}

RequestParser::Result RequestParser::ReadCount(std::string_view input, const Limits& limits,
                                               Line* line) {
  constexpr std::string_view kInvalid = "invalid multibulk length";
  if (!ReadFastLine(input, 1, &line->number, &line->end)) {
    Result result = ReadLongLine(input, 0, "too big mbulk count string", kInvalid, line);
    if (result != Result::kRequest) return result;
  }
  if (line->number > static_cast<int64_t>(limits.arguments)) return Fail(kInvalid);
  if (!limits.authenticated &&
      line->number > static_cast<int64_t>(limits::kUnauthenticatedArguments)) {
    return Fail("unauthenticated multibulk length");
  }
  return Result::kRequest;
}

RequestParser::Result RequestParser::ReadWordSize(std::string_view input, const Limits& limits,
                                                  size_t position, Line* line) {
  constexpr std::string_view kInvalid = "invalid bulk length";
  // What has begun to come is not refused because a limit was lowered meanwhile.
  if (unfinished_ != nullptr && unfinished_->position == position && !within_line()) {
    *line = {static_cast<int64_t>(unfinished_->word_size), unfinished_->word_begin};
    return Result::kRequest;
  }
  const bool is_bulk = position < input.size() && input[position] == '$';
  if (!is_bulk || !ReadFastLine(input, position + 1, &line->number, &line->end)) {
    Result result = ReadLongLine(input, position, "too big bulk count string", kInvalid, line);
    if (result != Result::kRequest) return result;
  }
  if (line->number < 0 || line->number > static_cast<int64_t>(limits.bulk_bytes)) {
    return Fail(kInvalid);
  }
  if (!limits.authenticated &&
      line->number > static_cast<int64_t>(limits::kUnauthenticatedBulkBytes)) {
    return Fail("unauthenticated bulk length");
  }
  return Result::kRequest;
}

// The line at `position`, whatever it looks like. Redis looks at it only once its CR and one byte
// more are there.
RequestParser::Result RequestParser::ReadLongLine(std::string_view input, size_t position,
                                                  std::string_view too_big,
                                                  std::string_view invalid, Line* line) {
  size_t from = position;
  if (unfinished_ != nullptr && unfinished_->scanned > from) from = unfinished_->scanned;
  const size_t end = input.find('\r', from);
  if (end == input.npos && input.size() - position > limits::kLineBytes) return Fail(too_big);
  if (end == input.npos || end + 1 == input.size()) {
    unfinished().scanned = end == input.npos ? input.size() : end;
    return NeedMore(input.size() + 1);
  }
  const char type = position == 0 ? '*' : '$';
  if (input[position] != type) {
    return Fail(std::string("expected '$', got '") + input[position] + "'");
  }
  if (!ParseNumber(input.substr(position + 1, end - position - 1), &line->number)) {
    return Fail(invalid);
  }
  line->end = end + 2;
  return Result::kRequest;
}

RequestParser::Result RequestParser::NextInline(std::string_view input, const Limits& limits,
                                                std::vector<std::string_view>& args,
                                                size_t* consumed) {
  const size_t from = unfinished_ != nullptr ? unfinished_->scanned : 0;
  const size_t newline = input.find('\n', from);
  if (newline == input.npos) {
    if (input.size() > limits.inline_bytes) return Fail("too big inline request");
    unfinished().scanned = input.size();
    return NeedMore(input.size() + 1);
  }
  unfinished_.reset();
  *consumed = newline + 1;
  const std::string_view line = input.substr(0, newline);
  if (line.find_first_of("\"'") != line.npos) {
    if (!SplitQuoted(line, args)) return Fail("unbalanced quotes in request");
  } else {
    size_t at = 0;
    while (true) {
      while (at < line.size() && IsSpace(line[at])) ++at;
      if (at == line.size()) break;
      const size_t start = at;
      while (at < line.size() && !EndsWord(line[at])) ++at;
      args.push_back(line.substr(start, at - start));
    }
  }
  return args.empty() ? Result::kEmpty : Result::kRequest;
}

bool RequestParser::SplitQuoted(std::string_view text, std::vector<std::string_view>& args) {
  unquoted_ = std::make_unique<std::deque<std::string>>();
  size_t at = 0;
  while (true) {
    while (at < text.size() && IsSpace(text[at])) ++at;
    if (at == text.size()) break;
    std::string& word = unquoted_->emplace_back();
    while (at < text.size() && !EndsWord(text[at])) {
      const char c = text[at++];
      if (c != '"' && c != '\'') {
        word.push_back(c);
        continue;
      }
      at = ReadQuoted(text, at, c, &word);
      if (at == text.npos) return false;
      break;
    }
  }
  for (const std::string& word : *unquoted_) args.push_back(word);
  return true;
}

size_t RequestParser::MemoryBytes() const {
  size_t bytes = 0;
  if (unfinished_ != nullptr) {
    bytes += sizeof(Unfinished) + unfinished_->pieces.capacity() * sizeof(Piece);
  }
  if (unquoted_ != nullptr) {
    for (const std::string& word : *unquoted_) bytes += sizeof(word) + word.capacity();
  }
  return bytes;
}

RequestParser::Unfinished& RequestParser::unfinished() {
  if (unfinished_ == nullptr) unfinished_ = std::make_unique<Unfinished>();
  return *unfinished_;
}

RequestParser::Result RequestParser::NeedMore(size_t wanted) {
  unfinished().wanted = wanted;
  return Result::kNeedMore;
}

RequestParser::Result RequestParser::Fail(std::string_view text) {
  error_ = "ERR Protocol error: ";
  error_ += text;
  unfinished_.reset();
  return Result::kError;
}

}  // namespace larder
