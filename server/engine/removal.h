// Removal: the one way of a key that goes without a command asking for it, because it has expired
// or is evicted. Whoever must learn of it (watchers, replicas, counters) is told here.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/engine/context.h"
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

// Has the key expire at `expiry_ms`, or removes it at once where that is past; tells and replicates
// either. For the primary, who removes keys himself, no time is past. REQUIRES: the key is there.
void ExpireKeyAt(Context& c, const Key& key, int64_t expiry_ms);

// The command that has replicas and the append-only file remove a key, freeing it as here.
constexpr std::string_view DeletionWord(bool lazy) { return lazy ? "UNLINK" : "DEL"; }

}  // namespace larder
