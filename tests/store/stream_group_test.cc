#include "server/store/stream_group.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "server/store/id_blocks.h"
#include "server/store/stream_id.h"

namespace larder {
namespace {

TEST(StreamId, ReadsWhatItWrites) {
  for (StreamId id : {StreamId{0, 0}, StreamId{1526919030474, 55}, StreamId::Max()}) {
    StreamId read;
    EXPECT_TRUE(ParseStreamId(FormatStreamId(id), 9, &read));
    EXPECT_EQ(read, id);
  }
  StreamId id;
  EXPECT_TRUE(ParseStreamId("5", 9, &id));
  EXPECT_EQ(id, (StreamId{5, 9}));
  EXPECT_TRUE(ParseStreamId("007-01", 9, &id));
  EXPECT_EQ(id, (StreamId{7, 1}));
  EXPECT_TRUE(ParseStreamId(" 7-+2", 9, &id));
  EXPECT_EQ(id, (StreamId{7, 2}));
  for (const std::string& text :
       {std::string(), std::string("-"), std::string("+"), std::string("5-"), std::string("-5"),
        std::string("5-*"), std::string("5-1-1"), std::string("5--1"), std::string("x"),
        std::string("5 "), std::string("1-18446744073709551616"), std::string(128, '0')}) {
    EXPECT_FALSE(ParseStreamId(text, 0, &id)) << text;
  }
}

TEST(StreamId, StepsOverTheEndsOfASequence) {
  StreamId id = {1, UINT64_MAX};
  EXPECT_TRUE(Increment(&id));
  EXPECT_EQ(id, (StreamId{2, 0}));
  EXPECT_TRUE(Decrement(&id));
  EXPECT_EQ(id, (StreamId{1, UINT64_MAX}));
  id = StreamId::Max();
  EXPECT_FALSE(Increment(&id));
  id = StreamId::Min();
  EXPECT_FALSE(Decrement(&id));
}

TEST(StreamGroup, GivesAnEntryToOneConsumerAtATime) {
  StreamGroup group({0, 0}, 0);
  const uint32_t a = group.AddConsumer("a", 1).number;
  const uint32_t b = group.AddConsumer("b", 1).number;
  group.SetPending({{1, 0}, 10, 1, a});
  group.SetPending({{2, 0}, 10, 1, a});
  group.SetPending({{1, 0}, 20, 2, b});
  EXPECT_EQ(group.FindConsumer("a")->pending.size(), 1u);
  EXPECT_EQ(group.FindConsumer("b")->pending.size(), 1u);
  EXPECT_EQ(group.pending().Find({1, 0})->delivered_ms, 20);
  EXPECT_TRUE(group.Acknowledge({1, 0}));
  EXPECT_FALSE(group.Acknowledge({1, 0}));
  EXPECT_TRUE(group.FindConsumer("b")->pending.empty());
}

TEST(StreamGroup, RemovesAConsumerWithWhatIsPendingForIt) {
  StreamGroup group({0, 0}, 0);
  const uint32_t a = group.AddConsumer("a", 1).number;
  const uint32_t b = group.AddConsumer("b", 1).number;
  group.SetPending({{1, 0}, 10, 1, a});
  group.SetPending({{2, 0}, 10, 1, b});
  group.RemoveConsumer("a");
  EXPECT_EQ(group.pending().size(), 1u);
  EXPECT_EQ(group.FindConsumer("a"), nullptr);
  EXPECT_EQ(group.AddConsumer("c", 2).number, a);
  EXPECT_TRUE(group.FindConsumer("c")->pending.empty());
  EXPECT_EQ(group.consumer(group.pending().Find({2, 0})->consumer).name, "b");
}

TEST(StreamGroup, ListsConsumersByName) {
  StreamGroup group({0, 0}, 0);
  for (const char* name : {"m", "z", "a", ""}) group.AddConsumer(name, 1);
  std::string names;
  group.ForEachConsumer([&](const StreamConsumer& consumer) { names += consumer.name + "|"; });
  EXPECT_EQ(names, "|a|m|z|");
}

struct Record {
  StreamId id;
  uint64_t payload[31];  // few records a block
};

class IdBlocksModel : public testing::TestWithParam<unsigned> {};

TEST_P(IdBlocksModel, HoldsWhatAMapHolds) {
  std::mt19937 random(GetParam());
  IdBlocks<Record> blocks, copy;
  std::map<StreamId, uint64_t> model, copy_model;
  const auto compare = [](const IdBlocks<Record>& list, const std::map<StreamId, uint64_t>& map,
                          StreamId first) {
    ASSERT_EQ(list.size(), map.size());
    auto expected = map.lower_bound(first);
    list.ForEachFrom(first, [&](const Record& record) {
      EXPECT_EQ(record.id, expected->first);
      EXPECT_EQ(record.payload[0], (expected++)->second);
      return true;
    });
    ASSERT_EQ(expected, map.end());
  };
  for (uint64_t step = 0; step < 20000; ++step) {
    // Grows and shrinks in turns, so that blocks split and join.
    const bool growing = step / 2500 % 2 == 0;
    const StreamId id = {random() % 1000, 0};
    const size_t kind = random() % 100;
    if (kind < (growing ? 70u : 20u)) {
      ASSERT_EQ(blocks.Insert({id, {step}}), model.emplace(id, step).second);
    } else if (kind < 90) {
      ASSERT_EQ(blocks.Erase(id), model.erase(id) > 0);
    } else if (kind < 98) {
      Record* record = blocks.FindMutable(id);
      ASSERT_EQ(record != nullptr, model.contains(id));
      if (record != nullptr) record->payload[0] = model[id] = step;
    } else {
      compare(copy, copy_model, {0, 0});
      copy = blocks;
      copy_model = model;
    }
    if (step % 100 == 0) compare(blocks, model, id);
  }
  for (uint64_t ms = 0; ms < 1000; ++ms) blocks.Erase({ms, 0});
  EXPECT_TRUE(blocks.empty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, IdBlocksModel, testing::Range(1u, 4u));

}  // namespace
}  // namespace larder
