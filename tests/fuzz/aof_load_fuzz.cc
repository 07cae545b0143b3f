// Append-only files of any bytes, replayed into an engine: no crash, no read outside, no memory on
// the word of the input; what is refused has a reason. Scripts are left out: they may run for ever.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "server/base/check.h"
#include "server/base/log.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/config/config.h"
#include "server/engine/engine.h"
#include "server/persistence/aof_load.h"
#include "server/persistence/persistence.h"
#include "server/persistence/rdb_load.h"
#include "tests/fuzz/one_core.h"

namespace larder {
namespace {

// Without scripts, and without what writes files, goes to other servers or ends the process.
std::vector<std::span<const Command>> Rows() {
  const Command* const left_out[] = {ScriptCommands().data(),       FunctionCommands().data(),
                                     FunctionDumpCommands().data(), PersistenceCommands().data(),
                                     MigrateCommands().data(),      DebugCommands().data()};
  std::vector<std::span<const Command>> rows = AllCommands();
  std::erase_if(rows, [&](std::span<const Command> table) {
    return std::find(std::begin(left_out), std::end(left_out), table.data()) != std::end(left_out);
  });
  return rows;
}

// Making an engine takes longer than most inputs, so there is one, whose keys go after each.
struct Server {
  Server() {
    const std::vector<std::string> arguments = {"--databases", "2", "--proto-max-bulk-len", "1mb"};
    std::string error;
    CHECK(config.Load(arguments, &error));
    engine.emplace(config, Rows());
    engine->any_checksum = true;  // of RESTORE's payloads; a fuzzer finds none
    worker.emplace(engine->gate, engine->stats.AddWorker());
    persistence.emplace(*engine);  // which databases are on disk; its thread does not run
    engine->persistence = &*persistence;
  }

  Config config;
  std::optional<Engine> engine;
  std::optional<Worker> worker;
  std::optional<Persistence> persistence;
};

bool LoadRdb(Engine& engine, RdbSource& source, uint64_t* size, std::string* error) {
  RdbLoad load(source, engine.keyspace,
               {.keep_expired = true, .check_checksum = false, .ended_at = size},
               ValueLimits(engine.config.settings()));
  const bool loaded = load.Run();
  *error = load.error();
  return loaded;
}

void Load(const uint8_t* data, size_t size) {
  static Server& server = *new Server;
  Engine& engine = *server.engine;
  const int fd = memfd_create("aof", MFD_CLOEXEC);
  CHECK(fd >= 0 && write(fd, data, size) == static_cast<ssize_t>(size));
  AofLoad load(engine, *server.worker, {.load_rdb = [&](auto& source, auto* end, auto* error) {
                 return LoadRdb(engine, source, end, error);
               }});
  GateClosed closed(engine.gate, server.worker->gate_slot);
  const AofLoad::Result result = load.Load(StrCat("/proc/self/fd/", fd));
  CHECK((result == AofLoad::Result::kFailed) == !load.error().empty());
  close(fd);
  if (load.commands() == 0 && engine.keyspace.empty()) return;
  for (int db = 0; db < engine.keyspace.databases(); ++db) engine.keyspace.Flush(db, false);
}

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  larder::SetLogLevel(larder::LogLevel::kNothing);
  larder::Load(data, size);
  return 0;
}
