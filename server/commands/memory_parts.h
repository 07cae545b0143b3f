// MemoryParts: what the server's memory goes to, as INFO and MEMORY STATS tell it. Any thread; the
// parts move while they are read, so that they need not add up.
#pragma once

#include <algorithm>
#include <cstddef>

#include "server/engine/script_host.h"

namespace larder {

class Engine;

struct MemoryParts {
  explicit MemoryParts(const Engine& engine);

  size_t used, peak, startup;  // of the heap
  size_t resident;             // of the process
  size_t clients;
  size_t backlog = 0;   // the stream for replicas and the append-only file
  size_t replicas = 0;  // of it what replicas lack
  size_t aof = 0;       // of it what the append-only file lacks
  ScriptHost::Usage scripts;
  size_t indexes = 0;  // of the databases: their tables, and when keys expire
  size_t overhead;     // all of these and what there was at the start

  size_t dataset() const { return used - overhead; }
  size_t above_startup() const { return used - std::min(startup, used); }
};

}  // namespace larder
