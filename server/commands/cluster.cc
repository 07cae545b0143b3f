// CLUSTER and the commands of connections to one: larder is no cluster and says so, as Redis does
// where cluster-enabled is no. Clients ask when they connect, and go on without.
#include "server/commands/commands.h"
#include "server/engine/context.h"

namespace larder {
namespace {

void Disabled(Context& c) { c.reply.Error("ERR This instance has cluster support disabled"); }

constexpr std::string_view kSummary = "Part of cluster mode, which is off: answers an error.";
constexpr std::string_view kChanging = "nondeterministic_output";

constexpr Command Connection(std::string_view name, uint32_t flags) {
  return {.name = name,
          .arity = 1,
          .flags = kFast | flags,
          .categories = kCatConnection,
          .run = Disabled,
          .group = "cluster",
          .since = "3.0.0",
          .complexity = "O(1)",
          .summary = kSummary};
}

constexpr Command Sub(std::string_view name, int arity, uint32_t flags, std::string_view since,
                      std::string_view syntax = "", std::string_view tips = "",
                      std::string_view history = "", std::string_view deprecated = "") {
  return {.name = name,
          .parent = "cluster",
          .arity = arity,
          .flags = kStale | flags,
          .run = Disabled,
          .group = "cluster",
          .syntax = syntax,
          .since = since,
          .history = history,
          .deprecated = deprecated,
          .complexity = "O(1)",
          .summary = kSummary,
          .tips = tips};
}

constexpr uint32_t kChange = kAdmin | kNoAsyncLoading;

constexpr std::string_view kSlotRanges = "<range: start-slot(integer) end-slot(integer) ...>";

constexpr Command kCommands[] = {
    Connection("asking", 0),
    Connection("readonly", kLoading | kStale),
    Connection("readwrite", kLoading | kStale),
    {.name = "cluster",
     .arity = -2,
     .group = "cluster",
     .since = "3.0.0",
     .complexity = "Depends on the subcommand",
     .summary = kSummary},
    Sub("addslots", -3, kChange, "3.0.0", "slot(integer) [slot ...]"),
    Sub("addslotsrange", -4, kChange, "7.0.0", kSlotRanges),
    Sub("bumpepoch", 2, kChange, "3.0.0", "", kChanging),
    Sub("count-failure-reports", 3, kAdmin, "3.0.0", "node-id", kChanging),
    Sub("countkeysinslot", 3, 0, "3.0.0", "slot(integer)"),
    Sub("delslots", -3, kChange, "3.0.0", "slot(integer) [slot ...]"),
    Sub("delslotsrange", -4, kChange, "7.0.0", kSlotRanges),
    Sub("failover", -2, kChange, "3.0.0", "[options: FORCE | TAKEOVER]"),
    Sub("flushslots", 2, kChange, "3.0.0"),
    Sub("forget", 3, kChange, "3.0.0", "node-id"),
    Sub("getkeysinslot", 4, 0, "3.0.0", "slot(integer) count", kChanging),
    Sub("help", 2, kLoading, "5.0.0"),
    Sub("info", 2, 0, "3.0.0", "", kChanging),
    Sub("keyslot", 3, 0, "3.0.0", "key(string)"),
    Sub("links", 2, 0, "7.0.0", "", kChanging),
    Sub("meet", -4, kChange, "3.0.0", "ip port(integer) [cluster-bus-port(integer)@4.0.0]", "",
        "4.0.0 Takes the port of the cluster bus."),
    Sub("myid", 2, 0, "3.0.0"),
    Sub("myshardid", 2, 0, "7.2.0", "", kChanging),
    Sub("nodes", 2, 0, "3.0.0", "", kChanging),
    Sub("replicas", 3, kAdmin, "5.0.0", "node-id", kChanging),
    Sub("replicate", 3, kChange, "3.0.0", "node-id"),
    Sub("reset", -2, kAdmin | kNoScript, "3.0.0", "[reset-type: HARD | SOFT]"),
    Sub("saveconfig", 2, kChange, "3.0.0"),
    Sub("set-config-epoch", 3, kChange, "3.0.0", "config-epoch(integer)"),
    Sub("setslot", -4, kChange | kMayReplicate, "3.0.0",
        "slot(integer) <subcommand: IMPORTING importing:node-id | MIGRATING migrating:node-id | "
        "NODE node:node-id | STABLE>"),
    Sub("shards", 2, kLoading, "7.0.0", "", kChanging),
    Sub("slaves", 3, kAdmin, "3.0.0", "node-id", kChanging, "", "5.0.0 `CLUSTER REPLICAS`"),
    Sub("slots", 2, kLoading, "3.0.0", "", kChanging,
        "4.0.0 Shows the ids of nodes.\n7.0.0 Shows the other addresses of nodes.",
        "7.0.0 `CLUSTER SHARDS`"),
};

}  // namespace

std::span<const Command> ClusterCommands() { return kCommands; }

}  // namespace larder
