#include "protocol/reply_parser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace larder {
namespace {

using Type = ReplyItem::Type;

ReplyItem Read(std::string_view input) {
  ReplyItem item;
  size_t consumed = 0;
  EXPECT_EQ(NextReplyItem(input, &item, &consumed), ParseResult::kItem) << input;
  EXPECT_EQ(consumed, input.size()) << input;
  for (size_t size = 0; size < input.size(); ++size) {
    ReplyItem ignored;
    EXPECT_EQ(NextReplyItem(input.substr(0, size), &ignored, &consumed), ParseResult::kNeedMore);
  }
  return item;
}

TEST(ReplyParser, ReadsEveryItemThatIsOneLine) {
  EXPECT_EQ(Read("+OK\r\n").text, "OK");
  EXPECT_EQ(Read("-ERR no\r\n").type, Type::kError);
  EXPECT_EQ(Read(":-42\r\n").integer, -42);
  EXPECT_EQ(Read("$-1\r\n").type, Type::kNull);
  EXPECT_EQ(Read("*-1\r\n").type, Type::kNull);
  EXPECT_EQ(Read("_\r\n").type, Type::kNull);
  EXPECT_EQ(Read(",3.25\r\n").number, 3.25);
  EXPECT_TRUE(std::isinf(Read(",-inf\r\n").number));
  EXPECT_TRUE(std::isnan(Read(",nan\r\n").number));
  EXPECT_EQ(Read("#t\r\n").integer, 1);
  EXPECT_EQ(Read("(12345678901234567890\r\n").text, "12345678901234567890");
}

TEST(ReplyParser, ReadsWhatHasALength) {
  EXPECT_EQ(Read("$5\r\na\r\nb\n\r\n").text, "a\r\nb\n");
  EXPECT_EQ(Read("$0\r\n\r\n").text, "");
  EXPECT_EQ(Read("!5\r\nERR x\r\n").type, Type::kError);
  ReplyItem verbatim = Read("=6\r\nmkd:hi\r\n");
  EXPECT_EQ(verbatim.format, "mkd");
  EXPECT_EQ(verbatim.text, "hi");
}

TEST(ReplyParser, SaysHowManyItemsFollow) {
  EXPECT_EQ(Read("*3\r\n").following(), 3u);
  EXPECT_EQ(Read("~2\r\n").type, Type::kSet);
  EXPECT_EQ(Read(">2\r\n").type, Type::kPush);
  EXPECT_EQ(Read("%2\r\n").following(), 4u);
}

TEST(ReplyParser, FindsTheEndOfANestedReply) {
  const std::string reply = "*2\r\n%1\r\n$1\r\na\r\n*0\r\n|1\r\n+k\r\n+v\r\n:5\r\n";
  size_t size = 0;
  EXPECT_EQ(ReplySize(reply + "+OK\r\n", &size), ParseResult::kItem);
  EXPECT_EQ(size, reply.size());
  for (size_t i = 0; i < reply.size(); ++i) {
    EXPECT_EQ(ReplySize(reply.substr(0, i), &size), ParseResult::kNeedMore) << i;
  }
}

TEST(ReplyParser, RefusesWhatIsNoReply) {
  for (std::string_view input : {"x\r\n", ":1x\r\n", "$x\r\n", "$-2\r\n", "%-1\r\n", "#y\r\n",
                                 "+a\rb", "=3\r\nabc\r\n", "_x\r\n", "\r\n"}) {
    ReplyItem item;
    size_t consumed;
    EXPECT_EQ(NextReplyItem(input, &item, &consumed), ParseResult::kError) << input;
  }
}

}  // namespace
}  // namespace larder
