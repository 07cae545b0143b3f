// What a snapshot gets to see is the shard as it was at the cut, whatever happens to it before the
// walk comes by.
#include "server/store/shard_snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "server/base/hash.h"
#include "server/store/hash.h"
#include "server/store/shard.h"

namespace larder {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

// "db/key" -> value.
using Contents = std::map<std::string, std::string>;

class SnapshotOfShard : public testing::Test {
 protected:
  Entry* Find(const std::string& key, int db = 0) { return shard_.Find(db, key, HashBytes(key)); }
  void Insert(const std::string& key, const std::string& value, int db = 0) {
    shard_.Insert(db, Entry::NewString(key, value, StringEncoding::kRaw, Entry::kNoExpiry),
                  HashBytes(key));
  }
  // As a command changes a string in place.
  void Change(const std::string& key, char first) {
    Entry* entry = shard_.Writable(0, Find(key), HashBytes(key));
    entry->inline_string()[0] = first;
  }
  void Replace(const std::string& key, const std::string& value) {
    Entry* entry = Entry::NewString(key, value, StringEncoding::kRaw, Entry::kNoExpiry);
    Entry* old = shard_.Replace(0, Find(key), entry, HashBytes(key));
    if (old != nullptr) Entry::Free(old);
  }
  void Delete(const std::string& key, int db = 0) {
    if (Entry* entry = shard_.Drop(db, Find(key, db), HashBytes(key))) Entry::Free(entry);
  }

  // Walks to the end, with `between` called after each step.
  template <typename Between>
  Contents Walk(Between between) {
    Contents seen;
    ShardWalk walk(shard_);
    for (bool last = false; !last;) {
      ShardWalk::Step step = walk.Next();
      last = step.last;
      for (const SavedEntry& saved : step.entries) {
        Note(seen, saved.db, *saved.entry);
        Entry::Free(saved.entry);
      }
      for (const SavedTable& saved : step.tables) {
        Table::ForEachIn(saved.contents, [&](const Entry* entry) {
          if (entry->epoch() != step.epoch) Note(seen, saved.db, *entry);
        });
        Table::FreeContents(saved.contents);
      }
      memory_.Remove(step.bytes);
      if (!last) between();
    }
    EXPECT_FALSE(shard_.snapshot().running());
    for (int db = 0; db < shard_.databases(); ++db) {
      if (const Slice* slice = shard_.existing_slice(db)) {
        slice->table.ForEach(
            [&](const Entry* entry) { EXPECT_FALSE(shard_.snapshot().Unsaved(entry)); });
      }
    }
    return seen;
  }
  Contents Walk() {
    return Walk([] {});
  }

  SliceDirectory directory_{4, 1};
  SnapshotMemory memory_;
  Shard shard_{directory_, 0, memory_};

