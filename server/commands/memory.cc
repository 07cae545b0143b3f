// MEMORY: what values and the server cost.
#include "server/store/memory.h"

#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/commands/memory_parts.h"
#include "server/engine/engine.h"
#include "server/store/allocator.h"

namespace larder {
namespace {

// A slot of the table at its usual load of 2/3.
constexpr size_t kSlotBytes = 12;

void MemoryUsage(Context& c) {
  // SAMPLES is checked and not needed: sizes are counted, not estimated.
  for (size_t i = 3; i < c.args.size(); i += 2) {
    int64_t samples;
    if (!EqualsIgnoreCase(c.args[i], "samples") || i + 1 == c.args.size()) return c.SyntaxError();
    if (!c.Integer(i + 1, &samples)) return;
    if (samples < 0) return c.SyntaxError();
  }
  const Entry* entry = c.PeekEntry(c.key(2));
  if (entry == nullptr) return c.reply.Null();
  c.reply.Integer(static_cast<int64_t>(entry->MemoryBytes() + kSlotBytes));
}

class StatsReply {
 public:
  explicit StatsReply(Context& c) : reply_(c.reply), begin_(c.reply.Begin()) {}
  ~StatsReply() { reply_.EndMap(begin_, fields_); }

  void Bytes(std::string_view name, size_t bytes) { Signed(name, static_cast<int64_t>(bytes)); }
  void Signed(std::string_view name, int64_t value) {
    Name(name);
    reply_.Integer(value);
  }
  void Ratio(std::string_view name, size_t a, size_t b, double factor = 1) {
    Name(name);
    reply_.Double(b == 0 ? 0 : factor * static_cast<double>(a) / static_cast<double>(b));
  }
  void Name(std::string_view name) {
    reply_.Bulk(name);
    ++fields_;
  }

