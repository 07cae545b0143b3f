#include "protocol/reply_parser.h"

#include <charconv>
#include <limits>
#include <system_error>

#include "protocol/limits.h"

namespace larder {
namespace {

using Type = ReplyItem::Type;

template <typename Number>
bool Parse(std::string_view text, Number* number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseDouble(std::string_view text, double* number) {
  if (text == "nan" || text == "-nan") {
    *number = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  return Parse(text, number);  // knows inf and -inf
}

// A line that holds its value itself.
bool ReadSimple(char type, std::string_view line, ReplyItem* item) {
  item->text = line;
  switch (type) {
    case '+':
      item->type = Type::kStatus;
      return true;
    case '-':
      item->type = Type::kError;
      return true;
    case ':':
      item->type = Type::kInteger;
      return Parse(line, &item->integer);
    case '_':
      item->type = Type::kNull;
      return line.empty();
    case ',':
      item->type = Type::kDouble;
      return ParseDouble(line, &item->number);
    case '(':
      item->type = Type::kBigNumber;
      return !line.empty();
    case '#':
      item->type = Type::kBool;
      item->integer = line == "t" ? 1 : 0;
      return line == "t" || line == "f";
    default:
      return false;
  }
}

bool IsAggregate(char type, Type* result) {
  switch (type) {
    case '*':
      *result = Type::kArray;
      return true;
    case '~':
      *result = Type::kSet;
      return true;
    case '>':
      *result = Type::kPush;
      return true;
    case '%':
      *result = Type::kMap;
      return true;
    case '|':
      *result = Type::kAttribute;
      return true;
    default:
      return false;
  }
}

// A length, then that many bytes and CR LF.
ParseResult ReadBulk(char type, std::string_view input, size_t start, int64_t length,
                     ReplyItem* item, size_t* consumed) {
  const size_t size = static_cast<size_t>(length);
  if (input.size() < start + 2 || input.size() - start - 2 < size) return ParseResult::kNeedMore;
  item->type = Type::kBulk;
  item->text = input.substr(start, size);
  *consumed = start + size + 2;
  if (type == '!') item->type = Type::kError;
  if (type == '=') {
    if (size < 4 || item->text[3] != ':') return ParseResult::kError;
    item->type = Type::kVerbatim;
    item->format = item->text.substr(0, 3);
    item->text.remove_prefix(4);
  }
  return ParseResult::kItem;
}

// What nearly all items of long replies are, a string of a few digits' length, without a search for
// the end of its line. False: look closer.
bool ReadShortBulk(std::string_view input, ReplyItem* item, size_t* consumed) {
  constexpr size_t kMostDigits = 5;
  if (input.size() < kMostDigits + 3 || input[0] != '$') return false;
  size_t size = 0, at = 1;
  for (; at <= kMostDigits && input[at] >= '0' && input[at] <= '9'; ++at) {
    size = size * 10 + static_cast<size_t>(input[at] - '0');
  }
  if (at == 1 || input[at] != '\r' || input[at + 1] != '\n') return false;
  return ReadBulk('$', input, at + 2, static_cast<int64_t>(size), item, consumed) ==
         ParseResult::kItem;
}

}  // namespace

ParseResult NextReplyItem(std::string_view input, ReplyItem* item, size_t* consumed) {
  *item = ReplyItem();
  if (ReadShortBulk(input, item, consumed)) return ParseResult::kItem;
  if (input.empty()) return ParseResult::kNeedMore;
  const size_t end = input.find('\r');
  if (end == input.npos) {
    const bool endless = input[0] != '+' && input[0] != '-' && input.size() > limits::kLineBytes;
    return endless ? ParseResult::kError : ParseResult::kNeedMore;
  }
  if (end + 1 == input.size()) return ParseResult::kNeedMore;
  if (end == 0 || input[end + 1] != '\n') return ParseResult::kError;
  const char type = input[0];
  const std::string_view line = input.substr(1, end - 1);
  *consumed = end + 2;

  const bool aggregate = IsAggregate(type, &item->type);
  if (!aggregate && type != '$' && type != '=' && type != '!') {
    return ReadSimple(type, line, item) ? ParseResult::kItem : ParseResult::kError;
  }
  int64_t length;
  if (!Parse(line, &length) || length < -1) return ParseResult::kError;
  if (length > static_cast<int64_t>(limits::kArguments)) return ParseResult::kError;
  if (length == -1) {
    if (type != '*' && type != '$') return ParseResult::kError;
    item->type = Type::kNull;
    return ParseResult::kItem;
  }
  if (!aggregate) return ReadBulk(type, input, end + 2, length, item, consumed);
  item->count = static_cast<size_t>(length);
  return ParseResult::kItem;
}

ParseResult ReplySize(std::string_view input, size_t* size) {
  *size = 0;
  for (uint64_t left = 1; left > 0; --left) {
    ReplyItem item;
    size_t consumed;
    ParseResult result = NextReplyItem(input.substr(*size), &item, &consumed);
    if (result != ParseResult::kItem) return result;
    *size += consumed;
    if (item.type == Type::kAttribute) ++left;
    // Every item takes three bytes at least, so a sum that overflows can't be met.
    if (item.following() > std::numeric_limits<uint64_t>::max() - left) return ParseResult::kError;
    left += item.following();
  }
  return ParseResult::kItem;
}

}  // namespace larder
