#include "server/pubsub/topics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace larder {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

// Homes are only names here: nothing is posted to them.
Mailbox* Home(uintptr_t number) { return reinterpret_cast<Mailbox*>(number); }
Mailbox* const kOne = Home(1);
Mailbox* const kTwo = Home(2);

// What was delivered: name and clients, by home.
class Told {
 public:
  auto deliver() {
    return [this](std::string_view name, Mailbox* home, std::vector<uint64_t> clients) {
      by_home_[home].emplace_back(name, std::move(clients));
    };
  }
  std::vector<std::pair<std::string, std::vector<uint64_t>>> Take(Mailbox* home) {
    return std::exchange(by_home_[home], {});
  }

 private:
  std::map<Mailbox*, std::vector<std::pair<std::string, std::vector<uint64_t>>>> by_home_;
};

TEST(Topics, TellsTheClientsOfEachHomeAtOnce) {
  Topics topics;
  topics.Add("news", {kOne, 1});
  topics.Add("news", {kTwo, 2});
  topics.Add("news", {kOne, 3});
  topics.Add("other", {kOne, 4});
  Told told;
  EXPECT_EQ(topics.Tell("news", told.deliver()), 3u);
  EXPECT_THAT(told.Take(kOne), ElementsAre(Pair("news", ElementsAre(1, 3))));
  EXPECT_THAT(told.Take(kTwo), ElementsAre(Pair("news", ElementsAre(2))));
  EXPECT_EQ(topics.Tell("nobody", told.deliver()), 0u);
}

TEST(Topics, ForgetsANameWithItsLastSubscriber) {
  Topics topics;
  topics.Add("news", {kOne, 1});
  topics.Add("news", {kOne, 1});
  topics.Add("news", {kTwo, 2});
  EXPECT_EQ(topics.Count("news"), 2u);
  EXPECT_EQ(topics.pairs(), 2u);
  topics.Remove("news", {kTwo, 1});  // not there
  topics.Remove("news", {kOne, 1});
  EXPECT_EQ(topics.size(), 1u);
  topics.Remove("news", {kTwo, 2});
  EXPECT_EQ(topics.size(), 0u);
  EXPECT_EQ(topics.pairs(), 0u);
  EXPECT_THAT(topics.Matching("*"), ElementsAre());
}

TEST(Topics, TellsEveryPatternThatMatches) {
  Topics patterns;
  patterns.Add("n*", {kOne, 1});
  patterns.Add("ne?s", {kOne, 1});
  patterns.Add("old*", {kOne, 2});
  Told told;
  EXPECT_EQ(patterns.TellMatching("news", told.deliver()), 2u);
  EXPECT_THAT(told.Take(kOne),
              UnorderedElementsAre(Pair("n*", ElementsAre(1)), Pair("ne?s", ElementsAre(1))));
}

TEST(Topics, FindsPatternsThatComeAndGo) {
  Topics patterns;
  Told told;
  const auto pattern = [](int i) { return "n" + std::to_string(i) + "*"; };
  for (int i = 100; i < 300; ++i) {
    patterns.Add(pattern(i), {kOne, 1});
    EXPECT_EQ(patterns.TellMatching("n" + std::to_string(i), told.deliver()), 1u);
  }
  for (int i = 100; i < 300; ++i) patterns.Remove(pattern(i), {kOne, 1});
  EXPECT_EQ(patterns.TellMatching("n100", told.deliver()), 0u);
  patterns.Add(pattern(100), {kOne, 1});
  EXPECT_EQ(patterns.TellMatching("n100", told.deliver()), 1u);
}

TEST(Topics, TakesANameAway) {
  Topics topics;
  topics.Add("key", {kOne, 1});
  topics.Add("key", {kTwo, 2});
  Told told;
  topics.Take("key", told.deliver());
  EXPECT_THAT(told.Take(kTwo), ElementsAre(Pair("key", ElementsAre(2))));
  topics.Take("key", told.deliver());
  EXPECT_THAT(told.Take(kTwo), ElementsAre());
  for (int i = 0; i < 100; ++i) topics.Add("key:" + std::to_string(i), {kOne, 1});
  size_t taken = 0;
  while (topics.TakeAny(told.deliver())) ++taken;
  EXPECT_EQ(taken, 100u);
  EXPECT_EQ(topics.size(), 0u);
}

TEST(Topics, LoseNothingBetweenThreads) {
  Topics topics;
  std::vector<std::thread> threads;
  for (uint64_t client = 1; client <= 4; ++client) {
    threads.emplace_back([&topics, client] {
      for (int i = 0; i < 2000; ++i) {
        const std::string name = "key:" + std::to_string(i % 100);
        topics.Add(name, {kOne, client});
        if (i % 3 == 0) topics.Remove(name, {kOne, client});
        topics.Tell(name, [](std::string_view, Mailbox*, std::vector<uint64_t> clients) {
          ASSERT_LE(clients.size(), 4u);
        });
      }
      for (int i = 0; i < 100; ++i) topics.Add("key:" + std::to_string(i), {kOne, client});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(topics.size(), 100u);
  EXPECT_EQ(topics.pairs(), 400u);
}

}  // namespace
}  // namespace larder
