#include "server/store/stream.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "server/store/entry.h"

namespace larder {
namespace {

using Pairs = std::vector<std::string>;
using Model = std::map<StreamId, Pairs>;

std::vector<std::string_view> Views(const Pairs& pairs) { return {pairs.begin(), pairs.end()}; }

Pairs PairsOf(const StreamEntry& entry) {
  Pairs pairs;
  entry.ForEachPair([&](std::string_view field, std::string_view value) {
    pairs.emplace_back(field);
    pairs.emplace_back(value);
  });
  return pairs;
}

void Append(Stream& stream, StreamId id, const Pairs& pairs = {"field", "value"},
            Stream::NodeLimits limits = {.bytes = 4096, .entries = 100}) {
  stream.Append(id, Views(pairs), limits);
}

Model Entries(const Stream& stream, StreamId first = StreamId::Min(),
              StreamId last = StreamId::Max()) {
  Model entries;
  stream.ForEach(first, last, [&](const StreamEntry& entry) {
    EXPECT_TRUE(entries.emplace(entry.id(), PairsOf(entry)).second);
    return true;
  });
  return entries;
}

TEST(Stream, KeepsFieldNamesOncePerNode) {
  Stream stream;
  const std::string name(40, 'n');
  for (uint64_t i = 1; i <= 100; ++i) Append(stream, {1000 + i, 0}, {name, "v"});
  EXPECT_EQ(stream.node_count(), 1u);
  EXPECT_LT(stream.MemoryBytes(), 100 * 30u);
}

TEST(Stream, StartsANodeByEntriesAndByBytes) {
  Stream by_entries;
  for (uint64_t i = 1; i <= 25; ++i) Append(by_entries, {i, 0}, {"f", "v"}, {.entries = 10});
  EXPECT_EQ(by_entries.node_count(), 3u);
  // Deleted entries count as well, so that the limit bounds a node's history.
  by_entries.Delete({25, 0});
  for (uint64_t i = 26; i <= 31; ++i) Append(by_entries, {i, 0}, {"f", "v"}, {.entries = 10});
  EXPECT_EQ(by_entries.node_count(), 4u);

  Stream by_bytes;
  for (uint64_t i = 1; i <= 10; ++i) {
    Append(by_bytes, {i, 0}, {"f", std::string(600, 'x')}, {.bytes = 1000});
  }
  EXPECT_EQ(by_bytes.node_count(), 10u);
}

TEST(StreamNode, CountsTheBytesOfRedisListpack) {
  StreamNode node({5, 5}, Views({"f", ""}));
  EXPECT_EQ(node.listpack_bytes(), 7 + 4 + 2 + 3 + 2u);  // two counts, one field, "f", a zero
  node.Append({5, 5}, Views({"f", "v"}));
  EXPECT_EQ(node.listpack_bytes(), 18 + 6 + 3 + 2u);
  node.Append({500, 0}, Views({"f", "1000"}));  // the delta of seq is negative
  EXPECT_EQ(node.listpack_bytes(), 29 + 2 + 3 + 3 + 3 + 2u);
  node.Append({501, 5}, Views({"g", std::string(64, 'x')}));
  EXPECT_EQ(node.listpack_bytes(), 42 + 2 + 3 + 2 + 2 + 3 + 67 + 2u);
  node.Erase(1, 1);
  EXPECT_EQ(node.listpack_bytes(), 123u);
  for (uint64_t i = 0; i < 200; ++i) node.Append({1000 + i, 5}, Views({"f", "0"}));
  const size_t before = node.listpack_bytes();
  node.Erase(0, 150);  // more than 127 are marked, fewer are left
  EXPECT_EQ(node.listpack_bytes(), before);
  node.Erase(0, 50);
  EXPECT_EQ(node.listpack_bytes(), before);
  StreamNode read({5, 5}, Views({"f", ""}));
  read.Append({1199, 5}, Views({"f", "0"}));
  read.SetHistory(before, 200);
  EXPECT_EQ(read.listpack_bytes(), before);
  EXPECT_EQ(read.ever_held(), 201u);
}

TEST(Stream, TrimsWholeNodesOnlyAndUpToALimitWhereAskedTo) {
  Stream stream;
  for (uint64_t i = 1; i <= 30; ++i) Append(stream, {i, 0}, {"f", "v"}, {.entries = 10});
  using By = Stream::TrimRule::By;
  EXPECT_EQ(stream.Trim({.by = By::kLength, .length = 25, .whole_nodes = true}), 0u);
  EXPECT_EQ(stream.Trim({.by = By::kLength, .length = 15, .whole_nodes = true}), 10u);
  EXPECT_EQ(stream.Trim({.by = By::kLength, .length = 0, .whole_nodes = true, .limit = 5}), 0u);
  EXPECT_EQ(stream.Trim({.by = By::kMinId, .min_id = {15, 0}, .limit = 1}), 4u);
  EXPECT_EQ(stream.first_id(), (StreamId{15, 0}));
  EXPECT_EQ(stream.Trim({.by = By::kLength, .length = 0, .limit = 1}), 16u);
  EXPECT_TRUE(stream.empty());
  EXPECT_EQ(stream.node_count(), 0u);
  EXPECT_EQ(stream.last_id(), (StreamId{30, 0}));
  EXPECT_EQ(stream.counters().entries_added, 30u);
}

TEST(Stream, IdsWrapNowhere) {
  Stream stream;
  const uint64_t top = UINT64_MAX;
  const std::vector<StreamId> ids = {{0, 1}, {0, top}, {1, 0}, {5, top}, {top, 0}, {top, top}};
  for (StreamId id : ids) Append(stream, id);
  size_t i = 0;
  stream.ForEach(StreamId::Min(), StreamId::Max(), [&](const StreamEntry& entry) {
    EXPECT_EQ(entry.id(), ids[i++]);
    return true;
  });
  EXPECT_EQ(i, ids.size());
  EXPECT_TRUE(stream.Contains({5, top}));
  EXPECT_FALSE(stream.Contains({5, 0}));
}

TEST(Stream, CopySharesNodesUntilOneSideChangesThem) {
  Stream stream;
  for (uint64_t i = 1; i <= 1000; ++i) Append(stream, {i, 0});
  StreamGroup& group = *stream.AddGroup("g", {0, 0}, 0);
  const uint32_t consumer = group.AddConsumer("c", 5).number;
  for (uint64_t i = 1; i <= 1000; ++i) group.SetPending({{i, 0}, 1, 1, consumer});

  const Stream copy = stream;
  size_t shared = 0;
  std::vector<const StreamNode*> nodes;
  stream.ForEachNode([&](const StreamNode& node) { nodes.push_back(&node); });
  copy.ForEachNode([&](const StreamNode& node) { shared += nodes[shared] == &node; });
  EXPECT_EQ(shared, 10u);

  const Model before = Entries(copy);
  stream.Delete({500, 0});
  stream.Trim({.length = 300});
  Append(stream, {2000, 0});
  group.Acknowledge({7, 0});
  group.SetPending({{8, 0}, 9, 9, consumer});
  group.RemoveConsumer("c");
  stream.RemoveGroup("g");
  EXPECT_EQ(Entries(copy), before);
  const StreamGroup& kept = *copy.FindGroup("g");
  EXPECT_EQ(kept.pending().size(), 1000u);
  EXPECT_EQ(kept.pending().Find({8, 0})->deliveries, 1);
  EXPECT_EQ(kept.FindConsumer("c")->pending.size(), 1000u);
}

TEST(Stream, EntryClonesIt) {
  auto* stream = new Stream();
  Append(*stream, {1, 0}, {"f", "v"});
  Entry* entry = Entry::NewObject("key", ValueType::kStream, stream, Entry::kNoExpiry);
  Entry* copy = entry->Clone("copy", Entry::kNoExpiry);
  Append(*stream, {2, 0});
  EXPECT_EQ(copy->object<Stream>()->size(), 1u);
  EXPECT_GT(entry->MemoryBytes(), sizeof(Stream));
  Entry::Free(entry);
  Entry::Free(copy);
}

TEST(Stream, RebuildsFromItsNodes) {
  Stream stream;
  for (uint64_t i = 1; i <= 350; ++i) Append(stream, {i, i}, {"f", std::to_string(i)});
  for (uint64_t i = 1; i <= 350; i += 3) stream.Delete({i, i});
  Stream rebuilt;
  stream.ForEachNode([&](const StreamNode& node) {
    StreamNode fresh(node.base(), Views({"f", ""}));
    for (size_t i = 0; i < node.count(); ++i) {
      fresh.Append(node.IdAt(i), Views(PairsOf(node.At(i))));
      EXPECT_TRUE(fresh.At(i).has_node_names());
    }
    rebuilt.AppendNode(std::move(fresh));
  });
  rebuilt.set_counters(stream.counters());
  EXPECT_EQ(Entries(rebuilt), Entries(stream));
  EXPECT_EQ(rebuilt.counters().max_deleted_id, (StreamId{349, 349}));
  EXPECT_EQ(rebuilt.counters().entries_added, 350u);
}

TEST(Stream, CountsNoFurtherThanASignedNumber) {
  Stream stream;
  Append(stream, {1, 0});
  Stream::Counters counters = stream.counters();
  counters.entries_added = Stream::Counters::kMostAdded;
  stream.set_counters(counters);
  Append(stream, {2, 0});
  EXPECT_EQ(stream.counters().entries_added, Stream::Counters::kMostAdded);
  EXPECT_EQ(stream.Lag(*stream.AddGroup("g", {2, 0}, 5)), INT64_MAX - 5);
}

TEST(Stream, KnowsTheLagUnlessDeletionsHideIt) {
  Stream stream;
  StreamGroup& group = *stream.AddGroup("g", {0, 0}, StreamGroup::kUnknown);
  EXPECT_EQ(stream.Lag(group), 0);
  for (uint64_t i = 1; i <= 5; ++i) Append(stream, {i, 0});
  EXPECT_EQ(stream.Lag(group), 5);
  stream.Advance(group, {1, 0});
  EXPECT_EQ(group.entries_read, 1);
  EXPECT_EQ(stream.Lag(group), 4);
  stream.Delete({3, 0});
  EXPECT_EQ(stream.Lag(group), std::nullopt);
  for (uint64_t i : {2, 4}) {
    stream.Advance(group, {i, 0});
    EXPECT_EQ(group.entries_read, StreamGroup::kUnknown);
  }
  stream.Advance(group, {5, 0});
  EXPECT_EQ(group.entries_read, 5);
  EXPECT_EQ(stream.Lag(group), 0);
}

TEST(Stream, CountsWhatAGroupHasReadNoFurtherThanANumberGoes) {
  Stream stream;
  Append(stream, {1, 0});
  StreamGroup& group = *stream.AddGroup("g", {0, 0}, StreamGroup::kMostRead);
  stream.Advance(group, {1, 0});
  EXPECT_EQ(group.entries_read, StreamGroup::kMostRead);
  EXPECT_EQ(group.last_id, (StreamId{1, 0}));
}

class StreamModel : public testing::TestWithParam<unsigned> {
 protected:
  Pairs RandomPairs() {
    const size_t kind = random_() % 10;
    if (kind < 5) return {"a", std::to_string(random_() % 1000), "b", "x"};
    if (kind < 7) return {"a", std::string(random_() % 400, 'v')};
    Pairs pairs;
    for (size_t i = 0; i <= random_() % 6; ++i) {
      pairs.push_back(std::string(random_() % 3, 'f'));
      pairs.push_back(std::string(random_() % 20, 'w'));
    }
    return pairs;
  }

