// Values go out and come back the same, in the type that their size asks for.
#include "server/persistence/rdb_value.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "server/persistence/dump_payload.h"
#include "server/store/list.h"
#include "server/store/stream.h"
#include "server/store/zset.h"

namespace larder {
namespace {

struct FreeEntry {
  void operator()(Entry* entry) const { Entry::Free(entry); }
};
using EntryPtr = std::unique_ptr<Entry, FreeEntry>;

class RdbValue : public testing::Test {
 protected:
  RdbValue() {
    settings_.hash_max_listpack_entries.Set(512);
    settings_.hash_max_listpack_value.Set(64);
    settings_.set_max_intset_entries.Set(512);
    settings_.zset_max_listpack_entries.Set(128);
    settings_.zset_max_listpack_value.Set(64);
  }

  ValueLimits limits() { return ValueLimits(settings_); }

  // Through a DUMP payload and back; `type` is what it must have been written as.
  EntryPtr Again(const Entry& entry, rdb::Type type) {
    EXPECT_EQ(TypeOf(entry, limits()), type);
    const std::string payload = MakeDumpPayload(entry, limits());
    EXPECT_TRUE(VerifyDumpPayload(payload, false));
    std::string error;
    Entry* again = EntryFromDump(payload, "again", 77, limits(), &error);
    EXPECT_NE(again, nullptr) << error;
    if (again == nullptr) std::abort();
    EXPECT_EQ(again->key(), "again");
    EXPECT_EQ(again->expiry_ms(), 77);
    EXPECT_EQ(again->type(), entry.type());
    return EntryPtr(again);
  }
  template <typename T>
  static EntryPtr Owned(std::unique_ptr<T> value) {
    return EntryPtr(Entry::NewObject("k", kTypeOf<T>, value.release(), Entry::kNoExpiry));
  }

