// Removing what has expired: lazily, when a command meets it, and actively, by the keeper.
#pragma once

#include <cstdint>

#include "server/engine/context.h"
#include "server/store/reclaimer.h"
#include "server/store/shard.h"

namespace larder {

class Engine;
class Worker;

// Frees an entry that is in no table any more; large ones on the reclaimer's thread,
// null not at all.
void FreeEntry(Entry* entry, Reclaimer& reclaimer);

// Takes an expired entry out: marks the clients that watch it, notes it for those who wait for it,
// counts, tells the log. REQUIRES: the shard's lock or the closed gate; Engine::Commit is called
// before it goes.
void RemoveExpired(Engine& engine, Worker& worker, Shard& shard, int db, Entry* entry,
                   uint64_t hash, ReadyKeys& ready);

// Says that a command removed a key because its time is over (EXPIRE in the past).
void ReplicateExpired(Context& c, const Key& key);

// Removes what is due in all shards, locking each for a few entries at a time. Returns how many
// went. The worker must be outside the gate.
size_t ExpireDue(Engine& engine, Worker& worker);

}  // namespace larder