  StreamId RandomId() {
    if (model_.empty() || random_() % 8 == 0) return {random_() % 2000, random_() % 4};
    auto at = model_.begin();
    std::advance(at, static_cast<long>(random_() % model_.size()));
    return at->first;
  }

  void Add() {
    StreamId id = stream_.last_id();
    if (random_() % 2 == 0) {
      Increment(&id);
    } else {
      id = {id.ms + 1 + random_() % 5, random_() % 300};
    }
    const Pairs pairs = RandomPairs();
    Append(stream_, id, pairs, {.bytes = 700, .entries = 16});
    model_.emplace(id, pairs);
  }

  void Trim() {
    const bool by_length = random_() % 2 == 0;
    Stream::TrimRule rule;
    rule.by = by_length ? Stream::TrimRule::By::kLength : Stream::TrimRule::By::kMinId;
    rule.length = model_.size() - std::min<size_t>(model_.size(), random_() % 40);
    rule.min_id = RandomId();
    if (!by_length && random_() % 4 != 0) rule.min_id = {rule.min_id.ms / 2, 0};
    rule.whole_nodes = random_() % 2 == 0;
    const size_t removed = stream_.Trim(rule);
    size_t expected = 0;
    while (!model_.empty() &&
           (by_length ? model_.size() > rule.length : model_.begin()->first < rule.min_id)) {
      if (rule.whole_nodes && expected == removed) break;
      model_.erase(model_.begin());
      ++expected;
    }
    ASSERT_EQ(removed, expected);
  }

