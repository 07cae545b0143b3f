#include "server/engine/removal.h"

#include "server/engine/engine.h"
#include "server/engine/notify.h"
#include "server/engine/worker.h"
#include "server/store/reclaimer.h"

namespace larder {
namespace {

// Whether values of this size are freed, here and by the replicas, in the background.
bool IsLazy(const Engine& engine, Removal why) {
  const Settings& settings = engine.config.settings();
  return (why == Removal::kEvicted ? settings.lazyfree_lazy_eviction
                                   : settings.lazyfree_lazy_expire) != 0;
}

}  // namespace

void RemoveKey(Engine& engine, Worker& worker, Shard& shard, int db, Entry* entry, uint64_t hash,
               Removal why, ReadyKeys& ready) {
  const bool lazy = IsLazy(engine, why);
  shard.TouchWatchers(db, entry->key(), KeyFate::kGoes);
  Parking::NoteReady(shard.slice(db), db, entry->key(), ready);
  (why == Removal::kEvicted ? worker.stats.evicted_keys : worker.stats.expired_keys).Add(1);
  if (engine.log.collects()) {
    const std::string_view words[] = {DeletionWord(lazy), entry->key()};
    worker.effects.Add(db, words);
  }
  const bool evicted = why == Removal::kEvicted;
  NotifyRemoval(engine, worker, db, entry->key(),
                evicted ? NotifyClass::kEvicted : NotifyClass::kExpired,
                evicted ? "evicted" : "expired");
  FreeEntry(shard.Drop(db, entry, hash), engine.keyspace.reclaimer(), lazy);
}

void ExpireKeyAt(Context& c, const Key& key, int64_t expiry_ms) {
  if (expiry_ms <= c.now_ms() && c.client.link != Client::Link::kPrimary) {
    c.Delete(key);
    c.Changed(key, NotifyClass::kGeneric, "del");
    c.ReplicateAs(DeletionWord(IsLazy(c.engine, Removal::kExpired)), key.name);
  } else {
    c.SetExpiry(key, expiry_ms);
    c.Changed(key, NotifyClass::kGeneric, "expire");
    c.ReplicateAs("PEXPIREAT", key.name, expiry_ms);
  }
}

}  // namespace larder
