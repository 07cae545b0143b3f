// LATENCY: spikes over latency-monitor-threshold, and a histogram for each command.
#include <limits>
#include <memory>

#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/commands/latency_report.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

void LatencyLatest(Context& c) {
  const auto events = c.engine.latency.Events();
  c.reply.Array(events.size());
  for (const auto& [name, event] : events) {
    c.reply.Array(4);
    c.reply.Bulk(name);
    c.reply.Integer(event.samples.back().unix_s);
    c.reply.Integer(event.samples.back().duration_ms);
    c.reply.Integer(event.max_ms);
  }
}

void LatencyHistory(Context& c) {
  const auto event = c.engine.latency.Find(c.args[2]);
  if (!event) return c.reply.EmptyArray();
  c.reply.Array(event->samples.size());
  for (const LatencyMonitor::Sample& sample : event->samples) {
    c.reply.Array(2);
    c.reply.Integer(sample.unix_s);
    c.reply.Integer(sample.duration_ms);
  }
}

void LatencyGraph(Context& c) {
  const auto event = c.engine.latency.Find(c.args[2]);
  if (!event) {
    return c.reply.Error(StrCat("ERR No samples available for event '", c.args[2], "'"));
  }
  c.reply.Verbatim("txt", DrawLatency(c.args[2], *event, c.now_ms() / 1000));
}

void LatencyDoctor(Context& c) {
  c.reply.Verbatim("txt", LatencyAdvice(c.engine.latency.Events(),
                                        c.engine.config.settings().latency_monitor_threshold_ms));
}

void LatencyReset(Context& c) {
  size_t reset = 0;
  if (c.args.size() == 2) reset = c.engine.latency.ResetAll();
  for (std::string_view event : c.args.subspan(2)) reset += c.engine.latency.Reset(event);
  c.reply.Integer(static_cast<int64_t>(reset));
}

// Appends a command's name and histogram: how many calls took at most 1, 2, 4 ... microseconds.
// False where it has not been called.
bool AppendHistogram(Context& c, const Command& command) {
  auto histogram = std::make_unique<Histogram>();
  c.engine.stats.Latency(c.engine.commands.number(command), histogram.get());
  const int64_t calls = histogram->count();
  if (calls == 0) return false;
  c.reply.Bulk(CommandTable::FullName(command));
  c.reply.Map(2);
  c.reply.Bulk("calls");
  c.reply.Integer(calls);
  c.reply.Bulk("histogram_usec");
  const auto begin = c.reply.Begin();
  size_t lines = 0;
  int64_t before = 0;
  // Limits are powers of two of nanoseconds, so that they fall between buckets: 1.024 us, 2.048 us
  // ...
  for (int64_t limit_ns = 1024; before < calls; limit_ns *= 2) {
    const int64_t below = histogram->CountBelow(limit_ns);
    if (below == before) continue;
    c.reply.Integer(limit_ns / 1000);
    c.reply.Integer(below);
    before = below;
    ++lines;
  }
  c.reply.EndMap(begin, lines);
  return true;
}

void LatencyHistogram(Context& c) {
  const CommandTable& table = c.engine.commands;
  const auto begin = c.reply.Begin();
  size_t count = 0;
  if (c.args.size() == 2) {
    for (const Command& command : table.commands()) count += AppendHistogram(c, command);
  }
  for (std::string_view name : c.args.subspan(2)) {
    const Command* command = table.FindByFullName(name);
    if (command == nullptr) continue;
    count += AppendHistogram(c, *command);
    for (const Command* sub : table.SubcommandsOf(*command)) count += AppendHistogram(c, *sub);
  }
  c.reply.EndMap(begin, count);
}

void LatencyHelp(Context& c) {
  ReplyHelp(c, {{"DOCTOR", "Say in words what the spikes mean."},
                {"GRAPH <event>", "Draw the latest spikes of an event."},
                {"HISTORY <event>", "Show the latest spikes of an event."},
                {"LATEST", "Show the latest spike of each event."},
                {"RESET [<event> ...]", "Forget the spikes of some events, or of all."},
                {"HISTOGRAM [COMMAND ...]",
                 "Show how long calls of some commands took, or of all commands called."}});
}

constexpr uint32_t kFlags = kAdmin | kNoScript | kLoading | kStale;
constexpr std::string_view kTips =
    "nondeterministic_output request_policy:all_nodes response_policy:special";

constexpr Command kCommands[] = {
    {.name = "latency",
     .arity = -2,
     .group = "server",
     .since = "2.8.13",
     .complexity = "Depends on subcommand.",
     .summary = "Commands about how long things take."},
    {.name = "doctor",
     .parent = "latency",
     .arity = 2,
     .flags = kFlags,
     .run = LatencyDoctor,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Says in words what the latest spikes mean.",
     .tips = kTips},
    {.name = "graph",
     .parent = "latency",
     .arity = 3,
     .flags = kFlags,
     .run = LatencyGraph,
     .group = "server",
     .syntax = "event",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Draws the latest spikes of an event.",
     .tips = kTips},
    {.name = "history",
     .parent = "latency",
     .arity = 3,
     .flags = kFlags,
     .run = LatencyHistory,
     .group = "server",
     .syntax = "event",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Returns the latest spikes of an event.",
     .tips = kTips},
    {.name = "latest",
     .parent = "latency",
     .arity = 2,
     .flags = kFlags,
     .run = LatencyLatest,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Returns the latest spike of each event.",
     .tips = kTips},
    {.name = "reset",
     .parent = "latency",
     .arity = -2,
     .flags = kFlags,
     .run = LatencyReset,
     .group = "server",
     .syntax = "[event [event ...]]",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Forgets the spikes of events.",
     .tips = "request_policy:all_nodes response_policy:agg_sum"},
    {.name = "histogram",
     .parent = "latency",
     .arity = -2,
     .flags = kFlags,
     .run = LatencyHistogram,
     .group = "server",
     .syntax = "[command [command ...]]",
     .since = "7.0.0",
     .complexity = "O(N) for N commands with data",
     .summary = "Returns how the durations of commands are distributed.",
     .tips = kTips},
    {.name = "help",
     .parent = "latency",
     .arity = 2,
     .flags = kLoading | kStale,
     .run = LatencyHelp,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Lists the subcommands."},
};

}  // namespace

std::span<const Command> LatencyCommands() { return kCommands; }

}  // namespace larder
