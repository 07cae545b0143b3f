// Telling who has asked for it that a key has changed or something has happened to it: the
// subscribers of keyspace events (notify-keyspace-events) and the clients that may hold the key in
// their cache (CLIENT TRACKING). Where nobody asks it costs one load, Engine::interest.
//
// Any thread, under the lock of the key's shard, so that what is told of one key is in order.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/config/settings.h"

namespace larder {

class Engine;
class Worker;

// A client's id, as the one who has changed something; 0: the server itself (expiry, eviction).
inline constexpr uint64_t kNobody = 0;

// Publishes the event where its class is asked for: the key's name and database, and the event to
// the channels of both.
void NotifyEvent(Engine& engine, NotifyClass notify, std::string_view event, int db,
                 std::string_view key);

// The server removes a key by itself: invalidates it in caches and notifies
// ("expired", "evicted"). REQUIRES: the entry is still there.
void NotifyRemoval(Engine& engine, Worker& worker, int db, std::string_view key, NotifyClass notify,
                   std::string_view event);

}  // namespace larder
