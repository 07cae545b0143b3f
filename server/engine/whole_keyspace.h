// What works on whole databases. REQUIRES of all: the gate is closed by this thread.
#pragma once

#include <cstddef>

#include "server/engine/context.h"

namespace larder {

// Empties a database, or all of them. Watchers of the keys that go are marked, who tracks keys is
// told, and the keys that clients wait for are in `ready`. Returns how many keys went; they are not
// counted as changes, since a file may take their place.
size_t FlushDatabase(Engine& engine, int db, bool lazy, ReadyKeys& ready);
size_t FlushAllDatabases(Engine& engine, bool lazy, ReadyKeys& ready);

// Exchanges two databases. Clients stay in the database of their number; waiters of keys that have
// come are woken.
void SwapDatabases(Context& c, int a, int b);

}  // namespace larder
