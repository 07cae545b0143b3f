// ShardSnapshot: what a shard does for a snapshot that runs. A snapshot is the keyspace as it was
// at one moment, the cut, written out while commands go on changing it; nothing is forked and
// nothing is copied in advance.
//
// Every entry carries the parity of the snapshot it was made or saved in (its epoch). The cut flips
// the shards' epoch, which makes every entry that is there *unsaved*: it belongs to the snapshot
// and must not change. Whoever is about to change one puts a clone in its place (collections share
// their blocks), whoever removes one leaves it here; so a kept entry is what it was at the cut. The
// walk takes what was kept, clones what nobody has touched, and gives both the new epoch. At its
// end every entry of the shard has the shard's epoch, whether or not the snapshot succeeded; hence
// one bit is enough, and without a snapshot the look at it always says no.
//
// Everything REQUIRES: the lock of the shard, or the closed gate.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "server/store/entry.h"
#include "server/store/table.h"

namespace larder {

class Shard;

// An entry as it was at the cut, in the database of that moment. Owned by whoever holds this.
struct SavedEntry {
  int db;
  Entry* entry;
};
// A database's whole table, flushed since the cut. Of its entries only those are the snapshot's
// whose epoch is not that of the snapshot.
struct SavedTable {
  int db;
  Table::Contents contents;
};

// What the snapshot that runs takes, in all shards and for its work, in bytes: memory that is in
// use but no part of the data set, and soon free. What it shares with the data set is not counted.
// Any thread.
class SnapshotMemory {
 public:
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  void Add(uint64_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void Remove(uint64_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> bytes_{0};
};

class ShardSnapshot {
 public:
  explicit ShardSnapshot(SnapshotMemory& memory) : memory_(memory) {}

  // True from the cut until the walk is through with this shard.
  bool running() const { return running_; }
  uint8_t epoch() const { return epoch_; }
  bool Unsaved(const Entry* entry) const { return entry->epoch() != epoch_; }

  void Cut() {
    epoch_ ^= 1;
    running_ = true;
    kept_bytes_.store(0, std::memory_order_relaxed);
  }
  // Takes over what has left the shard's tables; `bytes` of it are nobody else's. REQUIRES:
  // running(); an entry is unsaved.
  void Keep(int db, Entry* entry, size_t bytes) {
    entries_.push_back({db, entry});
    Count(bytes);
    if (entry->type() != ValueType::kString) return;
    kept_bytes_.store(kept_bytes() + sizeof(Entry) + entry->key().size() + entry->string().size(),
                      std::memory_order_relaxed);
  }
  void Keep(int db, const Table::Contents& contents) {
    tables_.push_back({db, contents});
    Count(contents.bytes);
  }
  // Counts in the SnapshotMemory what is kept or handed out.
  void Count(size_t bytes) {
    memory_.Add(bytes);
    counted_ += bytes;
  }

  // Of the strings kept since the cut; read without the lock. (Collections share their blocks.)
  uint64_t kept_bytes() const { return kept_bytes_.load(std::memory_order_relaxed); }

  std::vector<SavedEntry> TakeEntries() { return std::exchange(entries_, {}); }
  std::vector<SavedTable> TakeTables() { return std::exchange(tables_, {}); }
  // What was counted since it was last taken, to be removed by who frees it.
  size_t TakeCounted() { return std::exchange(counted_, 0); }
  // REQUIRES: everything kept was taken, and no entry is unsaved.
  void End() { running_ = false; }

 private:
  uint8_t epoch_ = 0;
  bool running_ = false;
  SnapshotMemory& memory_;
  size_t counted_ = 0;
  std::vector<SavedEntry> entries_;
  std::vector<SavedTable> tables_;
  std::atomic<uint64_t> kept_bytes_{0};
};

// The walk of a snapshot over one shard, in steps, so that its lock is never held for long.
class ShardWalk {
 public:
  // What a step hands out. `entries` and `tables` are the caller's to free, who then removes
  // `bytes` from the SnapshotMemory.
  struct Step {
    std::vector<SavedEntry> entries;
    std::vector<SavedTable> tables;
    size_t bytes = 0;
    uint8_t epoch = 0;  // entries of `tables` with this one are newer than the cut
    bool last = false;
  };

  explicit ShardWalk(Shard& shard) : shard_(shard) {}
  // The next unsaved entries, some dozens, with what was kept since the last step. After the last
  // step the shard has nothing to do with the snapshot any more.
  Step Next();
  // For a snapshot that failed: what is left of it, to be freed, in one last step.
  Step GiveUp();

 private:
  // Buckets looked at under one lock: some microseconds.
  static constexpr size_t kBucketsPerStep = 64;

  // Restarts where SWAPDB has moved tables that were looked at.
  void NoticeSwap();

  Shard& shard_;
  int slice_ = 0;
  uint64_t position_ = 0;
  uint32_t swaps_ = 0;
};

}  // namespace larder