 private:
  Reply& reply_;
  const OutputBuffer::Mark begin_;
  size_t fields_ = 0;
};

// What Redis tells of a database, and the bytes of its keys and values, which Redis does not know.
void AppendDatabase(Context& c, const Keyspace::Bytes& bytes) {
  c.reply.Map(4);
  c.reply.Bulk("overhead.hashtable.main");
  c.reply.Integer(static_cast<int64_t>(bytes.tables));
  c.reply.Bulk("overhead.hashtable.expires");
  c.reply.Integer(static_cast<int64_t>(bytes.expiries));
  c.reply.Bulk("overhead.hashtable.slot-to-keys");
  c.reply.Integer(0);
  c.reply.Bulk("larder.entries");
  c.reply.Integer(static_cast<int64_t>(bytes.entries));
}

// Returns the number of keys.
size_t AppendDatabases(Context& c, StatsReply& stats) {
  size_t keys = 0;
  for (int db = 0; db < c.engine.keyspace.databases(); ++db) {
    const size_t size = c.engine.keyspace.Size(db);
    if (size == 0) continue;
    keys += size;
    stats.Name(StrCat("db.", db));
    AppendDatabase(c, c.engine.keyspace.BytesOf(db));
  }
  return keys;
}

void MemoryStats(Context& c) {
  const AllocatorStats allocator = ReadAllocatorStats();
  const MemoryParts parts(c.engine);
  StatsReply stats(c);
  stats.Bytes("peak.allocated", parts.peak);
  stats.Bytes("total.allocated", parts.used);
  stats.Bytes("startup.allocated", parts.startup);
  stats.Bytes("replication.backlog", parts.backlog);
  stats.Bytes("clients.slaves", parts.replicas);
  stats.Bytes("clients.normal", parts.clients);
  stats.Bytes("cluster.links", 0);
  stats.Bytes("aof.buffer", parts.aof);
  stats.Bytes("lua.caches", parts.scripts.scripts_kept);
  stats.Bytes("functions.caches", parts.scripts.functions_kept);
  const size_t keys = AppendDatabases(c, stats);
  stats.Bytes("overhead.total", parts.overhead);
  stats.Bytes("keys.count", keys);
  stats.Bytes("keys.bytes-per-key", keys == 0 ? 0 : parts.above_startup() / keys);
  stats.Bytes("dataset.bytes", parts.dataset());
  stats.Ratio("dataset.percentage", parts.dataset(), parts.above_startup(), 100);
  stats.Ratio("peak.percentage", parts.used, parts.peak, 100);
  stats.Bytes("allocator.allocated", allocator.allocated);
  stats.Bytes("allocator.active", allocator.active);
  stats.Bytes("allocator.resident", allocator.resident);
  auto ratio = [&](std::string_view name, size_t a, size_t b, std::string_view suffix = ".ratio") {
    stats.Ratio(StrCat(name, suffix), a, b);
    stats.Signed(StrCat(name, ".bytes"), static_cast<int64_t>(a) - static_cast<int64_t>(b));
  };
  ratio("allocator-fragmentation", allocator.active, allocator.allocated);
  ratio("allocator-rss", allocator.resident, allocator.active);
  ratio("rss-overhead", parts.resident, allocator.resident);
  ratio("fragmentation", parts.resident, parts.used, "");
}

void MemoryDoctor(Context& c) {
  constexpr size_t kSmall = 5 * 1024 * 1024;  // below it every ratio is noise
  constexpr double kMuch = 1.4;
  const size_t used = UsedMemory(), resident = ResidentBytes();
  const AllocatorStats allocator = ReadAllocatorStats();
  const auto maxmemory = static_cast<size_t>(int64_t{c.engine.config.settings().maxmemory});
  std::string advice;
  if (used < kSmall) {
    advice = "There is hardly any data, so there is nothing to say about its memory.\n";
  } else if (static_cast<double>(PeakMemory()) > kMuch * static_cast<double>(used)) {
    advice = "At its peak the server used much more memory; MEMORY PURGE gives pages back.\n";
  } else if (static_cast<double>(resident) > kMuch * static_cast<double>(used)) {
    advice = "The process holds much more memory than the data needs; try MEMORY PURGE.\n";
  } else if (static_cast<double>(allocator.active) > kMuch * static_cast<double>(used)) {
    advice = "The allocator's pages are poorly filled, mostly after many deletions.\n";
  } else if (maxmemory != 0 && used > maxmemory / 10 * 9) {
    advice = "The data is close to maxmemory; beyond it writes are refused.\n";
  } else {
    advice = "The memory looks well.\n";
  }
  c.reply.Verbatim("txt", advice);
}

void MemoryMallocStats(Context& c) { c.reply.Verbatim("txt", AllocatorReport()); }

void MemoryPurge(Context& c) {
  PurgeMemory();
  c.reply.Ok();
}

void MemoryHelp(Context& c) {
  ReplyHelp(
      c, {{"DOCTOR", "Say in words what the use of memory means."},
          {"MALLOC-STATS", "Show the allocator's own report."},
          {"PURGE", "Give free pages back to the system."},
          {"STATS", "Show what the memory is used for."},
          {"USAGE <key> [SAMPLES <count>]",
           "Show the bytes behind a key and its value. Sizes are counted: SAMPLES is ignored."}});
}

constexpr std::string_view kSpecial =
    "nondeterministic_output request_policy:all_shards response_policy:special";

constexpr Command kCommands[] = {
    {.name = "memory",
     .arity = -2,
     .group = "server",
     .since = "4.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "Commands about memory."},
    {.name = "usage",
     .parent = "memory",
     .arity = -3,
     .flags = kReadOnly,
     .keys = {Keys(2, 2, 1, kRO)},
     .run = MemoryUsage,
     .group = "server",
     .syntax = "key [SAMPLES count]",
     .since = "4.0.0",
     .complexity = "O(N) for N parts of the value",
     .summary = "Returns the bytes behind a key and its value."},
    {.name = "stats",
     .parent = "memory",
     .arity = 2,
     .run = MemoryStats,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(N) for N clients",
     .summary = "Returns what the memory is used for.",
     .tips = kSpecial},
    {.name = "doctor",
     .parent = "memory",
     .arity = 2,
     .run = MemoryDoctor,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Says in words what the use of memory means.",
     .tips = kSpecial},
    {.name = "malloc-stats",
     .parent = "memory",
     .arity = 2,
     .run = MemoryMallocStats,
     .group = "server",
     .since = "4.0.0",
     .complexity = "Depends on the allocator.",
     .summary = "Returns the allocator's own report.",
     .tips = kSpecial},
    {.name = "purge",
     .parent = "memory",
     .arity = 2,
     .run = MemoryPurge,
     .group = "server",
     .since = "4.0.0",
     .complexity = "Depends on the allocator.",
     .summary = "Gives free pages back to the system.",
     .tips = kAllShards},
    {.name = "help",
     .parent = "memory",
     .arity = 2,
     .flags = kLoading | kStale,
     .run = MemoryHelp,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands."},
};

}  // namespace

std::span<const Command> MemoryCommands() { return kCommands; }

}  // namespace larder