 private:
  static void Note(Contents& seen, int db, const Entry& entry) {
    const std::string name = std::to_string(db) + "/" + std::string(entry.key());
    EXPECT_TRUE(seen.emplace(name, entry.short_string()).second) << name << " came twice";
  }
};

TEST_F(SnapshotOfShard, HasWhatNobodyTouched) {
  Insert("a", "1");
  Insert("b", "2", 3);
  shard_.CutSnapshot();
  EXPECT_THAT(Walk(), UnorderedElementsAre(Pair("0/a", "1"), Pair("3/b", "2")));
  EXPECT_EQ(Find("a")->short_string(), "1");
}

TEST_F(SnapshotOfShard, KeepsWhatWasChangedReplacedOrRemoved) {
  for (const char* key : {"changed", "replaced", "removed", "extracted", "expiring"}) {
    Insert(key, "old");
  }
  shard_.CutSnapshot();
  Change("changed", 'N');
  Change("changed", 'M');
  Replace("replaced", "new");
  Replace("replaced", "newer");
  Delete("removed");
  Entry* extracted = shard_.Remove(0, Find("extracted"), HashBytes("extracted"));
  EXPECT_EQ(extracted->short_string(), "old");
  Entry::Free(extracted);
  shard_.SetExpiry(0, Find("expiring"), 1000, HashBytes("expiring"));
  Insert("fresh", "new");
  EXPECT_THAT(Walk(), UnorderedElementsAre(Pair("0/changed", "old"), Pair("0/replaced", "old"),
                                           Pair("0/removed", "old"), Pair("0/extracted", "old"),
                                           Pair("0/expiring", "old")));
  EXPECT_EQ(Find("changed")->short_string(), "Mld");
  EXPECT_EQ(Find("replaced")->short_string(), "newer");
  EXPECT_EQ(Find("removed"), nullptr);
  EXPECT_EQ(Find("expiring")->expiry_ms(), 1000);
  EXPECT_EQ(Find("fresh")->short_string(), "new");
}

TEST_F(SnapshotOfShard, KeepsAKeyThatWasRemovedAndMadeAgain) {
  Insert("k", "old");
  shard_.CutSnapshot();
  Delete("k");
  Insert("k", "new");
  Delete("k");
  Insert("k", "newer");
  EXPECT_THAT(Walk(), UnorderedElementsAre(Pair("0/k", "old")));
}

TEST_F(SnapshotOfShard, KeepsFlushedTables) {
  Insert("changed", "old");
  Insert("left", "old");
  Insert("elsewhere", "old", 2);
  shard_.CutSnapshot();
  Change("changed", 'N');
  Insert("fresh", "new");
  EXPECT_EQ(shard_.Flush(0).slots, nullptr) << "the snapshot frees it";
  Insert("left", "new");
  EXPECT_THAT(Walk(), UnorderedElementsAre(Pair("0/changed", "old"), Pair("0/left", "old"),
                                           Pair("2/elsewhere", "old")));
}

TEST_F(SnapshotOfShard, KeepsNothingOfWhatCameSinceTheCutAndWasFlushed) {
  Insert("k", "old");
  shard_.CutSnapshot();
  for (int round = 0; round < 3; ++round) {
    Insert("fresh", "new");
    const Table::Contents contents = shard_.Flush(0);
    EXPECT_EQ(contents.slots == nullptr, round == 0) << "only the first one was there at the cut";
    if (contents.slots != nullptr) Table::FreeContents(contents);
  }
  EXPECT_THAT(Walk(), UnorderedElementsAre(Pair("0/k", "old")));
}

TEST_F(SnapshotOfShard, CountsWhatItKeepsUntilThatIsFreed) {
  for (const char* key : {"changed", "removed", "flushed"}) Insert(key, "old");
  Insert("flushed", "old", 2);
  const size_t bytes = Find("removed")->MemoryBytes();
  shard_.CutSnapshot();
  EXPECT_EQ(memory_.bytes(), 0u);
  Change("changed", 'N');
  Change("changed", 'M');
  Delete("removed");
  EXPECT_EQ(memory_.bytes(), 2 * bytes);
  shard_.Flush(2);
  EXPECT_EQ(memory_.bytes(), 3 * bytes);
  Walk();
  EXPECT_EQ(memory_.bytes(), 0u);
}

TEST_F(SnapshotOfShard, RemembersTheDatabaseOfTheCut) {
  Insert("a", "0");
  Insert("b", "1", 1);
  shard_.CutSnapshot();
  shard_.SwapSlices(0, 1);
  Delete("a", 1);
  EXPECT_THAT(Walk(), UnorderedElementsAre(Pair("0/a", "0"), Pair("1/b", "1")));
}

TEST_F(SnapshotOfShard, IsWholeWhateverHappensBetweenTheSteps) {
  Contents expected;
  for (int i = 0; i < 3000; ++i) {
    Insert("key:" + std::to_string(i), "old");
    expected["0/key:" + std::to_string(i)] = "old";
  }
  Insert("other", "old", 2);
  expected["2/other"] = "old";
  shard_.CutSnapshot();
  int next = 0;
  const Contents seen = Walk([&] {
    for (int i = 0; i < 40 && next < 3000; ++i, ++next) {
      const std::string key = "key:" + std::to_string(2999 - next);
      const bool here = Find(key) != nullptr;  // not while the databases are swapped
      if (here && next % 3 == 0) Delete(key);
      if (here && next % 3 == 1) Change(key, 'N');
      Insert("fresh:" + std::to_string(next), "new");  // the table grows
    }
    if (next == 400) shard_.SwapSlices(2, 3);
    if (next == 800) shard_.SwapSlices(0, 1);
    if (next == 840) shard_.SwapSlices(0, 1);
  });
  EXPECT_EQ(seen, expected);
}

TEST_F(SnapshotOfShard, IsFollowedByOthers) {
  Insert("k", "0");
  for (int round = 1; round < 5; ++round) {
    shard_.CutSnapshot();
    Replace("k", std::to_string(round));
    EXPECT_THAT(Walk(), UnorderedElementsAre(Pair("0/k", std::to_string(round - 1))));
  }
}

TEST_F(SnapshotOfShard, LeavesNothingBehindWhenItIsGivenUp) {
  for (int i = 0; i < 200; ++i) Insert("key:" + std::to_string(i), "old");
  shard_.CutSnapshot();
  Change("key:1", 'N');
  ShardWalk walk(shard_);
  for (const SavedEntry& saved : walk.Next().entries) Entry::Free(saved.entry);
  Change("key:2", 'N');
  for (const SavedEntry& saved : walk.GiveUp().entries) Entry::Free(saved.entry);
  EXPECT_FALSE(shard_.snapshot().running());
  shard_.CutSnapshot();
  const Contents seen = Walk();
  EXPECT_EQ(seen.size(), 200u);
  EXPECT_EQ(seen.at("0/key:1"), "Nld");
  EXPECT_EQ(seen.at("0/key:3"), "old");
}

TEST_F(SnapshotOfShard, SharesTheBlocksOfACollectionThatChanges) {
  Hash* hash = new Hash();
  for (int i = 0; i < 10000; ++i) hash->Set("field:" + std::to_string(i), BulkView{"old"}, {});
  shard_.Insert(0, Entry::NewObject("h", ValueType::kHash, hash, Entry::kNoExpiry), HashBytes("h"));
  shard_.CutSnapshot();
  Entry* entry = shard_.Writable(0, Find("h"), HashBytes("h"));
  entry->object<Hash>()->Set("field:7", BulkView{"new"}, {});
  ShardWalk::Step step = ShardWalk(shard_).Next();
  ASSERT_EQ(step.entries.size(), 1u);
  EXPECT_EQ(step.entries[0].entry->object<Hash>()->Get("field:7")->bytes, "old");
  EXPECT_EQ(step.entries[0].entry->object<Hash>()->size(), 10000u);
  EXPECT_EQ(Find("h")->object<Hash>()->Get("field:7")->bytes, "new");
  Entry::Free(step.entries[0].entry);
}

}  // namespace
}  // namespace larder
