// MULTI, EXEC and WATCH behind their commands (server/commands/transactions.cc holds the rows).
#pragma once

#include "server/engine/context.h"

namespace larder {

// True when the client is between MULTI and EXEC and this command is to be queued, not run.
bool MustQueue(const Client& client, const Command& command);
void Enqueue(Client& client, const Command& command, Args args);

// Registers the client with a key, which the context has locked.
void Watch(Context& c, const Key& key);
// Forgets all watched keys. Locks their shards one at a time, so no lock may be held. Outside the
// gate the shards are left alone, until the client forgets keys inside it.
void Unwatch(Engine& engine, const Worker& worker, Client& client);
// Ends a transaction without running it, and forgets the watched keys in the same way.
void Discard(Engine& engine, const Worker& worker, Client& client);

// EXEC: takes the locks of all keys of the queue and of the watched ones (or closes the gate), runs
// the queue, answers. The context's own lock holds nothing. REQUIRES: the client is in MULTI.
void RunTransaction(Context& c);

}  // namespace larder
