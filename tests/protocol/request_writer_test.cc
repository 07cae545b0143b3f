#include "protocol/request_writer.h"

#include <gtest/gtest.h>

#include <vector>

#include "protocol/request_parser.h"

namespace larder {
namespace {

TEST(RequestWriter, SpellsARequestBehindWhatIsThere) {
  EXPECT_EQ(EncodeRequest({"PING"}), "*1\r\n$4\r\nPING\r\n");
  std::string text = "x";
  ByteBuffer bytes;
  bytes.Append("x");
  const std::vector<std::string_view> words = {"SET", "", std::string_view("\0\r\n", 3)};
  AppendRequest(text, words);
  AppendRequest(bytes, words);
  const std::string_view spelled("x*3\r\n$3\r\nSET\r\n$0\r\n\r\n$3\r\n\0\r\n\r\n", 29);
  EXPECT_EQ(text, spelled);
  EXPECT_EQ(bytes.view(), spelled);
}

TEST(RequestWriter, WritesWhatTheParserReads) {
  std::vector<std::string> words(1200, std::string(1100, 'v'));
  std::string text;
  AppendRequest(text, std::vector<std::string_view>(words.begin(), words.end()));
  RequestParser parser;
  std::vector<std::string_view> read;
  size_t consumed = 0;
  ASSERT_EQ(parser.Next(text, {}, read, &consumed), RequestParser::Result::kRequest);
  EXPECT_EQ(consumed, text.size());
  EXPECT_EQ(std::vector<std::string>(read.begin(), read.end()), words);
}

}  // namespace
}  // namespace larder
