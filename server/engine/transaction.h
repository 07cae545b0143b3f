// MULTI, EXEC and WATCH behind their commands (server/commands/transactions.cc holds the rows).
#pragma once

#include <cstdint>
#include <vector>

#include "server/engine/context.h"

namespace larder {

// True when the client is between MULTI and EXEC and this command is to be queued, not run.
bool MustQueue(const Client& client, const Command& command);
void Enqueue(Engine& engine, Worker& worker, Client& client, const Command& command, Args args);

// Registers the client with a key, which the context has locked.
void Watch(Context& c, const Key& key);
// Forgets all watched keys. Visits their shards, one after the other, with `lock`, which lets go of
// what it holds. Neither inside the gate nor behind it closed, the shards are left alone, until the
// client forgets keys where it may.
void Unwatch(const Worker& worker, Client& client, KeyLock& lock);
// Ends a transaction without running it, and forgets the watched keys in the same way.
void Discard(const Worker& worker, Client& client, KeyLock& lock);

// What EXEC must lock: the shards of all keys of the queue and of the watched ones. False, with
// nothing locked, where only the closed gate will do.
bool LockTransaction(const Transaction& transaction, std::vector<uint64_t>& hashes, KeyLock& lock);
// EXEC: runs the queue and answers. REQUIRES: the client is in MULTI, and the context's lock is
// that of LockTransaction or exclusive.
void RunTransaction(Context& c);

}  // namespace larder
