// SLOWLOG: the commands that took long.
#include <limits>

#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

constexpr int64_t kDefaultCount = 10;

void SlowlogGet(Context& c) {
  int64_t count = kDefaultCount;
  if (c.args.size() > 3) return c.reply.Error(UnknownForm(c));
  if (c.args.size() == 3 && !c.Integer(2, -1, std::numeric_limits<int64_t>::max(), &count,
                                       "ERR count should be greater than or equal to -1")) {
    return;
  }
  std::vector<Slowlog::Record> records = c.engine.slowlog.Newest(count);
  c.reply.Array(records.size());
  for (const Slowlog::Record& record : records) {
    c.reply.Array(6);
    c.reply.Integer(record.id);
    c.reply.Integer(record.unix_s);
    c.reply.Integer(record.duration_us);
    c.reply.Array(record.words.size());
    for (const std::string& word : record.words) c.reply.Bulk(word);
    c.reply.Bulk(record.client_address);
    c.reply.Bulk(record.client_name);
  }
}

void SlowlogLen(Context& c) { c.reply.Integer(static_cast<int64_t>(c.engine.slowlog.size())); }

void SlowlogReset(Context& c) {
  c.engine.slowlog.Clear();
  c.reply.Ok();
}

void SlowlogHelp(Context& c) {
  ReplyHelp(c, {{"GET [<count>]",
                 "Show the newest entries (default: 10, -1: all). An entry holds\n"
                 "its id, Unix time, microseconds, words, client address and client name."},
                {"LEN", "Show how many entries there are."},
                {"RESET", "Forget all entries."}});
}

constexpr Command kCommands[] = {
    {.name = "slowlog",
     .arity = -2,
     .group = "server",
     .since = "2.2.12",
     .complexity = "Depends on subcommand.",
     .summary = "Commands about the slow log."},
    {.name = "get",
     .parent = "slowlog",
     .arity = -2,
     .flags = kAdmin | kLoading | kStale,
     .run = SlowlogGet,
     .group = "server",
     .syntax = "[count]",
     .since = "2.2.12",
     .history = "4.0.0 Shows the address and the name of the client.",
     .complexity = "O(N) for N entries returned",
     .summary = "Returns the newest entries of the slow log.",
     .tips = "request_policy:all_nodes nondeterministic_output"},
    {.name = "len",
     .parent = "slowlog",
     .arity = 2,
     .flags = kAdmin | kLoading | kStale,
     .run = SlowlogLen,
     .group = "server",
     .since = "2.2.12",
     .complexity = "O(1)",
     .summary = "Returns the number of entries in the slow log.",
     .tips = "request_policy:all_nodes response_policy:agg_sum nondeterministic_output"},
    {.name = "reset",
     .parent = "slowlog",
     .arity = 2,
     .flags = kAdmin | kLoading | kStale,
     .run = SlowlogReset,
     .group = "server",
     .since = "2.2.12",
     .complexity = "O(N) for N entries",
     .summary = "Empties the slow log.",
     .tips = kAllNodes},
    {.name = "help",
     .parent = "slowlog",
     .arity = 2,
     .flags = kLoading | kStale,
     .run = SlowlogHelp,
     .group = "server",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands."},
};

}  // namespace

std::span<const Command> SlowlogCommands() { return kCommands; }

}  // namespace larder
