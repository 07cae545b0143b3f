#include "server/engine/expire.h"

#include <utility>

#include "server/base/clock.h"
#include "server/engine/engine.h"
#include "server/engine/worker.h"

namespace larder {
namespace {

// Entries removed under one lock: about 10 µs, far below what a command may be delayed.
constexpr int kEntriesPerLock = 32;

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
  RemoveExpired(engine, worker, shard, db, due, due_hash, ready);
  return true;
}

// True when there is more to do in this slice.
bool ExpireSlice(Engine& engine, Worker& worker, Shard& shard, int db, int64_t now_ms,
                 size_t* removed, ReadyKeys& ready) {
  Slice* slice = shard.existing_slice(db);
  if (slice == nullptr || slice->expiry.next_tick() >= ExpiryIndex::TickOf(now_ms)) return false;
  MutexLock lock(shard.mutex());
  uint32_t hash_top;
  bool more = true;
  for (int i = 0; more && i < kEntriesPerLock; ++i) {
    more = slice->expiry.PopDue(now_ms, &hash_top);
    if (more) *removed += ExpireOne(engine, worker, shard, db, *slice, hash_top, now_ms, ready);
  }
  engine.Commit(worker, false);
  return more;
}

// How the log says that a key is gone.
std::string_view WordForExpired(const Engine& engine) {
  return engine.config.settings().lazyfree_lazy_expire ? "UNLINK" : "DEL";
}

}  // namespace

void FreeEntry(Entry* entry, Reclaimer& reclaimer) {
  if (entry == nullptr) return;
  if (entry->type() != ValueType::kString && entry->MemoryBytes() > Reclaimer::kLargeBytes) {
    return reclaimer.Free(entry);
  }
  Entry::Free(entry);
}

void RemoveExpired(Engine& engine, Worker& worker, Shard& shard, int db, Entry* entry,
                   uint64_t hash, ReadyKeys& ready) {
  shard.TouchWatchers(db, entry->key());
  Parking::NoteReady(shard.slice(db), db, entry->key(), ready);
  if (engine.log.collects()) {
    const std::string_view words[] = {WordForExpired(engine), entry->key()};
    worker.effects.Add(db, words);
  }
  FreeEntry(shard.Drop(db, entry, hash), engine.keyspace.reclaimer());
  worker.stats.expired_keys.Add(1);
}

void ReplicateExpired(Context& c, const Key& key) {
  c.ReplicateAs(WordForExpired(c.engine), key.name);
}

size_t ExpireDue(Engine& engine, Worker& worker) {
  size_t removed = 0;
  const int64_t now_ms = WallMs();
  ReadyKeys ready;
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    engine.gate.EnterWaiting(worker.gate_slot);
    for (int db = 0; db < engine.keyspace.databases(); ++db) {
      while (ExpireSlice(engine, worker, engine.keyspace.shard(i), db, now_ms, &removed, ready)) {
      }
    }
    if (!ready.empty()) Parking::Serve(engine, worker, std::exchange(ready, {}));
    engine.gate.Leave(worker.gate_slot);
  }
  return removed;
}

}  // namespace larder
