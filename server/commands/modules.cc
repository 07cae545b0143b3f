// MODULE, which clients and tools ask: there are none.
#include "server/base/log.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/engine/context.h"

namespace larder {
namespace {

void ModuleList(Context& c) { c.reply.EmptyArray(); }

void ModuleLoad(Context& c) {
  Log(LogLevel::kWarning, "MODULE LOAD ", c.args[2], ": there are no modules for larder");
  c.reply.Error("ERR Error loading the extension. Please check the server logs.");
}

void ModuleUnload(Context& c) {
  c.reply.Error("ERR Error unloading module: no such module with that name");
}

void ModuleHelp(Context& c) {
  ReplyHelp(c, {{"LIST", "Show the modules: none."},
                {"LOAD <path> [<arg> ...]", "Answers an error: there are no modules."},
                {"LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
                 "Answers an error: there are no modules."},
                {"UNLOAD <name>", "Answers an error: there are no modules."}});
}

constexpr uint32_t kModuleFlags = kAdmin | kNoScript;
constexpr uint32_t kLoadFlags = kModuleFlags | kNoAsyncLoading | kProtectedCommand;

constexpr Command kCommands[] = {
    {.name = "module",
     .arity = -2,
     .group = "server",
     .since = "4.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "Tells about modules."},
    {.name = "list",
     .parent = "module",
     .arity = 2,
     .flags = kModuleFlags,
     .run = ModuleList,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Lists the modules: there are none.",
     .tips = "nondeterministic_output_order"},
    {.name = "load",
     .parent = "module",
     .arity = -3,
     .flags = kLoadFlags,
     .run = ModuleLoad,
     .group = "server",
     .syntax = "path [arg [arg ...]]",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Answers an error: there are no modules."},
    {.name = "loadex",
     .parent = "module",
     .arity = -3,
     .flags = kLoadFlags,
     .run = ModuleLoad,
     .group = "server",
     .syntax = "path [CONFIG <configs: name value> ...] [ARGS args [args ...]]",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Answers an error: there are no modules."},
    {.name = "unload",
     .parent = "module",
     .arity = 3,
     .flags = kLoadFlags,
     .run = ModuleUnload,
     .group = "server",
     .syntax = "name",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Answers an error: there are no modules."},
    {.name = "help",
     .parent = "module",
     .arity = 2,
     .flags = kLoading | kStale,
     .run = ModuleHelp,
     .group = "server",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands."},
};

}  // namespace

std::span<const Command> ModuleCommands() { return kCommands; }

}  // namespace larder
