// What a script is expected to ask for, from what it has got.
#include "server/script/key_lookahead.h"

#include <gtest/gtest.h>

#include <string>

#include "server/base/hash.h"
#include "server/base/strings.h"

namespace larder {
namespace {

class LookaheadTest : public testing::Test {
 protected:
  static std::string Id(size_t i) { return StrCat("069_ENTRY_OF_THE_CACHE_", i); }

  void Take(const std::string& text) {
    OutputBuffer reply;
    reply.Append(text);
    ASSERT_TRUE(KeyLookahead::Wants(reply));
    lookahead_.Take(std::move(reply.bytes()));
  }
  void TakeIds(size_t count) {
    std::string text = StrCat("*", count, "\r\n");
    for (size_t i = 0; i < count; ++i) StrAppend(text, "$", Id(i).size(), "\r\n", Id(i), "\r\n");
    Take(text);
  }
  void Note(const std::string& key) { lookahead_.Note(0, key); }

  Keyspace keyspace_{1};
  KeyLookahead lookahead_{keyspace_};
};

TEST_F(LookaheadTest, FollowsKeysMadeOfTheMembersInTheirOrder) {
  TakeIds(1000);
  for (size_t i = 0; i < 500; ++i) Note("zc:k:" + Id(i));
  EXPECT_EQ(lookahead_.met(), 500u);
  EXPECT_EQ(lookahead_.left(), 500u);
  EXPECT_EQ(lookahead_.KeyAhead(0), HashBytes("zc:k:" + Id(500)));
  EXPECT_EQ(lookahead_.KeyAhead(8), HashBytes("zc:k:" + Id(508)));
}

TEST_F(LookaheadTest, OtherKeysInBetweenDoNotConfuseIt) {
  TakeIds(1000);
  for (size_t i = 0; i < 500; ++i) {
    Note("zc:ids");
    Note("zc:k:" + Id(i));
    Note("another:" + Id(i));
    Note("");
  }
  EXPECT_EQ(lookahead_.met(), 500u);
}

TEST_F(LookaheadTest, KnowsNothingBehindTheLastMember) {
  TakeIds(1000);
  for (size_t i = 0; i < 998; ++i) Note(Id(i));
  EXPECT_NE(lookahead_.KeyAhead(1), 0u);
  EXPECT_EQ(lookahead_.KeyAhead(2), 0u);
  Note(Id(998));
  Note(Id(999));
  EXPECT_EQ(lookahead_.left(), 0u);
  EXPECT_EQ(lookahead_.KeyAhead(0), 0u);
  Note(Id(999));
}

TEST_F(LookaheadTest, GivesUpWhereKeysAreMadeOfSomethingElse) {
  TakeIds(1000);
  Note("zc:k:" + Id(0));
  for (size_t i = 0; i < 100; ++i) Note(Id(i));
  EXPECT_EQ(lookahead_.left(), 0u);
}

TEST_F(LookaheadTest, ANewReplyTakesThePlaceOfTheOld) {
  TakeIds(1000);
  for (size_t i = 0; i < 10; ++i) Note(Id(i));
  TakeIds(2000);
  Note("x" + Id(0));
  EXPECT_EQ(lookahead_.met(), 1u);
  EXPECT_EQ(lookahead_.left(), 1999u);
}

TEST_F(LookaheadTest, RepliesWithOtherThingsInThemEndIt) {
  std::string text = "*1000\r\n";
  for (size_t i = 0; i < 999; ++i) StrAppend(text, "$", Id(i).size(), "\r\n", Id(i), "\r\n");
  text += "*1\r\n:1\r\n";
  Take(text);
  for (size_t i = 0; i < 999; ++i) Note(Id(i));
  EXPECT_EQ(lookahead_.left(), 0u);
  Take("*2\r\n*0\r\n" + text);
  EXPECT_EQ(lookahead_.left(), 0u);
}

TEST_F(LookaheadTest, ShortRepliesAndTextsAreNotWanted) {
  OutputBuffer reply;
  EXPECT_FALSE(KeyLookahead::Wants(reply));
  reply.Append("*1\r\n$1\r\na\r\n");
  EXPECT_FALSE(KeyLookahead::Wants(reply));
  OutputBuffer text;
  text.Append("$20000\r\n" + std::string(20'000, 'x') + "\r\n");
  EXPECT_FALSE(KeyLookahead::Wants(text));
}

}  // namespace
}  // namespace larder
