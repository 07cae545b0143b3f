// Append-only files of any bytes, replayed into an engine: no crash, no read outside, no memory on
// the word of the input; what is refused has a reason. Scripts are left out: they may run for ever.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "server/base/check.h"
#include "server/base/log.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/config/config.h"
#include "server/engine/engine.h"
#include "server/persistence/aof_load.h"

namespace larder {
namespace {

std::vector<std::span<const Command>> Rows() {
  std::vector<std::span<const Command>> rows = AllCommands();
  std::erase_if(rows, [](std::span<const Command> table) {
    return table.data() == ScriptCommands().data() || table.data() == FunctionCommands().data() ||
           table.data() == FunctionDumpCommands().data();
  });
  return rows;
}

void Load(const uint8_t* data, size_t size) {
  static Config& config = *new Config;
  static const bool loaded = [] {
    const std::vector<std::string> arguments = {"--databases", "2", "--proto-max-bulk-len", "1mb"};
    std::string error;
    return config.Load(arguments, &error);
  }();
  CHECK(loaded);
  const int fd = memfd_create("aof", MFD_CLOEXEC);
  CHECK(fd >= 0 && write(fd, data, size) == static_cast<ssize_t>(size));
  Engine engine(config, Rows());
  Worker worker(engine.gate, engine.stats.AddWorker());
  AofLoad load(engine, worker, {.load_rdb = [](RdbSource&, uint64_t*, std::string* error) {
                 return *error = "not here", false;
               }});
  {
    GateClosed closed(engine.gate, worker.gate_slot);
    const AofLoad::Result result = load.Load(StrCat("/proc/self/fd/", fd));
    CHECK((result == AofLoad::Result::kFailed) == !load.error().empty());
  }
  close(fd);
}

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  larder::SetLogLevel(larder::LogLevel::kNothing);
  larder::Load(data, size);
  return 0;
}
