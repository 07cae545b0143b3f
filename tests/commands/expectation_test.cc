#include "tests/commands/expectation.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/commands/transcript.h"

namespace larder::test {
namespace {

TEST(Expectation, IsTheLineItself) {
  EXPECT_TRUE(LineMatches("(integer) 1", "(integer) 1"));
  EXPECT_FALSE(LineMatches("(integer) 1", "(integer) 12"));
  EXPECT_FALSE(LineMatches("*", "anything"));
}

TEST(Expectation, MayBeAGlobBehindAnIndex) {
  EXPECT_TRUE(LineMatches("~ ERR*", "ERR no such key"));
  EXPECT_TRUE(LineMatches("2) ~ \"a?c\"", "2) \"abc\""));
  EXPECT_FALSE(LineMatches("2) ~ \"a?c\"", "3) \"abc\""));
  EXPECT_TRUE(LineMatches("1~ \"x\"", "1~ \"x\""));
  EXPECT_FALSE(LineMatches("1~ \"x\"", "1~ \"y\""));
}

TEST(Expectation, MayBeARange) {
  EXPECT_TRUE(LineMatches("(integer) ~90..100", "(integer) 95"));
  EXPECT_FALSE(LineMatches("(integer) ~90..100", "(integer) 101"));
  EXPECT_TRUE(LineMatches("1) \"~1.5..2\"", "1) \"1.75\""));
  EXPECT_FALSE(LineMatches("(integer) ~90..100", "(nil)"));
}

TEST(Expectation, DotsStandForAnyLines) {
  EXPECT_TRUE(Matches({"1) a", "...", "9) z"}, {"1) a", "2) b", "9) z"}, Order::kExact));
  EXPECT_TRUE(Matches({"1) a", "..."}, {"1) a"}, Order::kExact));
  EXPECT_FALSE(Matches({"1) a", "...", "9) z"}, {"1) a", "2) b"}, Order::kExact));
}

TEST(Expectation, UnorderedIgnoresTheOrderButNotTheNumber) {
  EXPECT_TRUE(Matches({"1) a", "2) b"}, {"1) b", "2) a"}, Order::kUnordered));
  EXPECT_FALSE(Matches({"1) a", "2) b"}, {"1) b", "2) a"}, Order::kExact));
  EXPECT_FALSE(Matches({"1) a", "2) a"}, {"1) b", "2) a"}, Order::kUnordered));
  EXPECT_FALSE(Matches({"1) a"}, {"1) b", "2) a"}, Order::kUnordered));
}

TEST(Expectation, PairsStayTogether) {
  EXPECT_TRUE(
      Matches({"1) a", "2) 1", "3) b", "4) 2"}, {"1) b", "2) 2", "3) a", "4) 1"}, Order::kPairs));
  EXPECT_FALSE(
      Matches({"1) a", "2) 1", "3) b", "4) 2"}, {"1) b", "2) 1", "3) a", "4) 2"}, Order::kPairs));
}

TEST(Expectation, DeepReachesElementsOfElements) {
  EXPECT_TRUE(Matches({"1) \"0\"", "2) 1) a", "   2) b"}, {"1) \"0\"", "2) 1) b", "   2) a"},
                      Order::kDeep));
  EXPECT_FALSE(Matches({"1) \"0\"", "2) 1) a", "   2) b"}, {"1) \"0\"", "2) 1) b", "   2) a"},
                       Order::kUnordered));
}

TEST(Transcript, IsCutIntoBlocksAndSteps) {
  const Transcript transcript = ParseTranscript(
      "a.test",
      "# resp3\n# name: one\n# since: 7.2 new\n> GET k\n(nil)\nb> BLPOP q \\\n  0\nb<\nx\ny\n");
  ASSERT_EQ(transcript.blocks.size(), 1u);
  const Block& block = transcript.blocks[0];
  EXPECT_EQ(block.name, "one");
  EXPECT_EQ(block.since, "7.2");
  EXPECT_TRUE(block.resp3);
  ASSERT_EQ(block.steps.size(), 3u);
  EXPECT_EQ(block.steps[1].text, "BLPOP q 0");
  EXPECT_EQ(block.steps[1].client, "b");
  EXPECT_TRUE(block.steps[2].IsWait());
  EXPECT_EQ(block.steps[2].expected, (std::vector<std::string>{"x", "y"}));
}

TEST(Transcript, NamesTheLineItCannotRead) {
  try {
    ParseTranscript("a.test", "# name: one\n\nstray\n");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "a.test:3: neither a command, a reply to one, nor a comment");
  }
}

}  // namespace
}  // namespace larder::test
