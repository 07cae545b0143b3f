#include "server/engine/removal.h"

#include "server/engine/engine.h"
#include "server/engine/notify.h"
#include "server/engine/worker.h"

namespace larder {
namespace {

// Collections above it take more than a few dozen allocations, the effort from which Redis frees
// lazily where it is asked to.
constexpr size_t kLazyBytes = 4 * 1024;

// Whether values of this size are freed, here and by the replicas, in the background.
bool IsLazy(const Engine& engine, Removal why) {
  const Settings& settings = engine.config.settings();
  return (why == Removal::kEvicted ? settings.lazyfree_lazy_eviction
                                   : settings.lazyfree_lazy_expire) != 0;
}

}  // namespace

void FreeEntry(Entry* entry, Reclaimer& reclaimer, bool lazy) {
  if (entry == nullptr) return;
  if (entry->type() == ValueType::kString) return Entry::Free(entry);
  const size_t bytes = entry->MemoryBytes();
  if (bytes > (lazy ? kLazyBytes : Reclaimer::kLargeBytes)) return reclaimer.Free(entry, bytes);
  Entry::Free(entry);
}

void RemoveKey(Engine& engine, Worker& worker, Shard& shard, int db, Entry* entry, uint64_t hash,
               Removal why, ReadyKeys& ready) {
  const bool lazy = IsLazy(engine, why);
  shard.TouchWatchers(db, entry->key(), KeyFate::kGoes);
  Parking::NoteReady(shard.slice(db), db, entry->key(), ready);
  (why == Removal::kEvicted ? worker.stats.evicted_keys : worker.stats.expired_keys).Add(1);
  if (engine.log.collects()) {
    const std::string_view words[] = {lazy ? "UNLINK" : "DEL", entry->key()};
    worker.effects.Add(db, words);
  }
  const bool evicted = why == Removal::kEvicted;
  NotifyRemoval(engine, worker, db, entry->key(),
                evicted ? NotifyClass::kEvicted : NotifyClass::kExpired,
                evicted ? "evicted" : "expired");
  FreeEntry(shard.Drop(db, entry, hash), engine.keyspace.reclaimer(), lazy);
}

void ReplicateExpired(Context& c, const Key& key) {
  c.ReplicateAs(IsLazy(c.engine, Removal::kExpired) ? "UNLINK" : "DEL", key.name);
}

}  // namespace larder
