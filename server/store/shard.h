// Shard: one lock and, per database, one table with its expiry index and the clients that wait for
// or watch its keys. The keyspace is many shards; a key's shard is chosen by the low bits of its
// hash. A Shard& can be had only from a live KeyLock (server/engine/key_lock.h), from the expiry
// walk, or while the gate is closed.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "server/base/mutex.h"
#include "server/base/string_map.h"
#include "server/store/copied_bytes.h"
#include "server/store/entry.h"
#include "server/store/expiry_index.h"
#include "server/store/shard_snapshot.h"
#include "server/store/slice_directory.h"
#include "server/store/table.h"

namespace larder {

// A client's WATCH of a key, under the lock of the key's shard. A key whose time was over already,
// but which was not to be removed then, is as good as gone: that it goes is no change.
struct KeyWatch {
  bool changed = false;
  bool expired = false;
};
using WatchRef = std::shared_ptr<KeyWatch>;
enum class KeyFate : uint8_t { kStays, kGoes };  // of a key that was changed

// A parked client's place in the queue of a key. The engine defines what it holds.
struct Waiter;
using WaiterRef = std::shared_ptr<Waiter>;

// Those who wait for one key. Apart from each other are those whom different changes wake, so that
// a change costs nothing for who wants another; among the former, who came first is first.
struct WaiterPlace {
  uint8_t wakes_for;  // chosen by the engine
  uint64_t ticket;    // who came earlier has a lower one
  auto operator<=>(const WaiterPlace&) const = default;
};
using WaiterQueue = absl::btree_map<WaiterPlace, WaiterRef>;

// What one shard holds of one database. The table is what nearly all requests look at, and what is
// counted beside it: one cache line.
struct alignas(64) Slice {
  Table table;
  // Memory of the entries, the table and the index; written under the lock, read without.
  std::atomic<size_t> entry_bytes{0};
  std::atomic<size_t> table_bytes{0};
  std::atomic<size_t> expiry_bytes{0};
  ExpiryIndex expiry;
  StringMap<absl::flat_hash_set<WatchRef>> watchers;
  StringMap<WaiterQueue> waiters;
  int saved_as = 0;     // the database that it was at the cut of the snapshot that runs
  bool at_cut = false;  // its table was there at that cut, and has not been flushed since
};

class alignas(64) Shard {
 public:
  // The `index`-th of the shards whose slices are found in the directory. What it keeps for a
  // snapshot is counted in `memory`.
  Shard(SliceDirectory& directory, uint32_t index, SnapshotMemory& memory)
      : snapshot_(memory), directory_(directory), index_(index) {}
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  Mutex& mutex() ABSL_LOCK_RETURNED(mutex_) { return mutex_; }

  // Everything below REQUIRES: the lock, or the closed gate.
  int databases() const { return directory_.databases(); }
  Slice& slice(int db);
  // Null where the database never held a key.
  Slice* existing_slice(int db) const { return directory_.slice(db, index_); }
  // REQUIRES: the closed gate.
  void SwapSlices(int a, int b);
  // How often it was called.
  uint32_t swaps() const { return swaps_; }

  // The entry, expired or not.
  Entry* Find(int db, std::string_view key, uint64_t hash) const;
  // Takes the entry over. REQUIRES: no entry has its key.
  void Insert(int db, Entry* entry, uint64_t hash);
  // So many keys are about to be inserted.
  void Reserve(int db, size_t keys);
  // The entry, free to be changed: where a snapshot needs it as it is, a clone in its place.
  Entry* Writable(int db, Entry* entry, uint64_t hash) {
    if (!snapshot_.Unsaved(entry)) [[likely]]
      return entry;
    return CloneInPlace(db, entry, hash);
  }
  // Puts `entry` in the place of `old`. Returns what the caller frees: null where a snapshot needs
  // it. REQUIRES: the same key.
  Entry* Replace(int db, Entry* old, Entry* entry, uint64_t hash);
  // Notes that an entry has moved (Entry::Grow). `old` is not looked into, so it may be freed.
  void Moved(int db, const Entry* old, Entry* entry, uint64_t hash);
  // Takes the entry out and hands it, or its clone, to the caller.
  Entry* Remove(int db, Entry* entry, uint64_t hash);
  // Takes the entry out for good. Returns what the caller frees: null where a snapshot needs it.
  Entry* Drop(int db, Entry* entry, uint64_t hash);
  // Takes everything out of a database; what the caller frees.
  Table::Contents Flush(int db);
  // Sets or, with Entry::kNoExpiry, removes the expiry. Returns the entry, which may have moved.
  Entry* SetExpiry(int db, Entry* entry, int64_t expiry_ms, uint64_t hash);

  // The cut of a snapshot. REQUIRES: the closed gate, and no snapshot that runs.
  void CutSnapshot();
  ShardSnapshot& snapshot() { return snapshot_; }
  const ShardSnapshot& snapshot() const { return snapshot_; }

  // Around a change of a collection (Entry::grows_by_itself), which may take or free memory: in
  // between the entry is not counted, so it must not be removed or replaced there.
  void BeginChange(int db, const Entry* entry) {
    CountBytes(slice(db), 0, entry->MemoryBytes());
    if (snapshot_.running()) [[unlikely]]
      TakeCopied();
  }
  void EndChange(int db, const Entry* entry) {
    CountBytes(slice(db), entry->MemoryBytes(), 0);
    if (snapshot_.running()) [[unlikely]]
      snapshot_.Count(TakeCopied());
  }

  // The next record of the expiry index that is due; see ExpiryIndex::PopDue.
  bool PopDue(int db, int64_t now_ms, uint32_t* hash_top);

  // Marks the clients that watch the key; those who find it changed watch it no longer.
  void TouchWatchers(int db, std::string_view key, KeyFate fate);

  // Slot arrays that resizes replaced, see Table. Freed by whoever knows that nobody prefetches.
  bool has_retired() const { return has_retired_.load(std::memory_order_relaxed); }
  void FreeRetired();
  void TakeRetired(Table::Retired& out);

 private:
  static void CountBytes(Slice& slice, size_t more, size_t less) {
    slice.entry_bytes.store(slice.entry_bytes.load(std::memory_order_relaxed) + more - less,
                            std::memory_order_relaxed);
  }
  static void CountIndexes(Slice& slice) {
    slice.table_bytes.store(slice.table.MemoryBytes(), std::memory_order_relaxed);
    slice.expiry_bytes.store(slice.expiry.MemoryBytes(), std::memory_order_relaxed);
  }
  // What the caller frees: null where a snapshot needs the entry, which is in no table any more.
  Entry* LetGo(Slice& slice, Entry* entry);
  void NoteRetired() {
    if (!retired_.empty()) [[unlikely]]
      has_retired_.store(true, std::memory_order_relaxed);
  }
  Entry* CloneInPlace(int db, Entry* entry, uint64_t hash);
  void NoteExpiry(Slice& slice, int64_t old_ms, int64_t new_ms, uint64_t hash);
  void AddExpiry(Slice& slice, int64_t expiry_ms, uint64_t hash);

  Mutex mutex_;
  ShardSnapshot snapshot_;  // its first byte is read by every write: beside the mutex
  SliceDirectory& directory_;
  const uint32_t index_;
  uint32_t swaps_ = 0;
  Table::Retired retired_;
  std::atomic<bool> has_retired_{false};  // read without the lock
};

}  // namespace larder
