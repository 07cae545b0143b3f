#include "server/engine/whole_keyspace.h"

#include <optional>

#include "server/base/check.h"
#include "server/engine/engine.h"
#include "server/engine/tracking.h"

namespace larder {
namespace {

enum class Holding { kNothing, kExpired, kEntry };

// What the database has of the key; one that has expired goes now, where it may.
Holding HoldingOf(Context& c, int db, std::string_view name) {
  const Key key = c.KeyNamed(name, db);
  if (c.PeekEntry(key) != nullptr) return Holding::kEntry;
  const bool stored = key.shard->Find(db, name, key.hash) != nullptr;
  return stored ? Holding::kExpired : Holding::kNothing;
}

// Marks the clients that watch a key of `db` which goes, or comes from `other`, if that is the
// database that takes its place. Where something expired comes, nothing is there as before.
void MarkWatchers(Context& c, const Slice& slice, int db, std::optional<int> other) {
  for (const auto& [key, watches] : slice.watchers) {
    const Holding had = HoldingOf(c, db, key);
    const Holding comes = other ? HoldingOf(c, *other, key) : Holding::kNothing;
    for (const WatchRef& watch : watches) {
      const bool goes = had != Holding::kNothing && !watch->expired;
      watch->changed |= goes || comes == Holding::kEntry;
      watch->expired = comes == Holding::kExpired;
    }
  }
}

// Has the clients look again that wait for a key of `db` which is there, or in `other`. One that
// has expired goes when they look, so that replicas hear of it behind the command.
void WakeWaiters(Context& c, const Slice& slice, int db, int other) {
  const auto there = [&c](int in, std::string_view key) {
    const Key place = c.KeyNamed(key, in);
    return place.shard->Find(in, key, place.hash) != nullptr;
  };
  for (const auto& [key, waiters] : slice.waiters) {
    if (there(db, key) || there(other, key)) c.ready.emplace_back(db, key);
  }
}

}  // namespace

size_t FlushDatabase(Context& c, int db, bool lazy) {
  CHECK(c.lock.exclusive());
  Keyspace& keyspace = c.engine.keyspace;
  size_t keys = 0;
  for (int each = db < 0 ? 0 : db; each <= (db < 0 ? keyspace.databases() - 1 : db); ++each) {
    keyspace.ForEachSlice(each, [&c, each](const Slice& slice) {
      MarkWatchers(c, slice, each, std::nullopt);
      WakeWaiters(c, slice, each, each);
    });
    keys += keyspace.Flush(each, lazy);
  }
  InvalidateAll(c.engine);
  return keys;
}

void SwapDatabases(Context& c, int a, int b) {
  CHECK(c.lock.exclusive());
  if (a == b) return;
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    Shard& shard = c.engine.keyspace.shard(i);
    if (shard.existing_slice(a) == nullptr && shard.existing_slice(b) == nullptr) continue;
    MarkWatchers(c, shard.slice(a), a, b);
    MarkWatchers(c, shard.slice(b), b, a);
    shard.SwapSlices(a, b);
    WakeWaiters(c, shard.slice(a), a, b);
    WakeWaiters(c, shard.slice(b), b, a);
  }
  InvalidateAll(c.engine);  // clients remember names of keys, not in which database they are
}

}  // namespace larder
