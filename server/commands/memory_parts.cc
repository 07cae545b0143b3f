#include "server/commands/memory_parts.h"

#include "server/engine/engine.h"
#include "server/engine/replication_host.h"
#include "server/persistence/persistence.h"
#include "server/store/memory.h"

namespace larder {

MemoryParts::MemoryParts(const Engine& engine)
    : used(UsedMemory()),
      peak(PeakMemory()),
      startup(StartupMemory()),
      resident(ResidentBytes()),
      clients(engine.client_memory.total()),
      scripts(engine.scripts->usage()) {
  if (engine.replication != nullptr) {
    const ReplicationHost::Counters counters = engine.replication->counters();
    backlog = counters.backlog_bytes;
    replicas = counters.buffered_bytes;
  }
  if (engine.persistence != nullptr) {
    aof = static_cast<const Persistence&>(*engine.persistence).aof().writer().waiting_bytes();
  }
  for (int db = 0; db < engine.keyspace.databases(); ++db) {
    const Keyspace::Bytes bytes = engine.keyspace.BytesOf(db);
    indexes += bytes.tables + bytes.expiries;
  }
  const size_t kept = scripts.scripts_kept + scripts.functions_kept;
  overhead = std::min(startup + clients + backlog + kept + indexes, used);
}

}  // namespace larder
