#include "protocol/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace larder {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Result = RequestParser::Result;
using Words = std::vector<std::string>;

struct Parsed {
  std::vector<Words> requests;
  std::string error;
  size_t left = 0;  // bytes that are no whole request

  bool operator==(const Parsed&) const = default;
};

// Feeds `input` in pieces of `piece` bytes, as a connection would: what is read goes, the rest
// stays.
Parsed Feed(std::string_view input, size_t piece, const RequestParser::Limits& limits = {}) {
  RequestParser parser;
  Parsed parsed;
  std::string buffer;
  std::vector<std::string_view> args;
  while (!input.empty() && parsed.error.empty()) {
    buffer += input.substr(0, piece);
    input.remove_prefix(std::min(piece, input.size()));
    Result result = Result::kEmpty;
    while (!buffer.empty() && result != Result::kNeedMore && result != Result::kError) {
      size_t consumed = 0;
      result = parser.Next(buffer, limits, args, &consumed);
      if (result == Result::kRequest) parsed.requests.emplace_back(args.begin(), args.end());
      if (result == Result::kError) parsed.error = parser.error();
      if (result == Result::kNeedMore) {
        EXPECT_GT(parser.wanted(), buffer.size());
      }
      buffer.erase(0, consumed);
    }
  }
  parsed.left = parsed.error.empty() ? buffer.size() : 0;
  return parsed;
}

Parsed Feed(std::string_view input) { return Feed(input, input.size()); }

std::string ErrorOf(std::string_view input, const RequestParser::Limits& limits = {}) {
  const std::string whole = Feed(input, input.size(), limits).error;
  EXPECT_EQ(Feed(input, 1, limits).error, whole) << "read byte by byte";
  constexpr std::string_view kPrefix = "ERR Protocol error: ";
  EXPECT_TRUE(whole.empty() || whole.starts_with(kPrefix)) << whole;
  return whole.empty() ? "" : whole.substr(kPrefix.size());
}

TEST(RequestParser, ReadsAnArrayOfBulkStrings) {
  Parsed parsed = Feed("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n");
  EXPECT_THAT(parsed.requests, ElementsAre(Words{"SET", "k", ""}));
  EXPECT_EQ(parsed.left, 0u);
}

TEST(RequestParser, KeepsLineEndsAndZerosInsideWords) {
  const std::string value("\r\n*\0$", 5);
  EXPECT_THAT(Feed("*2\r\n$4\r\nECHO\r\n$5\r\n" + value + "\r\n").requests,
              ElementsAre(Words{"ECHO", value}));
}

TEST(RequestParser, ReadsAPipelineOneRequestAtATime) {
  Parsed parsed =
      Feed("*1\r\n$4\r\nPING\r\nPING x\r\n*0\r\n*-1\r\n\r\n*1\r\n$4\r\nQUIT\r\n*1\r\n$4\r\nPI");
  EXPECT_THAT(parsed.requests, ElementsAre(Words{"PING"}, Words{"PING", "x"}, Words{"QUIT"}));
  EXPECT_EQ(parsed.left, 10u);
}

TEST(RequestParser, FindsTheSameRequestsHoweverTheBytesArrive) {
  const std::string input =
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nhello\r\nworld\r\nGET k\r\n*0\r\n\r\n"
      "SET \"a b\" 'c'\n*2\r\n$1\r\nx\r\n$0\r\n\r\n*1\r\n$-1\r\n";
  const Parsed whole = Feed(input);
  EXPECT_EQ(whole.requests.size(), 4u);
  for (size_t piece = 1; piece < input.size(); ++piece)
    EXPECT_EQ(Feed(input, piece), whole) << piece;
}

TEST(RequestParser, SaysHowMuchAnUnfinishedWordWants) {
  RequestParser parser;
  std::vector<std::string_view> args;
  size_t consumed = 0;
  std::string input = "*2\r\n$3\r\nSET\r\n$100000\r\n";
  EXPECT_EQ(parser.Next(input, {}, args, &consumed), Result::kNeedMore);
  EXPECT_EQ(parser.wanted(), input.size() + 100002);
  EXPECT_THAT(args, IsEmpty());
  input.append(100000, 'v').append("\r\n");
  EXPECT_EQ(parser.Next(input, {}, args, &consumed), Result::kRequest);
  EXPECT_EQ(consumed, input.size());
  EXPECT_EQ(parser.wanted(), 0u);
  EXPECT_EQ(parser.MemoryBytes(), 0u);
}

