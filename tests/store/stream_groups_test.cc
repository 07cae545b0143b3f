#include "server/store/stream_groups.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace larder {
namespace {

const std::vector<std::string> kNames = {"b", "a name that does not fit into the object", "c"};

std::vector<std::string> NamesOf(const StreamGroups& groups) {
  std::vector<std::string> names;
  groups.ForEach(
      [&](std::string_view name, const StreamGroup&) { names.emplace_back(std::string(name)); });
  return names;
}

// Steps of which each makes the group larger or smaller.
constexpr uint64_t kSteps = 200;
void Change(StreamGroup& group, uint64_t step) {
  const std::string name = "consumer " + std::to_string(step % 7) + std::string(step % 40, '.');
  const StreamConsumer* consumer = group.FindConsumer(name);
  if (consumer == nullptr) consumer = &group.AddConsumer(name, 1);
  for (uint64_t i = 0; i < 20; ++i) group.SetPending({{step, i}, 1, 1, consumer->number});
  if (step % 3 == 0) group.RemoveConsumer(name);
}

TEST(StreamGroups, StandInTheOrderOfTheirNamesAndKeepTheirPlaces) {
  StreamGroups groups;
  EXPECT_EQ(groups.MemoryBytes(), 0u);
  EXPECT_EQ(groups.Find("b"), nullptr);
  EXPECT_FALSE(groups.Remove("b"));
  const StreamGroup* first = groups.Add("b", {5, 0}, 5);
  for (const std::string& name : kNames) EXPECT_EQ(groups.Add(name, {}, 0) == nullptr, name == "b");
  EXPECT_EQ(groups.Find("b"), first);
  EXPECT_EQ(NamesOf(groups), (std::vector<std::string>{kNames[1], "b", "c"}));
  EXPECT_TRUE(groups.Remove("c"));
  EXPECT_EQ(groups.FindForChange("c"), nullptr);
  EXPECT_EQ(groups.size(), 2u);
  for (const std::string& name : {kNames[0], kNames[1]}) EXPECT_TRUE(groups.Remove(name));
  EXPECT_EQ(groups.MemoryBytes(), 0u);
}

TEST(StreamGroups, CountTheSameBytesInWhateverOrderTheyChange) {
  StreamGroups in_turn, one_by_one;
  for (const std::string& name : kNames) {
    in_turn.Add(name, {}, 0);
    one_by_one.Add(name, {}, 0);
  }
  for (uint64_t step = 0; step < kSteps; ++step) {
    for (const std::string& name : kNames) {
      Change(*in_turn.FindForChange(name), step);
      EXPECT_GT(in_turn.MemoryBytes(), 0u);
    }
  }
  for (const std::string& name : kNames) {
    StreamGroup& group = *one_by_one.FindForChange(name);
    for (uint64_t step = 0; step < kSteps; ++step) Change(group, step);
  }
  EXPECT_EQ(in_turn.MemoryBytes(), one_by_one.MemoryBytes());

  StreamGroups copy = in_turn;
  EXPECT_EQ(NamesOf(copy), NamesOf(in_turn));
  EXPECT_EQ(copy.MemoryBytes(), StreamGroups(one_by_one).MemoryBytes());
  copy.FindForChange("b")->RemoveConsumer("consumer 1" + std::string(1, '.'));
  EXPECT_EQ(in_turn.MemoryBytes(), one_by_one.MemoryBytes());
  for (StreamGroups* groups : {&in_turn, &one_by_one}) {
    EXPECT_TRUE(groups->Remove(kNames[1]));
    EXPECT_NE(groups->Add("d", {}, 0), nullptr);
  }
  EXPECT_EQ(in_turn.MemoryBytes(), one_by_one.MemoryBytes());
}

}  // namespace
}  // namespace larder