  void Compare() {
    ASSERT_EQ(stream_.size(), model_.size());
    ASSERT_EQ(Entries(stream_), model_);
    StreamId first = RandomId(), last = RandomId();
    if (last < first) std::swap(first, last);
    const Model range(model_.lower_bound(first), model_.upper_bound(last));
    ASSERT_EQ(Entries(stream_, first, last), range);
    auto expected = range.rbegin();
    stream_.ForEachReverse(first, last, [&](const StreamEntry& entry) {
      EXPECT_EQ(entry.id(), expected->first);
      EXPECT_EQ(PairsOf(entry), (expected++)->second);
      return true;
    });
    ASSERT_EQ(expected, range.rend());
    ASSERT_EQ(stream_.first_id(), model_.empty() ? StreamId() : model_.begin()->first);
    size_t node_bytes = 0;
    stream_.ForEachNode([&](const StreamNode& node) {
      node_bytes += CowPtr<StreamNode>::BoxBytes() + node.MemoryBytes();
    });
    ASSERT_GE(stream_.MemoryBytes(), node_bytes);
    ASSERT_LE(stream_.MemoryBytes(), node_bytes + 1000);
  }

  std::mt19937 random_{GetParam()};
  Stream stream_;
  Model model_;
};

TEST_P(StreamModel, HoldsWhatAMapHolds) {
  Stream copy;
  Model copy_model;
  for (int step = 0; step < 20000; ++step) {
    const size_t kind = random_() % 100;
    if (kind < 60) {
      Add();
    } else if (kind < 85) {
      const StreamId id = RandomId();
      ASSERT_EQ(stream_.Contains(id), model_.contains(id));
      ASSERT_EQ(stream_.Delete(id), model_.erase(id) > 0);
    } else if (kind < 95) {
      Trim();
    } else {
      ASSERT_EQ(Entries(copy), copy_model);
      copy = stream_;
      copy_model = model_;
    }
    if (step % 50 == 0) Compare();
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StreamModel, testing::Range(1u, 5u));

}  // namespace
}  // namespace larder