TEST(RequestParser, TakesAWordItHasBegunToTakeThoughTheLimitIsLowered) {
  const std::string begin = "*2\r\n$3\r\nGET\r\n$2000\r\n";
  std::string end(2000, 'k');
  end += "\r\n";
  RequestParser parser;
  std::vector<std::string_view> args;
  size_t consumed = 0;
  EXPECT_EQ(parser.Next(begin, {}, args, &consumed), Result::kNeedMore);
  const RequestParser::Limits lowered{.bulk_bytes = 1024};
  EXPECT_EQ(parser.Next(begin + end, lowered, args, &consumed), Result::kRequest);
  EXPECT_EQ(consumed, begin.size() + end.size());
  EXPECT_EQ(parser.Next(begin + end, lowered, args, &consumed), Result::kError) << "the next one";
}

TEST(RequestParser, SplitsInlineCommandsAsAShellWould) {
  EXPECT_THAT(Feed("  set\tk   v \r\n").requests, ElementsAre(Words{"set", "k", "v"}));
  EXPECT_THAT(Feed("set \"a\\x41\\n\\q\\\"\" ''\n").requests,
              ElementsAre(Words{"set", "aA\nq\"", ""}));
  EXPECT_THAT(Feed("set 'it\\'s \\n' a\"b c\"\n").requests,
              ElementsAre(Words{"set", "it's \\n", "ab c"}));
}

TEST(RequestParser, MarksWordsThatAreNotInTheInput) {
  RequestParser parser;
  std::vector<std::string_view> args;
  size_t consumed = 0;
  EXPECT_EQ(parser.Next("get 'k'\n", {}, args, &consumed), Result::kRequest);
  EXPECT_TRUE(parser.rewritten());
  EXPECT_EQ(parser.Next("get k\n", {}, args, &consumed), Result::kRequest);
  EXPECT_FALSE(parser.rewritten());
}

TEST(RequestParser, RefusesUnbalancedQuotes) {
  EXPECT_EQ(ErrorOf("set \"a b\n"), "unbalanced quotes in request");
  EXPECT_EQ(ErrorOf("set 'a'b\n"), "unbalanced quotes in request");
  EXPECT_EQ(ErrorOf("set \"a\\\n"), "unbalanced quotes in request");
}

TEST(RequestParser, RefusesWrongLengthsInRedisWords) {
  for (std::string_view count :
       {"", "x", "+1", "01", "-0", "1 ", "2147483648", "99999999999999999999"}) {
    EXPECT_EQ(ErrorOf("*" + std::string(count) + "\r\n$"), "invalid multibulk length") << count;
  }
  for (std::string_view size : {"", "x", "-1", "00", "536870913", "99999999999999999999"}) {
    EXPECT_EQ(ErrorOf("*1\r\n$" + std::string(size) + "\r\n$"), "invalid bulk length") << size;
  }
  EXPECT_EQ(ErrorOf("*1\r\nfoo\r\n"), "expected '$', got 'f'");
}

TEST(RequestParser, SkipsNegativeAndZeroArrays) {
  EXPECT_THAT(Feed("*-10\r\n*0\r\nPING\n").requests, ElementsAre(Words{"PING"}));
}

TEST(RequestParser, RefusesLinesWithoutAnEnd) {
  const std::string many(64 * 1024 + 1, '1');
  EXPECT_EQ(Feed(many).error, "ERR Protocol error: too big inline request");
  EXPECT_EQ(Feed("*" + many).error, "ERR Protocol error: too big mbulk count string");
  EXPECT_EQ(Feed("*1\r\n$" + many).error, "ERR Protocol error: too big bulk count string");
  EXPECT_EQ(Feed(many.substr(1)).error, "");
}

TEST(RequestParser, TakesLittleFromThoseItDoesNotKnow) {
  RequestParser::Limits limits;
  limits.authenticated = false;
  EXPECT_EQ(ErrorOf("*11\r\n$", limits), "unauthenticated multibulk length");
  EXPECT_EQ(ErrorOf("*10\r\n$16385\r\n$", limits), "unauthenticated bulk length");
  EXPECT_EQ(ErrorOf("*10\r\n$16384\r\n$", limits), "");
}

}  // namespace
}  // namespace larder
