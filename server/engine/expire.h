// Removing what has expired without anybody asking for it. (What a command meets, it removes.)
#pragma once

#include <cstddef>

namespace larder {

class Engine;
class Worker;

// Removes what is due in all shards, locking each for a few entries at a time. Returns how many
// went. The worker must be outside the gate.
size_t ExpireDue(Engine& engine, Worker& worker);

}  // namespace larder
