#include "server/store/set.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "server/base/hash.h"

namespace larder {
namespace {

constexpr Set::Limits kLimits;

std::vector<std::string> MembersOf(const Set& set) {
  std::vector<std::string> members;
  set.ForEach([&](std::string_view member) { members.emplace_back(member); });
  return members;
}

TEST(Set, ListsIntegersInAscendingOrder) {
  Set set;
  for (const char* member : {"70000", "-5", "9", "-9223372036854775808", "9223372036854775807"}) {
    EXPECT_TRUE(set.Add(member, kLimits));
    EXPECT_FALSE(set.Add(member, kLimits));
  }
  EXPECT_EQ(set.EncodingName(), "intset");
  EXPECT_EQ(MembersOf(set), (std::vector<std::string>{"-9223372036854775808", "-5", "9", "70000",
                                                      "9223372036854775807"}));
}

TEST(Set, IsAHashtableFromTheFirstMemberThatIsNoInteger) {
  for (const char* other : {"a", "01", "+1", " 1", "1.0", "9223372036854775808", ""}) {
    Set set;
    set.Add("1", kLimits);
    EXPECT_TRUE(set.Add(other, kLimits));
    EXPECT_EQ(set.EncodingName(), "hashtable") << other;
    EXPECT_TRUE(set.Contains("1"));
    EXPECT_TRUE(set.Contains(other, HashBytes(other)));
    EXPECT_EQ(set.size(), 2u);
    set.Remove(other);
    EXPECT_EQ(set.EncodingName(), "hashtable");
  }
}

TEST(Set, IsAHashtableWhenItHasTooManyIntegers) {
  Set set;
  for (int i = 0; i < 512; ++i) set.Add(std::to_string(i), kLimits);
  EXPECT_EQ(set.EncodingName(), "intset");
  set.Add("511", kLimits);
  EXPECT_EQ(set.EncodingName(), "intset");
  set.Add("512", kLimits);
  EXPECT_EQ(set.EncodingName(), "hashtable");
  EXPECT_EQ(set.size(), 513u);
}

TEST(Set, ReportsAnIntsetOfAnySizeItsLimitAllows) {
  const Set::Limits limits{.max_intset_entries = 5000};
  Set set;
  for (int i = 0; i < 5000; ++i) EXPECT_TRUE(set.Add(std::to_string(i), limits));
  EXPECT_EQ(set.EncodingName(), "intset");
  EXPECT_EQ(set.size(), 5000u);
  set.Add("5000", limits);
  EXPECT_EQ(set.EncodingName(), "hashtable");
}

TEST(Set, GivesBackWhatRemovedIntegersTook) {
  Set one;
  one.Add("1099511627776", kLimits);
  Set set = one.Clone();
  for (int64_t i = 1; i < 512; ++i) set.Add(std::to_string((int64_t{1} << 40) + i), kLimits);
  EXPECT_GT(set.MemoryBytes(), one.MemoryBytes() + 4000);
  for (int64_t i = 1; i < 512; ++i) set.Remove(std::to_string((int64_t{1} << 40) + i));
  EXPECT_EQ(set.size(), 1u);
  EXPECT_LE(set.MemoryBytes(), one.MemoryBytes() + 128);
}

TEST(Set, BehavesAsASetUnderRandomOperations) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    Set set;
    std::set<std::string> model;
    const bool integers = seed % 2 == 0;
    for (int step = 0; step < 4000; ++step) {
      std::string member = std::to_string(random.Below(integers ? 400 : 4000));
      if (integers && random.Below(100) == 0) member += "000000000000";
      if (!integers) member += "x";
      if (random.Below(3) != 0) {
        EXPECT_EQ(set.Add(member, kLimits), model.insert(member).second);
      } else {
        EXPECT_EQ(set.Remove(member), model.erase(member) == 1);
      }
      ASSERT_EQ(set.size(), model.size());
      ASSERT_EQ(set.Contains(member), model.count(member) == 1);
    }
    const Set clone = set.Clone();
    for (const std::string& member : model) EXPECT_TRUE(set.Remove(member));
    const std::vector<std::string> members = MembersOf(clone);
    EXPECT_EQ(std::set<std::string>(members.begin(), members.end()), model);
    EXPECT_EQ(clone.size(), model.size());
  }
}

TEST(Set, SamplesDifferentMembers) {
  Random random(1);
  for (const std::string suffix : {"", "x"}) {
    Set set;
    for (int i = 0; i < 300; ++i) set.Add(std::to_string(i) + suffix, kLimits);
    for (const size_t count : {1, 10, 150, 299, 300, 500}) {
      std::set<std::string> sample;
      set.Sample(count, random, [&](std::string_view member) {
        EXPECT_TRUE(sample.emplace(member).second);
        EXPECT_TRUE(set.Contains(member));
      });
      EXPECT_EQ(sample.size(), std::min<size_t>(count, 300));
    }
    EXPECT_TRUE(set.Contains(set.RandomMember(random)));
  }
}

}  // namespace
}  // namespace larder
