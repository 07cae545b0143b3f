#include "server/engine/whole_keyspace.h"

#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

bool Holds(const Slice& slice, std::string_view key, int64_t now_ms) {
  const Entry* entry = slice.table.Find(key, HashBytes(key));
  return entry != nullptr && !entry->ExpiredAt(now_ms);
}

// Marks the clients that watch a key which either slice holds; one that has expired is not held.
void MarkWatchers(const Slice& watched, const Slice& other, int64_t now_ms) {
  for (const auto& [key, flags] : watched.watchers) {
    if (!Holds(watched, key, now_ms) && !Holds(other, key, now_ms)) continue;
    for (const WatchFlag& flag : flags) flag->store(true, std::memory_order_relaxed);
  }
}

void WakeWaiters(Context& c, const Slice& slice, int db) {
  for (const auto& [key, waiters] : slice.waiters) {
    if (Holds(slice, key, c.now_ms())) c.ready.emplace_back(db, key);
  }
}

}  // namespace

size_t FlushDatabase(Context& c, int db, bool lazy) {
  CHECK(c.lock.exclusive());
  Keyspace& keyspace = c.engine.keyspace;
  size_t keys = 0;
  for (int each = db < 0 ? 0 : db; each <= (db < 0 ? keyspace.databases() - 1 : db); ++each) {
    for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
      const Slice* slice = keyspace.shard(i).existing_slice(each);
      if (slice != nullptr && !slice->watchers.empty()) MarkWatchers(*slice, *slice, c.now_ms());
    }
    keys += keyspace.Flush(each, lazy);
  }
  c.worker.stats.changes.Add(keys);
  return keys;
}

void SwapDatabases(Context& c, int a, int b) {
  CHECK(c.lock.exclusive());
  if (a == b) return;
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    Shard& shard = c.engine.keyspace.shard(i);
    if (shard.existing_slice(a) == nullptr && shard.existing_slice(b) == nullptr) continue;
    MarkWatchers(shard.slice(a), shard.slice(b), c.now_ms());
    MarkWatchers(shard.slice(b), shard.slice(a), c.now_ms());
    shard.SwapSlices(a, b);
    WakeWaiters(c, shard.slice(a), a);
    WakeWaiters(c, shard.slice(b), b);
  }
  c.worker.stats.changes.Add(1);
}

}  // namespace larder
