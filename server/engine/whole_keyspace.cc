#include "server/engine/whole_keyspace.h"

#include <optional>

#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/engine/engine.h"
#include "server/engine/tracking.h"

namespace larder {
namespace {

// What the database has of the key, expired or not.
const Entry* Stored(const Keyspace& keyspace, int db, std::string_view key) {
  const uint64_t hash = HashBytes(key);
  return keyspace.shard(Keyspace::ShardOf(hash)).Find(db, key, hash);
}

// The database that takes the place of another, and the time it is then.
struct Arrival {
  int db;
  int64_t now_ms;
};

// Marks the clients that watch a key of `db` which goes, or comes from the database that takes its
// place. Where something expired comes, nothing is there as before.
void MarkWatchers(const Keyspace& keyspace, const Slice& slice, int db,
                  std::optional<Arrival> arrival) {
  for (const auto& [key, watches] : slice.watchers) {
    const bool had = Stored(keyspace, db, key) != nullptr;
    const Entry* comes = arrival ? Stored(keyspace, arrival->db, key) : nullptr;
    const bool expired = comes != nullptr && comes->ExpiredAt(arrival->now_ms);
    for (const WatchRef& watch : watches) {
      const bool goes = had && !watch->expired;
      watch->changed |= goes || (comes != nullptr && !expired);
      watch->expired = expired;
    }
  }
}

// Has the clients look again that wait for a key of `db` which is there, or in `other`. One that
// has expired goes when they look, so that replicas hear of it behind the command.
void WakeWaiters(const Keyspace& keyspace, const Slice& slice, int db, int other,
                 ReadyKeys& ready) {
  for (const auto& [key, waiters] : slice.waiters) {
    const bool there = Stored(keyspace, db, key) != nullptr;
    if (there || Stored(keyspace, other, key) != nullptr) ready.emplace_back(db, key);
  }
}

size_t Flush(Keyspace& keyspace, int db, bool lazy, ReadyKeys& ready) {
  keyspace.ForEachSlice(db, [&](const Slice& slice) {
    MarkWatchers(keyspace, slice, db, std::nullopt);
    WakeWaiters(keyspace, slice, db, db, ready);
  });
  return keyspace.Flush(db, lazy);
}

}  // namespace

size_t FlushDatabase(Engine& engine, int db, bool lazy, ReadyKeys& ready) {
  CHECK(engine.gate.closed());
  const size_t keys = Flush(engine.keyspace, db, lazy, ready);
  InvalidateAll(engine);
  return keys;
}

size_t FlushAllDatabases(Engine& engine, bool lazy, ReadyKeys& ready) {
  CHECK(engine.gate.closed());
  size_t keys = 0;
  for (int db = 0; db < engine.keyspace.databases(); ++db) {
    keys += Flush(engine.keyspace, db, lazy, ready);
  }
  InvalidateAll(engine);
  return keys;
}

void SwapDatabases(Context& c, int a, int b) {
  CHECK(c.lock.exclusive());
  if (a == b) return;
  Keyspace& keyspace = c.engine.keyspace;
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    Shard& shard = keyspace.shard(i);
    if (shard.existing_slice(a) == nullptr && shard.existing_slice(b) == nullptr) continue;
    MarkWatchers(keyspace, shard.slice(a), a, Arrival{b, c.now_ms()});
    MarkWatchers(keyspace, shard.slice(b), b, Arrival{a, c.now_ms()});
    shard.SwapSlices(a, b);
    WakeWaiters(keyspace, shard.slice(a), a, b, c.ready);
    WakeWaiters(keyspace, shard.slice(b), b, a, c.ready);
  }
  InvalidateAll(c.engine);  // clients remember names of keys, not in which database they are
}

}  // namespace larder
