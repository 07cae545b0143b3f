#include "server/script/scripting.h"

#include <limits>
#include <optional>

#include "protocol/errors.h"
#include "server/script/shebang.h"

namespace larder {
namespace {

// What a command promises that runs something with these flags.
uint64_t CommandFlags(uint64_t row_flags, uint32_t script_flags) {
  uint64_t flags = row_flags & ~(kStale | kDenyOom | kWrite | kMayReplicate);
  if (!(script_flags & (kScriptAllowOom | kScriptNoWrites))) flags |= kDenyOom;
  if (!(script_flags & kScriptNoWrites)) flags |= kWrite;
  if (script_flags & kScriptAllowStale) flags |= kStale;
  return flags;
}

}  // namespace

std::string_view Scripting::BusyError() const {
  return runner_.state().kind() == ScriptKind::kScript ? errors::kBusyScript
                                                       : errors::kBusyFunction;
}

// What was killed is never busy: who comes now waits for the moment until it ends.
int64_t Scripting::running_since_us() const {
  const RunState& state = runner_.state();
  if (state.phase() == RunState::Phase::kKilled) return std::numeric_limits<int64_t>::max();
  return state.since_us();
}

uint64_t Scripting::FlagsOf(const Command& command, Args args) const {
  std::optional<uint32_t> script_flags;
  if (command.program == Program::kFunction) {
    script_flags = functions_.Flags(args[1]);
  } else if (command.program == Program::kDigest) {
    script_flags = scripts_.Flags(args[1]);
  } else {
    std::string error;
    if (const auto shebang = ParseShebang(args[1], &error)) script_flags = shebang->flags;
  }
  if (!script_flags || (*script_flags & kScriptPlain)) return command.flags;
  return CommandFlags(command.flags, *script_flags);
}

std::vector<std::string> Scripting::LibrarySources() const {
  std::vector<std::string> sources;
  for (const auto& [name, library] : functions_.libraries().libraries()) {
    sources.push_back(library->source);
  }
  return sources;
}

ScriptHost::Usage Scripting::usage() const {
  return {.scripts = scripts_.count(),
          .libraries = functions_.library_count(),
          .functions = functions_.function_count(),
          .scripts_interpreter = scripts_.interpreter_bytes(),
          .functions_interpreter = functions_.interpreter_bytes(),
          .scripts_kept = scripts_.memory_bytes(),
          .functions_kept = functions_.memory_bytes()};
}

}  // namespace larder
