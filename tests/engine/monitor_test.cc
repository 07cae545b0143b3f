#include "server/engine/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/engine/push.h"

namespace larder {
namespace {

using testing::ElementsAre;
using Ids = std::vector<uint64_t>;

class Loop : public Mailbox {
 public:
  // Whom each letter is for, and so that it is there.
  std::vector<Ids> TakeIds() {
    std::vector<Ids> all;
    for (Letter* next = TakeAll(); next != nullptr;) {
      const std::unique_ptr<Letter> letter(next);
      next = letter->next;
      Delivered(*letter);
      all.push_back(letter->clients);
    }
    return all;
  }

 private:
  void Wake() override {}
};

class MonitorsTest : public testing::Test {
 protected:
  void Feed(uint32_t flags = 0) {
    const Command command{.name = "set", .flags = flags};
    const std::vector<std::string_view> words = {"SET", "k", "v"};
    monitors_.Feed(caller_, command, words);
  }

  Loop here_, elsewhere_;
  Client caller_{1, &here_}, a_{2, &here_}, b_{3, &elsewhere_}, c_{4, &here_};
  Monitors monitors_;
};

TEST_F(MonitorsTest, EachLoopThatHasSomeGetsOneLetter) {
  EXPECT_FALSE(monitors_.any());
  for (Client* client : {&a_, &b_, &c_, &a_}) monitors_.Add(*client);
  EXPECT_TRUE(monitors_.any());
  Feed();
  EXPECT_THAT(here_.TakeIds(), ElementsAre(Ids{2, 4}));
  EXPECT_THAT(elsewhere_.TakeIds(), ElementsAre(Ids{3}));
}

TEST_F(MonitorsTest, WhoHasLeftHearsNothing) {
  for (Client* client : {&a_, &b_, &c_}) monitors_.Add(*client);
  for (Client* client : {&a_, &b_, &a_, &caller_}) monitors_.Remove(*client);
  Feed();
  EXPECT_THAT(here_.TakeIds(), ElementsAre(Ids{4}));
  EXPECT_TRUE(elsewhere_.empty());
  monitors_.Remove(c_);
  EXPECT_FALSE(monitors_.any());
  Feed();
  EXPECT_TRUE(here_.empty());
}

TEST_F(MonitorsTest, CommandsOfAdminsAreNotShown) {
  monitors_.Add(a_);
  Feed(kAdmin);
  EXPECT_TRUE(here_.empty());
}

TEST(Redacted, HidesAsManyWordsAsTheRowSaysAreSecrets) {
  constexpr auto behind_auth = [](Args words, size_t i) -> size_t {
    return words[i] == "AUTH" ? 2 : 0;
  };
  const Command command{.name = "hello", .secrets_behind = behind_auth};
  const std::vector<std::string_view> said = {"HELLO", "AUTH", "AUTH", "secret", "3", "AUTH"};
  std::vector<std::string_view> words;
  Redacted(command, said, words);
  EXPECT_THAT(words, ElementsAre("HELLO", "AUTH", "(redacted)", "(redacted)", "3", "AUTH"));
}

}  // namespace
}  // namespace larder
