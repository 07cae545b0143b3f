#include "tests/support/resp.h"

#include <charconv>
#include <stdexcept>

namespace larder::test {
namespace {

constexpr int kMaxDepth = 128;  // deeper than any reply; keeps a broken server from our stack

int64_t Length(std::string_view head) {
  int64_t length = 0;
  const auto [end, error] = std::from_chars(head.data(), head.data() + head.size(), length);
  if (error != std::errc() || end != head.data() + head.size() || length < -1) {
    throw std::runtime_error("not a RESP length: " + std::string(head));
  }
  return length;
}

}  // namespace

std::optional<Value> RespReader::Next() {
  for (;;) {
    size_t at = 0;
    Value value;
    if (!Parse(at, value, 0)) return std::nullopt;
    buffer_.erase(0, at);
    if (value.type != '|') return value;
  }
}

std::optional<std::string_view> RespReader::Line(size_t& at) const {
  const size_t end = buffer_.find("\r\n", at);
  if (end == std::string::npos) return std::nullopt;
  const std::string_view line = std::string_view(buffer_).substr(at, end - at);
  at = end + 2;
  return line;
}

bool RespReader::Parse(size_t& at, Value& value, int depth) const {
  if (depth > kMaxDepth) throw std::runtime_error("a reply nested too deeply");
  const std::optional<std::string_view> line = Line(at);
  if (!line) return false;
  if (line->empty()) throw std::runtime_error("an empty line where a reply should be");
  value.type = line->front();
  const std::string_view head = line->substr(1);
  switch (value.type) {
    case '+':
    case '-':
    case ':':
    case ',':
    case '#':
    case '(':
      value.text = head;
      return true;
    case '_':
      value.null = true;
      return true;
    case '$':
    case '=':
    case '!':
      return ParseBulk(at, value, head);
    case '*':
    case '~':
    case '>':
    case '%':
    case '|':
      return ParseItems(at, value, head, depth);
    default:
      throw std::runtime_error("not a RESP reply: " + std::string(*line));
  }
}

bool RespReader::ParseBulk(size_t& at, Value& value, std::string_view head) const {
  const int64_t length = Length(head);
  value.null = length < 0;
  if (value.null) return true;
  const size_t size = static_cast<size_t>(length);
  if (buffer_.size() < at + size + 2) return false;
  value.text = buffer_.substr(at, size);
  at += size + 2;
  if (buffer_[at - 2] != '\r' || buffer_[at - 1] != '\n') {
    throw std::runtime_error("a bulk string without its end of line");
  }
  return true;
}

bool RespReader::ParseItems(size_t& at, Value& value, std::string_view head, int depth) const {
  int64_t count = Length(head);
  value.null = count < 0;
  if (value.type == '%' || value.type == '|') count *= 2;
  for (int64_t i = 0; i < count; ++i) {
    if (!Parse(at, value.items.emplace_back(), depth + 1)) return false;
  }
  return true;
}

}  // namespace larder::test
