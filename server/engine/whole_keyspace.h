// What works on whole databases, behind the closed gate.
#pragma once

#include <cstddef>

#include "server/engine/context.h"

namespace larder {

// Empties one database, or all with `db` -1. Watchers of the keys that go are marked, and who
// tracks keys is told. Returns how many keys went; they are not counted as changes, since a file
// may take their place. REQUIRES: c.lock is exclusive.
size_t FlushDatabase(Context& c, int db, bool lazy);

// Exchanges two databases. Clients stay in the database of their number; waiters of keys that have
// come are woken. REQUIRES: c.lock is exclusive.
void SwapDatabases(Context& c, int a, int b);

}  // namespace larder
