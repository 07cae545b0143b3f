// Commands that clients and tools send and whose honest answer here is short: WAIT, MODULE LIST.
#include "server/commands/commands.h"
#include "server/engine/context.h"

namespace larder {
namespace {

// No replica can have acknowledged anything, and none will: the number is known at once.
void Wait(Context& c) {
  int64_t replicas;
  int64_t timeout_ms;
  if (!c.Integer(1, &replicas)) return;
  if (!c.Integer(2, &timeout_ms, "ERR timeout is not an integer or out of range")) return;
  if (timeout_ms < 0) return c.reply.Error("ERR timeout is negative");
  c.reply.Integer(0);
}

void ModuleList(Context& c) { c.reply.EmptyArray(); }

constexpr Command kCommands[] = {
    {.name = "wait",
     .arity = 3,
     .categories = kCatConnection,
     .run = Wait,
     .group = "generic",
     .syntax = "numreplicas timeout",
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Waits until replicas have acknowledged the writes of the connection.",
     .tips = "request_policy:all_shards response_policy:agg_min"},
    {.name = "module",
     .arity = -2,
     .group = "server",
     .since = "4.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "Tells about modules."},
    {.name = "list",
     .parent = "module",
     .arity = 2,
     .flags = kAdmin | kNoScript,
     .run = ModuleList,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Lists the modules: there are none.",
     .tips = "nondeterministic_output_order"},
};

}  // namespace

std::span<const Command> StandInCommands() { return kCommands; }

}  // namespace larder
