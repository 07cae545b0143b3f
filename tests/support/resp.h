// A reader of RESP2 and RESP3 for the tests. It shares no code with protocol/ on purpose: a judge
// that uses the accused's parser agrees with its mistakes. Not thread-safe; one reader per
// connection. Throws std::runtime_error for bytes that are not RESP.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::test {

// One reply. `type` is the byte on the wire (+ - : $ * _ , # ! = ( % ~ >); what is null has `null`
// set.
struct Value {
  char type = '_';
  bool null = false;
  std::string text;          // + - : $ , # ! = (
  std::vector<Value> items;  // * % ~ >; a map holds key, value, key, value

  bool IsError() const { return type == '-' || type == '!'; }
  bool IsPush() const { return type == '>'; }
  bool operator==(const Value&) const = default;
};

class RespReader {
 public:
  void Feed(std::string_view bytes) { buffer_.append(bytes); }

  // The next complete reply, or nothing yet. Attributes (|) are read and dropped.
  std::optional<Value> Next();

  bool empty() const { return buffer_.empty(); }

 private:
  bool Parse(size_t& at, Value& value, int depth) const;
  bool ParseBulk(size_t& at, Value& value, std::string_view head) const;
  bool ParseItems(size_t& at, Value& value, std::string_view head, int depth) const;
  std::optional<std::string_view> Line(size_t& at) const;

  std::string buffer_;
};

}  // namespace larder::test
