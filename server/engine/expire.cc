#include "server/engine/expire.h"

#include <chrono>
#include <thread>
#include <utility>

#include "server/base/clock.h"
#include "server/engine/engine.h"
#include "server/engine/removal.h"
#include "server/engine/worker.h"

namespace larder {
namespace {

// Entries removed under one lock: about 10 µs, far below what a command may be delayed.
constexpr int kEntriesPerLock = 32;

// A thread that works on for milliseconds keeps the loops from a core for as long, where there are
// few: the system lets it have its share. So it sleeps now and then, and they come first.
constexpr int64_t kWorkUs = 200;
constexpr std::chrono::microseconds kPause{100};

// Looks at the entries that one record may stand for. True: an expired one was found and removed.
bool ExpireOne(Engine& engine, Worker& worker, Shard& shard, int db, Slice& slice,
               uint32_t hash_top, int64_t now_ms, ReadyKeys& ready) {
  Entry* due = nullptr;
  uint64_t due_hash = 0;
  slice.table.FindByHashTop(hash_top, [&](Entry* entry, uint64_t hash) {
    if (!entry->has_expiry()) return false;
    due = entry;
    due_hash = hash;
    return entry->ExpiredAt(now_ms);
  });
  if (due == nullptr) return false;
  if (!due->ExpiredAt(now_ms)) {  // its expiry moved later after this record was made
    slice.expiry.Add(due->expiry_ms(), due_hash);
    return false;
  }
  RemoveKey(engine, worker, shard, db, due, due_hash, Removal::kExpired, ready);
  return true;
}

// Asked without the lock.
bool SomethingIsDue(const Slice* slice, int64_t now_ms) {
  return slice != nullptr && slice->expiry.next_tick() < ExpiryIndex::TickOf(now_ms);
}

// True when there is more to do in this slice.
bool ExpireSlice(Engine& engine, Worker& worker, Shard& shard, int db, int64_t now_ms,
                 size_t* removed, ReadyKeys& ready) {
  Slice* slice = shard.existing_slice(db);
  if (!SomethingIsDue(slice, now_ms)) return false;
  MutexLock lock(shard.mutex());
  uint32_t hash_top;
  bool more = true;
  for (int i = 0; more && i < kEntriesPerLock; ++i) {
    more = shard.PopDue(db, now_ms, &hash_top);
    if (more) *removed += ExpireOne(engine, worker, shard, db, *slice, hash_top, now_ms, ready);
  }
  engine.CommitApart(worker);
  return more;
}

}  // namespace

size_t ExpireDue(Engine& engine, Worker& worker) {
  size_t removed = 0;
  const int64_t now_ms = WallMs();
  int64_t since_us = MonotonicUs();
  ReadyKeys ready;
  const Keyspace& keyspace = engine.keyspace;
  for (int db = 0; db < keyspace.databases(); ++db) {
    if (keyspace.slice(db, 0) == nullptr) continue;  // and so are the others
    for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
      bool more = SomethingIsDue(keyspace.slice(db, i), now_ms);
      while (more) {
        engine.gate.EnterWaiting(worker.gate_slot);
        if (!engine.RemovesExpired(WallMs())) {  // a pause has begun, or a primary is followed
          engine.gate.Leave(worker.gate_slot);
          return removed;
        }
        const int64_t began_us = MonotonicUs();
        more = ExpireSlice(engine, worker, engine.keyspace.shard(i), db, now_ms, &removed, ready);
        if (!ready.empty()) Parking::Serve(engine, worker, std::exchange(ready, {}));
        engine.gate.Leave(worker.gate_slot);
        const int64_t ended_us = MonotonicUs();
        engine.NoteDelay("expire-cycle", ended_us - began_us);  // of who waits for this shard
        if (ended_us - since_us < kWorkUs) continue;
        std::this_thread::sleep_for(kPause);
        since_us = MonotonicUs();
      }
    }
  }
  return removed;
}

}  // namespace larder
