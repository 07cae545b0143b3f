// Keyspace: all shards. Any thread may ask for a shard's number; what lies in a shard needs its
// lock or the closed gate.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "server/base/hash.h"
#include "server/store/reclaimer.h"
#include "server/store/shard.h"

namespace larder {

class Keyspace {
 public:
  // 1024: two threads hardly ever meet, and the empty arrays stay under a megabyte.
  static constexpr uint32_t kShards = 1024;

  explicit Keyspace(int databases);
  ~Keyspace();

  int databases() const { return directory_.databases(); }
  static uint32_t ShardOf(uint64_t hash) { return static_cast<uint32_t>(hash) & (kShards - 1); }
  Shard& shard(uint32_t index) { return *shards_[index]; }
  const Shard& shard(uint32_t index) const { return *shards_[index]; }
  // Null where the database never held a key, and then of all shards.
  const Slice* slice(int db, uint32_t shard) const { return directory_.slice(db, shard); }
  // Calls f(const Slice&) for the slices that a database has: one for each shard, or none.
  template <typename F>
  void ForEachSlice(int db, F&& f) const {
    if (slice(db, 0) == nullptr) return;  // and so are the others
    for (uint32_t i = 0; i < kShards; ++i) f(*slice(db, i));
  }
  // The table that a key with this hash would be in, for prefetching: without a lock. May be null.
  const Table* TableOf(int db, uint64_t hash) const {
    const Slice* slice = directory_.slice(db, ShardOf(hash));
    return slice == nullptr ? nullptr : &slice->table;
  }
  // Each has the processor fetch what the one before has found, for a key with this hash: the lock
  // and the table, then its place there. Without a lock.
  void PrefetchTable(int db, uint64_t hash) const {
    __builtin_prefetch(shards_[ShardOf(hash)].get(), 1);
    if (const Table* table = TableOf(db, hash)) __builtin_prefetch(table, 1);
  }
  void PrefetchSlot(int db, uint64_t hash) const {
    if (const Table* table = TableOf(db, hash)) table->PrefetchSlot(hash);
  }

  // Numbers of keys and of keys with an expiry; exact when nobody writes.
  size_t Size(int db) const;
  bool empty() const;
  size_t Expires(int db) const;

  // Memory of a database: its entries, with keys and values, and what finds them.
  struct Bytes {
    size_t entries = 0;
    size_t tables = 0;
    size_t expiries = 0;
  };
  Bytes BytesOf(int db) const;

  // Keys, and bytes, that a flush may free before it returns: about a millisecond. More go to the
  // reclaimer whatever was asked for, since everybody waits at the gate meanwhile.
  static constexpr size_t kFreedAtOnce = 4096;
  static constexpr size_t kBytesFreedAtOnce = 4 * 1024 * 1024;
  // REQUIRES: closed gate. Empties a database; the memory is freed by the reclaimer (`lazy`, or
  // much) or before this returns. Returns how many keys went.
  size_t Flush(int db, bool lazy);
  void FlushAll();  // lazily

  Reclaimer& reclaimer() { return reclaimer_; }
  SnapshotMemory& snapshot_memory() { return snapshot_memory_; }

 private:
  SliceDirectory directory_;
  SnapshotMemory snapshot_memory_;
  std::vector<std::unique_ptr<Shard>> shards_;
  Reclaimer reclaimer_;
};

}  // namespace larder