  Settings settings_;
};

TEST_F(RdbValue, Strings) {
  for (const std::string& text :
       {std::string(""), std::string("hello"), std::string("-123"), std::string("12345678901"),
        std::string(100, 'x'), std::string(100000, 'y'), std::string("\0\n\xff", 3)}) {
    const EntryPtr entry(Entry::NewString("k", text, EncodingOf(text), Entry::kNoExpiry));
    const EntryPtr again = Again(*entry, rdb::kString);
    EXPECT_EQ(again->string().Copy(0, again->string().size()), text);
    EXPECT_EQ(again->string_encoding(), entry->string_encoding());
  }
}

TEST_F(RdbValue, ListsKeepTheirOrderAndLargeElements) {
  auto list = std::make_unique<List>();
  std::vector<std::string> elements;
  for (int i = 0; i < 5000; ++i) elements.push_back(std::to_string(i * 7919));
  elements.emplace_back(9000, 'a');
  elements.emplace_back(40000, 'b');
  elements.emplace_back("");
  for (const std::string& element : elements) list->Push(List::End::kBack, element);
  const EntryPtr entry = Owned(std::move(list));
  const EntryPtr again = Again(*entry, rdb::kListQuicklist2);
  std::vector<std::string> read;
  for (auto at = again->object<List>()->CursorAt(0); at.valid(); at.Next()) {
    read.emplace_back((*at).bytes);
  }
  EXPECT_EQ(read, elements);
}

TEST_F(RdbValue, SetsOfIntegersAndOthers) {
  for (const bool integers : {true, false}) {
    auto set = std::make_unique<Set>();
    for (int i = 0; i < 300; ++i) set->Add(std::to_string(i * i), limits().set);
    if (!integers) set->Add("x", limits().set);
    const EntryPtr entry = Owned(std::move(set));
    const EntryPtr again = Again(*entry, integers ? rdb::kSetIntset : rdb::kSet);
    EXPECT_EQ(again->object<Set>()->size(), integers ? 300u : 301u);
    EXPECT_TRUE(again->object<Set>()->Contains("89401"));
    EXPECT_EQ(again->object<Set>()->encoding(), entry->object<Set>()->encoding());
  }
}

TEST_F(RdbValue, HashesSmallAndLarge) {
  for (const int fields : {1, 512, 513, 20000}) {
    auto hash = std::make_unique<Hash>();
    for (int i = 0; i < fields; ++i) {
      const std::string value = "value " + std::to_string(i);
      hash->Set("field:" + std::to_string(i), BulkView{value}, limits().hash);
    }
    const EntryPtr entry = Owned(std::move(hash));
    const EntryPtr again = Again(*entry, fields <= 512 ? rdb::kHashListpack : rdb::kHash);
    EXPECT_EQ(again->object<Hash>()->size(), static_cast<size_t>(fields));
    EXPECT_EQ(again->object<Hash>()->Get("field:0")->bytes, "value 0");
    EXPECT_EQ(again->object<Hash>()->encoding(), entry->object<Hash>()->encoding());
  }
}

TEST_F(RdbValue, SortedSetsKeepEveryBitOfTheirScores) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double scores[] = {0,          -0.1,      0.1,     1e300,      5e-324,
                           -kInfinity, kInfinity, 1.0 / 3, 12345678901};
  for (const int more : {0, 1000}) {
    auto zset = std::make_unique<ZSet>();
    for (double score : scores) zset->Set("m" + std::to_string(zset->size()), score);
    for (int i = 0; i < more; ++i) zset->Set("more" + std::to_string(i), i / 7.0);
    const EntryPtr entry = Owned(std::move(zset));
    const EntryPtr again = Again(*entry, more == 0 ? rdb::kZSetListpack : rdb::kZSet);
    for (size_t i = 0; i < std::size(scores); ++i) {
      EXPECT_EQ(again->object<ZSet>()->Score("m" + std::to_string(i)), scores[i]);
    }
    EXPECT_EQ(again->object<ZSet>()->size(), entry->object<ZSet>()->size());
  }
}

// Entries with and without the names of their node, some deleted; two groups, one with consumers.
std::unique_ptr<Stream> SomeStream(uint64_t entries) {
  auto stream = std::make_unique<Stream>();
  for (uint64_t i = 1; i <= entries; ++i) {
    const std::string number = std::to_string(i * 7919);
    const std::string_view same[] = {"sku", number, "qty", "1"};
    const std::string_view own[] = {"note", number};
    const StreamPairs pairs = i % 5 == 0 ? StreamPairs(own) : StreamPairs(same);
    stream->Append({1000 + i / 3, i % 3}, pairs, {.bytes = 4096, .entries = 100});
  }
  stream->Delete(stream->first_id());
  stream->AddGroup("other", {1, 0}, StreamGroup::kUnknown);
  StreamGroup& group = *stream->AddGroup("group", stream->last_id(), 7);
  group.AddConsumer("idle", 5);
  const uint32_t alice = group.AddConsumer("alice", 6).number;
  const uint32_t bob = group.AddConsumer("bob", 7).number;
  for (uint64_t i = 1; i <= entries; ++i) {
    group.SetPending({{1000 + i / 3, i % 3}, 50, 2, i % 2 == 0 ? alice : bob});
  }
  return stream;
}

TEST_F(RdbValue, StreamsKeepTheirEntriesGroupsAndWhatIsPending) {
  const auto entries_of = [](const Stream& stream) {
    std::string text;
    stream.ForEach(StreamId::Min(), StreamId::Max(), [&](const StreamEntry& entry) {
      text += FormatStreamId(entry.id());
      entry.ForEachPair([&](std::string_view field, std::string_view value) {
        text.append(" ").append(field).append(" ").append(value);
      });
      text += "\n";
      return true;
    });
    return text;
  };
  for (const uint64_t entries : {3, 1000}) {
    const EntryPtr entry = Owned(SomeStream(entries));
    const EntryPtr again = Again(*entry, rdb::kStream2);
    const Stream& before = *entry->object<Stream>();
    const Stream& after = *again->object<Stream>();
    EXPECT_EQ(after.size(), entries - 1);
    EXPECT_EQ(entries_of(after), entries_of(before));
    EXPECT_EQ(after.last_id(), before.last_id());
    EXPECT_EQ(after.counters().max_deleted_id, (StreamId{1000, 1}));
    EXPECT_EQ(after.counters().entries_added, entries);
    ASSERT_EQ(after.group_count(), 2u);
    EXPECT_EQ(after.FindGroup("other")->entries_read, StreamGroup::kUnknown);
    const StreamGroup& group = *after.FindGroup("group");
    EXPECT_EQ(group.entries_read, 7);
    EXPECT_EQ(group.consumer_count(), 3u);
    EXPECT_EQ(group.pending().size(), entries);
    EXPECT_EQ(group.FindConsumer("idle")->seen_ms, 5);
    EXPECT_EQ(group.FindConsumer("alice")->pending.size(), entries / 2);
    const PendingEntry& pending = *group.pending().Find({1000, 1});
    EXPECT_EQ(pending.delivered_ms, 50);
    EXPECT_EQ(pending.deliveries, 2);
    EXPECT_EQ(group.consumer(pending.consumer).name, "bob");
    EXPECT_EQ(MakeDumpPayload(*again, limits()), MakeDumpPayload(*entry, limits()));
  }
}

// Room is made for all of a collection at once, and hardly for more: by a size class at most, and
// for another key with an expiry.
TEST_F(RdbValue, WhatIsReadTakesAboutTheMemoryOfWhatWasWritten) {
  for (const int elements : {1, 4, 10, 31, 33, 100}) {
    auto list = std::make_unique<List>();
    auto set = std::make_unique<Set>();
    auto hash = std::make_unique<Hash>(), cache_entry = std::make_unique<Hash>();
    auto zset = std::make_unique<ZSet>();
    for (int i = 0; i < elements; ++i) {
      const std::string name = "element" + std::to_string(i), number = std::to_string(i * 7919);
      list->Push(List::End::kBack, name);
      set->Add(name, limits().set);
      hash->Set(name, BulkView{number}, limits().hash);
      const std::string data = name + std::string(700, 'x');
      cache_entry->Set(number, BulkView{i % 4 == 0 ? data : number}, limits().hash);
      zset->Set(name, i * 0.5);
    }
    const EntryPtr entries[] = {Owned(std::move(list)), Owned(std::move(set)),
                                Owned(std::move(hash)), Owned(std::move(cache_entry)),
                                Owned(std::move(zset))};
    for (const EntryPtr& entry : entries) {
      const EntryPtr again = Again(*entry, TypeOf(*entry, limits()));
      EXPECT_LE(again->MemoryBytes(), entry->MemoryBytes() * 5 / 4 + 16)
          << TypeName(entry->type()) << " of " << elements;
    }
  }
}

TEST_F(RdbValue, StreamsKeepCountersAtTheirEnds) {
  auto stream = SomeStream(3);
  const Stream::Counters extreme = {.last_id = stream->last_id(),
                                    .max_deleted_id = StreamId::Max(),
                                    .entries_added = Stream::Counters::kMostAdded};
  stream->set_counters(extreme);
  const EntryPtr again = Again(*Owned(std::move(stream)), rdb::kStream2);
  const Stream::Counters& read = again->object<Stream>()->counters();
  EXPECT_EQ(read.last_id, extreme.last_id);
  EXPECT_EQ(read.max_deleted_id, extreme.max_deleted_id);
  EXPECT_EQ(read.entries_added, extreme.entries_added);
}

// What a node counts as it grows is the size of the listpack that it is written in.
TEST_F(RdbValue, StreamsCountTheBytesOfTheirListpacks) {
  auto stream = std::make_unique<Stream>();
  for (uint64_t i = 0; i < 2000; ++i) {
    const std::string number = std::to_string((i % 2 == 0 ? -1 : 1) * (int64_t{1} << i % 63));
    const std::string text(i % 150, 'x');
    const std::string_view words[] = {"n", number, i % 3 == 0 ? "note" : "text", text};
    const StreamPairs pairs = StreamPairs(words).first(i % 7 == 0 ? 2 : 4);
    stream->Append({1 + i * i * i, i % 5 * 1000}, pairs, {.bytes = i, .entries = 200});
  }
  const auto bytes_of = [](const Stream& of) {
    std::vector<size_t> bytes;
    of.ForEachNode([&](const StreamNode& node) { bytes.push_back(node.listpack_bytes()); });
    return bytes;
  };
  const EntryPtr entry = Owned(std::move(stream));
  const EntryPtr again = Again(*entry, rdb::kStream2);
  EXPECT_GT(bytes_of(*entry->object<Stream>()).size(), 100u);
  EXPECT_EQ(bytes_of(*again->object<Stream>()), bytes_of(*entry->object<Stream>()));
}

TEST_F(RdbValue, AnyPrefixAndAnyChangedByteIsReadOrRefused) {
  auto hash = std::make_unique<Hash>();
  hash->Set("field", BulkView{"value"}, limits().hash);
  hash->Set("n", BulkView{"100000"}, limits().hash);
  const EntryPtr of_hash = Owned(std::move(hash)), of_stream = Owned(SomeStream(6));
  for (const Entry* entry : {of_hash.get(), of_stream.get()}) {
    const std::string payload = MakeDumpPayload(*entry, limits());
    std::string error;
    for (size_t i = 0; i + 10 < payload.size(); ++i) {
      for (int value = 0; value < 256; ++value) {
        std::string damaged = payload;
        damaged[i] = static_cast<char>(value);
        const EntryPtr read(EntryFromDump(damaged, "k", Entry::kNoExpiry, limits(), &error));
      }
      EXPECT_EQ(EntryFromDump(payload.substr(0, i + 10), "k", Entry::kNoExpiry, limits(), &error),
                nullptr);
    }
  }
}

}  // namespace
}  // namespace larder
