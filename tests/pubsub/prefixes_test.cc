#include "server/pubsub/prefixes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace larder {
namespace {

using testing::ElementsAre;

Mailbox* const kHome = reinterpret_cast<Mailbox*>(uintptr_t{1});

// Lines "client: positions of keys", in the order in which they were told.
std::vector<std::string> Tell(Prefixes& prefixes, std::vector<std::string_view> keys) {
  std::vector<std::string> told;
  prefixes.Tell(keys,
                [&](const std::vector<size_t>& matching, Mailbox*, std::vector<uint64_t> clients) {
                  for (uint64_t client : clients) {
                    std::string line = std::to_string(client) + ":";
                    for (size_t i : matching) line += " " + std::to_string(i);
                    told.push_back(line);
                  }
                });
  return told;
}

TEST(Prefixes, TellTheKeysThatBeginWithThem) {
  Prefixes prefixes;
  prefixes.Add("a:", {kHome, 1});
  prefixes.Add("b:", {kHome, 1});
  prefixes.Add("b:", {kHome, 2});
  prefixes.Add("", {kHome, 3});
  EXPECT_EQ(prefixes.size(), 3u);
  EXPECT_THAT(Tell(prefixes, {"a:1", "b:1", "c", "b:"}),
              ElementsAre("3: 0 1 2 3", "1: 0", "1: 1 3", "2: 1 3"));
  EXPECT_THAT(Tell(prefixes, {"", "a"}), ElementsAre("3: 0 1"));
}

TEST(Prefixes, GoWithTheirLastClient) {
  Prefixes prefixes;
  prefixes.Add("a", {kHome, 1});
  prefixes.Add("a", {kHome, 2});
  prefixes.Remove("a", {kHome, 1});
  EXPECT_THAT(Tell(prefixes, {"ab"}), ElementsAre("2: 0"));
  prefixes.Remove("a", {kHome, 2});
  prefixes.Remove("b", {kHome, 2});
  EXPECT_EQ(prefixes.size(), 0u);
  EXPECT_THAT(Tell(prefixes, {"ab"}), ElementsAre());
}

TEST(Prefixes, OverlapWhereAKeyCouldBeginWithBoth) {
  const std::vector<std::string> existing = {"bar", "foo"};
  using Added = std::vector<std::string_view>;
  EXPECT_FALSE(Prefixes::FindOverlap(existing, Added{}));
  EXPECT_FALSE(Prefixes::FindOverlap(existing, Added{"fa", "baz"}));
  for (const char* added : {"foo", "fo", "foobar", ""}) {
    const auto overlap = Prefixes::FindOverlap(existing, Added{"x", added});
    ASSERT_TRUE(overlap) << added;
    EXPECT_EQ(overlap->added, std::string_view(added).empty() ? "x" : added);
  }
  const auto among_new = Prefixes::FindOverlap({}, Added{"ab", "abc"});
  ASSERT_TRUE(among_new);
  EXPECT_FALSE(among_new->existing);
  EXPECT_EQ(among_new->other, "abc");
}

}  // namespace
}  // namespace larder
