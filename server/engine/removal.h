// Removal: the one way of a key that goes without a command asking for it, because it has expired
// or is evicted. Whoever must learn of it (watchers, replicas, counters) is told here.
#pragma once

#include <cstdint>

#include "server/engine/context.h"
#include "server/store/reclaimer.h"
#include "server/store/shard.h"

namespace larder {

class Engine;
class Worker;

enum class Removal : uint8_t { kExpired, kEvicted };

// Takes the entry out and frees it. REQUIRES: the shard's lock or the closed gate; Engine::Commit
// is called before it goes.
// Clients that wait for the key are noted in `ready`.
void RemoveKey(Engine& engine, Worker& worker, Shard& shard, int db, Entry* entry, uint64_t hash,
               Removal why, ReadyKeys& ready);

// Says that a command removed a key because its time is over (EXPIRE in the past).
void ReplicateExpired(Context& c, const Key& key);

// Frees an entry that is in no table any more, null not at all; a large one on the reclaimer's
// thread, and with `lazy` (the lazyfree-lazy-* directives, UNLINK) every one that is more than a
// few allocations.
void FreeEntry(Entry* entry, Reclaimer& reclaimer, bool lazy);

}  // namespace larder
