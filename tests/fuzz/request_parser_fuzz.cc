// Feeds the same bytes whole and in pieces: the same requests and the same error must come out, and
// never more words than bytes. The first byte says how large the pieces are.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/request_parser.h"
#include "server/base/check.h"

namespace larder {
namespace {

struct Parsed {
  std::vector<std::vector<std::string>> requests;
  std::string error;
  bool operator==(const Parsed&) const = default;
};

Parsed Feed(std::string_view input, size_t piece, const RequestParser::Limits& limits) {
  using Result = RequestParser::Result;
  RequestParser parser;
  Parsed parsed;
  std::string buffer;
  std::vector<std::string_view> args;
  while (!input.empty()) {
    piece = piece < input.size() ? piece : input.size();
    buffer += input.substr(0, piece);
    input.remove_prefix(piece);
    while (!buffer.empty()) {
      size_t consumed = 0;
      Result result = parser.Next(buffer, limits, args, &consumed);
      if (result == Result::kNeedMore) {
        CHECK(parser.wanted() > buffer.size());
        break;
      }
      if (result == Result::kError) {
        parsed.error = parser.error();
        return parsed;
      }
      CHECK(consumed > 0 && consumed <= buffer.size());
      CHECK(args.size() <= consumed);
      if (result == Result::kRequest) parsed.requests.emplace_back(args.begin(), args.end());
      buffer.erase(0, consumed);
    }
  }
  return parsed;
}

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  larder::RequestParser::Limits limits;
  limits.authenticated = (data[0] & 1) == 0;
  const size_t piece = 1 + data[0] / 2;
  CHECK(larder::Feed(input, input.size(), limits) == larder::Feed(input, piece, limits));
  return 0;
}
