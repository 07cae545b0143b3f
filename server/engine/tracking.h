// Client-side caching (CLIENT TRACKING): which clients may hold which keys in their caches, and how
// they are told that a key has changed. A read is remembered while the key's shard is still locked,
// so a later change finds it; an invalidation comes by mail, after the replies already built.
//
// In broadcasting mode nothing is remembered: the keys that a worker has changed are collected, and
// told when its batch is over, before the replies of the batch are sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/args.h"
#include "server/engine/client.h"

namespace larder {

class Engine;
class Worker;
struct Command;

// Switches tracking on, with Tracking's flags and, in broadcasting mode, prefixes on top of those
// the client has. `redirect` 0: to the client itself.
void EnableTracking(Engine& engine, Client& client, uint32_t flags, uint64_t redirect,
                    const std::vector<std::string_view>& prefixes);
void DisableTracking(Engine& engine, Client& client);

// After a command that reads: remembers its keys for a client that tracks what it reads. The locks
// of the keys are held.
void RememberKeys(Engine& engine, const Client& client, const Command& command, Args args);
// After any command of a client that tracks: ends what CLIENT CACHING has said of this one.
// `command` is null where the words named none.
void EndCaching(Client& client, const Command* command);

// A key has changed. `by`: the client that did it. The lock of its shard is held.
void InvalidateKey(Engine& engine, Worker& worker, std::string_view key, uint64_t by);
// All keys have, or may have. The gate is closed.
void InvalidateAll(Engine& engine);

// At the end of a worker's batch: tells what it has changed, and forgets keys over
// tracking-table-max-keys. No lock is held.
void SettleTracking(Engine& engine, Worker& worker);

}  // namespace larder
