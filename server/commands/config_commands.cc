// CONFIG: reading and changing directives while the server runs.
#include <vector>

#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/config/directive.h"
#include "server/engine/engine.h"
#include "server/engine/persistence_host.h"

namespace larder {
namespace {

void ConfigGet(Context& c) {
  std::vector<Config::Pair> pairs = c.engine.config.Get(c.args.subspan(2));
  c.reply.Map(pairs.size());
  for (const auto& [name, value] : pairs) {
    c.reply.Bulk(name);
    c.reply.Bulk(value);
  }
}

bool MayChangeInLoad(std::string_view name) {
  const Directive* row = FindDirective(name);
  return row == nullptr || !(row->flags & kNotInLoad);
}

void ConfigSet(Context& c) {
  if (c.args.size() % 2 != 0) return c.SyntaxError();
  std::vector<Config::PairView> pairs;
  for (size_t i = 2; i < c.args.size(); i += 2) pairs.emplace_back(c.args[i], c.args[i + 1]);
  const PersistenceHost* persistence = c.engine.persistence;
  if (persistence != nullptr && (persistence->loading() || persistence->async_loading())) {
    for (const auto& [name, value] : pairs) {
      if (!MayChangeInLoad(name)) return c.reply.Error(errors::kLoading);
    }
  }
  std::optional<std::string> error = c.engine.config.Set(pairs, c.client.is_local());
  if (error) return c.reply.Error(StrCat("ERR ", *error));
  c.reply.Ok();
}

void ConfigRewrite(Context& c) {
  std::optional<std::string> error = c.engine.config.Rewrite();
  if (error) return c.reply.Error(StrCat("ERR ", *error));
  c.reply.Ok();
}

void ConfigResetStat(Context& c) {
  c.engine.stats.Reset();
  c.engine.eviction.ResetStats();
  c.engine.keyspace.reclaimer().ResetFreed();
  c.reply.Ok();
}

void ConfigHelp(Context& c) {
  ReplyHelp(c, {{"GET <pattern>", "Show the directives that match the pattern, with their values."},
                {"SET <directive> <value>", "Change a directive. Several pairs: all or none."},
                {"RESETSTAT", "Set the counters of INFO back to zero."},
                {"REWRITE", "Write today's values into the configuration file."}});
}

// Of the pairs from word 2 on, the value of a directive that is a secret.
size_t BehindDirective(Args words, size_t i) {
  const Directive* directive = i >= 2 && i % 2 == 0 ? FindDirective(words[i]) : nullptr;
  return directive != nullptr && (directive->flags & kSensitive) ? 1 : 0;
}

constexpr uint32_t kFlags = kAdmin | kNoScript | kLoading | kStale;

constexpr Command kCommands[] = {
    {.name = "config",
     .arity = -2,
     .group = "server",
     .since = "2.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "Commands that read and change the configuration."},
    {.name = "get",
     .parent = "config",
     .arity = -3,
     .flags = kFlags,
     .run = ConfigGet,
     .group = "server",
     .syntax = "parameter [parameter ...]",
     .since = "2.0.0",
     .history = "7.0.0 Takes several patterns.",
     .complexity = "O(N) for N directives times patterns",
     .summary = "Returns the values of directives."},
    {.name = "set",
     .parent = "config",
     .arity = -4,
     .flags = kFlags,
     .run = ConfigSet,
     .group = "server",
     .syntax = "<data: parameter value ...>",
     .since = "2.0.0",
     .history = "7.0.0 Takes several directives.",
     .complexity = "O(N) for N pairs",
     .summary = "Changes directives while the server runs.",
     .tips = kAllNodes,
     .secrets_behind = BehindDirective},
    {.name = "rewrite",
     .parent = "config",
     .arity = 2,
     .flags = kFlags,
     .run = ConfigRewrite,
     .group = "server",
     .since = "2.8.0",
     .complexity = "O(N) for N lines of the file",
     .summary = "Writes the values in use into the configuration file.",
     .tips = kAllNodes},
    {.name = "resetstat",
     .parent = "config",
     .arity = 2,
     .flags = kFlags,
     .run = ConfigResetStat,
     .group = "server",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Sets the statistics of INFO back to zero.",
     .tips = kAllNodes},
    {.name = "help",
     .parent = "config",
     .arity = 2,
     .flags = kLoading | kStale,
     .run = ConfigHelp,
     .group = "server",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands."},
};

}  // namespace

std::span<const Command> ConfigCommands() { return kCommands; }

}  // namespace larder
