#include "server/config/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder {
namespace {

using testing::ElementsAre;
using testing::Optional;

TEST(SplitWords, KnowsBothQuotesAndEscapes) {
  EXPECT_THAT(SplitWords("save 60 1"), Optional(ElementsAre("save", "60", "1")));
  EXPECT_THAT(SplitWords("a \"\" ''"), Optional(ElementsAre("a", "", "")));
  EXPECT_THAT(SplitWords("\"a\\x41\\n\\q\" 'it\\'s \\n'"),
              Optional(ElementsAre("aA\nq", "it's \\n")));
  EXPECT_THAT(SplitWords("ab\"c d\" e"), Optional(ElementsAre("abc d", "e")));
  EXPECT_THAT(SplitWords(" \t "), Optional(ElementsAre()));
}

TEST(SplitWords, RefusesUnbalancedQuotes) {
  EXPECT_EQ(SplitWords("\"a"), std::nullopt);
  EXPECT_EQ(SplitWords("'a"), std::nullopt);
  EXPECT_EQ(SplitWords("\"a\"b"), std::nullopt);
  EXPECT_EQ(SplitWords("\"a\\\""), std::nullopt);
}

TEST(QuoteWord, GivesEveryByteBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const std::string& word : {all, std::string(), std::string("#x"), std::string("a b")}) {
    EXPECT_THAT(SplitWords(QuoteWord(word)), Optional(ElementsAre(word)));
    EXPECT_THAT(SplitWords(QuoteWordIfNeeded(word)), Optional(ElementsAre(word)));
  }
  EXPECT_EQ(QuoteWordIfNeeded("plain"), "plain");
}

}  // namespace
}  // namespace larder
