#include "tests/support/cli_text.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "tests/support/resp.h"

namespace larder::test {
namespace {

std::string Printed(const std::string& wire) {
  RespReader reader;
  reader.Feed(wire);
  const std::optional<Value> value = reader.Next();
  EXPECT_TRUE(reader.empty());
  return value ? CliText(*value) : "(incomplete)";
}

TEST(CliText, PrintsScalarsAsRedisCli) {
  EXPECT_EQ(Printed("+OK\r\n"), "OK");
  EXPECT_EQ(Printed("-ERR no\r\n"), "(error) ERR no");
  EXPECT_EQ(Printed(":-3\r\n"), "(integer) -3");
  EXPECT_EQ(Printed("$-1\r\n"), "(nil)");
  EXPECT_EQ(Printed("_\r\n"), "(nil)");
  EXPECT_EQ(Printed(",1.5\r\n"), "(double) 1.5");
  EXPECT_EQ(Printed("#t\r\n"), "(true)");
  EXPECT_EQ(Printed("(12345678901234567890\r\n"), "(big number) 12345678901234567890");
}

TEST(CliText, TellsANullArrayFromANull) { EXPECT_EQ(Printed("*-1\r\n"), "(nil array)"); }

TEST(CliText, EscapesWhatCannotBePrinted) {
  EXPECT_EQ(Printed(std::string("$6\r\na\0\n\"\\\xff\r\n", 12)), "\"a\\x00\\n\\\"\\\\\\xff\"");
}

TEST(CliText, IndentsNestedArraysAndAlignsIndexes) {
  EXPECT_EQ(Printed("*2\r\n*2\r\n:1\r\n:2\r\n*0\r\n"),
            "1) 1) (integer) 1\n   2) (integer) 2\n2) (empty array)");
  std::string ten = "*10\r\n";
  for (int i = 0; i < 10; ++i) ten += ":0\r\n";
  EXPECT_TRUE(Printed(ten).starts_with(" 1) (integer) 0\n 2) "));
}

TEST(CliText, PrintsMapsAndSets) {
  EXPECT_EQ(Printed("%1\r\n+a\r\n*2\r\n:1\r\n:2\r\n"),
            "1# a =>\n   1) (integer) 1\n   2) (integer) 2");
  EXPECT_EQ(Printed("~1\r\n$1\r\nx\r\n"), "1~ \"x\"");
}

TEST(RespReader, WaitsForTheWholeReply) {
  const std::string wire = "*2\r\n$3\r\nfoo\r\n:12\r\n";
  RespReader reader;
  for (size_t i = 0; i + 1 < wire.size(); ++i) {
    reader.Feed(wire.substr(i, 1));
    ASSERT_FALSE(reader.Next());
  }
  reader.Feed("\n");
  EXPECT_TRUE(reader.Next());
}

TEST(RespReader, DropsAttributes) { EXPECT_EQ(Printed("|1\r\n+ttl\r\n:3\r\n+OK\r\n"), "OK"); }

TEST(RespReader, RefusesWhatIsNotResp) {
  RespReader reader;
  reader.Feed("hello\r\n");
  EXPECT_THROW(reader.Next(), std::runtime_error);
}

TEST(SplitWords, KnowsQuotesAndEscapes) {
  const std::vector<std::string> words = SplitWords("SET k \"a\\x41\\n \\\"\" 'it\\'s'");
  EXPECT_EQ(words, (std::vector<std::string>{"SET", "k", "aA\n \"", "it's"}));
  EXPECT_EQ(SplitWords("SET k ''").at(2), "");
  EXPECT_THROW(SplitWords("SET \"k"), std::runtime_error);
}

TEST(SplitWords, ExpandsShorthandsOutsideQuotes) {
  EXPECT_EQ(SplitWords("{ab*3}x").at(0), "abababx");
  EXPECT_EQ(SplitWords("k{8..11}").size(), 4u);
  EXPECT_EQ(SplitWords("k{8..11}").at(3), "k11");
  EXPECT_EQ(SplitWords("\"{a*3}\"").at(0), "{a*3}");
  EXPECT_EQ(SplitWords("{tag}key").at(0), "{tag}key");
}

}  // namespace
}  // namespace larder::test
