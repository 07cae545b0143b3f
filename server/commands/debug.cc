// DEBUG: what test suites need to look inside or to make things happen. One row in the command
// table, with a table of its own, as in Redis: subcommands are no part of COMMAND.
#include <csignal>
#include <limits>
#include <thread>

#include "protocol/errors.h"
#include "server/base/check.h"
#include "server/base/glob.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/debug_memory.h"
#include "server/commands/debug_protocol.h"
#include "server/commands/digest.h"
#include "server/commands/help.h"
#include "server/commands/object.h"
#include "server/engine/engine.h"
#include "server/engine/replication_host.h"
#include "server/engine/script_host.h"
#include "server/engine/whole_keyspace.h"
#include "server/persistence/persistence.h"
#include "server/store/access.h"

namespace larder {
namespace {

void Sleep(Context& c) {
  constexpr double kLongest = 3600;
  double seconds = 0;
  if (!ParseDouble(c.args[2], &seconds) || !(seconds >= 0)) seconds = 0;  // as atof would
  // Replicas hear nothing meanwhile, as from a server that hangs.
  const bool paused = c.engine.timers_paused.exchange(true, std::memory_order_relaxed);
  std::this_thread::sleep_for(std::chrono::duration<double>(std::min(seconds, kLongest)));
  c.engine.timers_paused.store(paused, std::memory_order_relaxed);
  c.reply.Ok();
}

void SetActiveExpire(Context& c) {
  c.engine.active_expire.store(c.args[2] != "0", std::memory_order_relaxed);
  c.reply.Ok();
}

void SetDisableDenyScripts(Context& c) {
  c.engine.scripts_may_more.store(c.args[2] != "0", std::memory_order_relaxed);
  c.reply.Ok();
}

// What clients see of the rounds of timers: keys expire, and a shutdown goes on.
void PauseCron(Context& c) {
  c.engine.active_expire.store(c.args[2] == "0", std::memory_order_relaxed);
  c.engine.timers_paused.store(c.args[2] != "0", std::memory_order_relaxed);
  c.reply.Ok();
}

void DigestAll(Context& c) {
  c.reply.Status(DigestOfKeyspace(c.engine.keyspace, c.now_ms()).Hex());
}

void DigestValues(Context& c) {
  c.reply.Array(c.args.size() - 2);
  for (size_t i = 2; i < c.args.size(); ++i) {
    const Entry* entry = c.PeekEntry(c.key(i));
    c.reply.Status(entry == nullptr ? Digest().Hex() : DigestOfValue(*entry).Hex());
  }
}

// POPULATE count [prefix] [size]: strings "prefix:0" … that hold "value:0" …, cut or filled up to
// size.
void Populate(Context& c) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  int64_t count, size = 0;
  if (!c.Integer(2, 0, kMost, &count, errors::kNotPositive)) return;
  if (c.args.size() == 5 && !c.Integer(4, 0, kMost, &size, errors::kNotPositive)) return;
  const std::string_view prefix = c.args.size() > 3 ? c.args[3] : "key";
  for (int64_t i = 0; i < count; ++i) {
    const std::string name = StrCat(prefix, ":", i);
    const Key key = c.KeyNamed(name, c.db());
    if (c.PeekEntry(key) != nullptr) continue;
    std::string value = StrCat("value:", i);
    if (size > 0) value.resize(static_cast<size_t>(size));
    c.SetString(key, value, Entry::kNoExpiry, EncodingOf(value));
    c.Changed(key, NotifyClass::kString, "set");
  }
  c.reply.Ok();
}

void Object(Context& c) {
  // One that has expired too, as long as it is there.
  const Key key = c.key(2);
  const Entry* entry = key.shard->Find(key.db, key.name, key.hash);
  if (entry == nullptr) return c.reply.Error(errors::kNoSuchKey);
  char address[24];
  std::snprintf(address, sizeof(address), "%p", static_cast<const void*>(entry));
  c.reply.Status(StrCat("Value at:", address, " refcount:1 encoding:", EncodingName(c, *entry),
                        " serializedlength:", entry->MemoryBytes(), " lru:", entry->access(),
                        " lru_seconds_idle:", IdleSeconds(entry->access(), c.now_ms())));
}

// Lists are cut by bytes alone here; the word is checked and has no effect.
void PackedThreshold(Context& c) {
  uint64_t bytes = 0;
  if (!ParseMemory(c.args[2], &bytes) || bytes > std::numeric_limits<uint32_t>::max()) {
    return c.reply.Error("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
  }
  c.reply.Ok();
}

// Output buffers shrink by themselves; the words are checked and have no effect.
void ReplyBuffer(Context& c) {
  if (!EqualsIgnoreCase(c.args[2], "peak-reset-time") && !EqualsIgnoreCase(c.args[2], "resizing")) {
    return c.SyntaxError();
  }
  c.reply.Ok();
}

void TableStats(Context& c) {
  int64_t db;
  if (!c.Integer(2, &db)) return;
  if (db < 0 || db >= c.engine.keyspace.databases()) {
    return c.reply.Error("ERR Out of range database");
  }
  size_t buckets = 0, entries = 0, tables = 0;
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    const Slice* slice = c.lock.Visit(i).existing_slice(static_cast<int>(db));
    if (slice == nullptr) continue;
    buckets += slice->table.buckets();
    entries += slice->table.size();
    ++tables;
  }
  c.reply.Verbatim(
      "txt", StrCat("[Dictionary HT]\nHash table 0 stats (main hash table):\n tables: ", tables,
                    "\n table size: ", buckets, "\n number of elements: ", entries, "\n"));
}

void TableStatsOfKey(Context& c) {
  const Entry* entry = c.PeekEntry(c.key(2));
  if (entry == nullptr) return c.reply.Error(errors::kNoSuchKey);
  const std::string_view encoding = EncodingName(c, *entry);
  if (encoding != "hashtable" && encoding != "skiplist") {
    return c.reply.Error(
        "ERR The value stored at the specified key is not represented using an hash table");
  }
  c.reply.Verbatim("txt", StrCat("encoding: ", encoding, "\nbytes: ", entry->MemoryBytes(), "\n"));
}

// RELOAD [NOSAVE] [NOFLUSH] [MERGE]: the data set to the file and back.
void Reload(Context& c) {
  bool save = true, flush = true, merge = false;
  for (std::string_view word : c.args.subspan(2)) {
    if (EqualsIgnoreCase(word, "nosave")) {
      save = false;
    } else if (EqualsIgnoreCase(word, "noflush")) {
      flush = false;
    } else if (EqualsIgnoreCase(word, "merge")) {
      merge = true;
    } else {
      return c.reply.Error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    }
  }
  Persistence& persistence = PersistenceOf(c);
  if (save && !persistence.Save()) return c.reply.Error("ERR");
  if (flush) {
    FlushAllDatabases(c.engine, /*lazy=*/true, c.ready);
    c.engine.scripts->RestoreLibraries({}, LibraryMerge::kFlush);
  }
  std::string error;
  if (!persistence.Reload(merge, &error)) {
    return c.reply.Error("ERR Error trying to load the RDB dump");
  }
  c.reply.Ok();
}

// The append-only file in the place of the data set.
void LoadAof(Context& c) {
  std::string error;
  if (PersistenceOf(c).ReloadAof(c, &error)) return c.reply.Ok();
  Log(LogLevel::kWarning, error);
  c.reply.Error("ERR Error trying to load the AOF files, check server logs.");
}

void AofFlushSleep(Context& c) {
  int64_t us;
  if (!c.Integer(2, &us)) return;
  PersistenceOf(c).aof().writer().set_rest_us(us);
  c.reply.Ok();
}

void SkipChecksum(Context& c) {
  c.engine.any_checksum.store(c.args[2] != "0", std::memory_order_relaxed);
  c.reply.Ok();
}

void LogLine(Context& c) {
  Log(LogLevel::kWarning, "DEBUG LOG: ", c.args[2]);
  c.reply.Ok();
}

// Replicas get the words as they are: to see what they do with what no server of ours would send.
void Replicate(Context& c) {
  c.ReplicateAs(c.args.subspan(2));
  c.reply.Ok();
}

void ChangeReplId(Context& c) {
  c.engine.replication->BeginHistory();
  c.reply.Ok();
}

void ConfigRewriteAll(Context& c) {
  const std::optional<std::string> error = c.engine.config.Rewrite(true);
  if (error) return c.reply.Error(StrCat("ERR CONFIG-REWRITE-FORCE-ALL failed: ", *error));
  c.reply.Ok();
}

void SegFault(Context&) { std::raise(SIGSEGV); }
void Panic(Context&) { CHECK(false && "called DEBUG PANIC"); }

void AnswerError(Context& c) { c.reply.Error(c.args[2]); }

void StringMatch(Context& c) {
  constexpr int64_t kMost = 64 * 1024 * 1024;
  int64_t length;
  if (!c.Integer(2, 0, kMost, &length)) return;
  const std::string text(static_cast<size_t>(length), 'a');
  c.reply.Integer(GlobMatch(c.args[3], text) ? 1 : 0);
}

void StructSizes(Context& c) {
  c.reply.Status(StrCat("bits:64 entry:", sizeof(Entry), " shard:", sizeof(Shard),
                        " slice:", sizeof(Slice), " client:", sizeof(Client)));
}

void Help(Context& c);

constexpr bool kWholeKeyspace = true;

struct Subcommand {
  std::string_view name;
  size_t least, most;  // words, DEBUG and the name among them
  void (*run)(Context&);
  std::string_view usage, text;
  bool exclusive = false;  // behind the closed gate
};

constexpr size_t kAny = std::numeric_limits<size_t>::max();

constexpr Subcommand kSubcommands[] = {
    {"accounting", 2, 2, DebugAccounting, "ACCOUNTING",
     "Check the memory that databases count against their entries.", kWholeKeyspace},
    {"aof-flush-sleep", 3, 3, AofFlushSleep, "AOF-FLUSH-SLEEP <microsec>",
     "Rest before each write to the append-only file."},
    {"change-repl-id", 2, 2, ChangeReplId, "CHANGE-REPL-ID",
     "Begin a new history, which no replica can go on with.", kWholeKeyspace},
    {"client-eviction", 2, 2, DebugClientEviction, "CLIENT-EVICTION",
     "Show how many clients take how much (maxmemory-clients)."},
    {"config-rewrite-force-all", 2, 2, ConfigRewriteAll, "CONFIG-REWRITE-FORCE-ALL",
     "CONFIG REWRITE, with a line for each directive."},
    {"digest", 2, 2, DigestAll, "DIGEST", "Show a fingerprint of all data.", kWholeKeyspace},
    {"digest-value", 2, kAny, DigestValues, "DIGEST-VALUE <key> [<key> ...]",
     "Show a fingerprint of each key's value.", kWholeKeyspace},
    {"error", 3, 3, AnswerError, "ERROR <string>", "Answer with this error."},
    {"htstats", 3, 3, TableStats, "HTSTATS <dbid>", "Show the size of a database's tables.",
     kWholeKeyspace},
    {"htstats-key", 3, 3, TableStatsOfKey, "HTSTATS-KEY <key>", "The same for a value's table.",
     kWholeKeyspace},
    {"listpack", 3, 3, DebugListpack, "LISTPACK <key>",
     "Log how large a value is that is kept as a listpack.", kWholeKeyspace},
    {"loadaof", 2, 2, LoadAof, "LOADAOF", "Load the append-only file in the place of all data.",
     kWholeKeyspace},
    {"log", 3, 3, LogLine, "LOG <message>", "Write a line to the log."},
    {"mallctl", 3, 4, DebugMallctl, "MALLCTL <key> [<val>]",
     "Read or write a number of jemalloc's."},
    {"mallctl-str", 4, 4, DebugMallctlString, "MALLCTL-STR <key> VOID",
     "Run a control of jemalloc's."},
    {"object", 3, 3, Object, "OBJECT <key>", "Show how a value is kept.", kWholeKeyspace},
    {"panic", 2, 2, Panic, "PANIC", "Fail an invariant."},
    {"pause-cron", 3, 3, PauseCron, "PAUSE-CRON <0|1>",
     "Stop expiring in the background, and hold up a shutdown."},
    {"populate", 3, 5, Populate, "POPULATE <count> [<prefix>] [<size>]",
     "Make keys named prefix:0, prefix:1 … (default: key).", kWholeKeyspace},
    {"protocol", 3, 3, DebugProtocol, "PROTOCOL <type>", "Answer with a value of this type."},
    {"quicklist-packed-threshold", 3, 3, PackedThreshold, "QUICKLIST-PACKED-THRESHOLD <size>",
     "Accepted without effect."},
    {"reload", 2, kAny, Reload, "RELOAD [NOSAVE] [NOFLUSH] [MERGE]",
     "Save the data set and load it again.", kWholeKeyspace},
    {"replicate", 3, kAny, Replicate, "REPLICATE <command> [<arg> ...]",
     "Send a command to the replicas, whatever it is."},
    {"replybuffer", 4, 4, ReplyBuffer, "REPLYBUFFER <PEAK-RESET-TIME|RESIZING> <value>",
     "Accepted without effect."},
    {"sdslen", 3, 3, DebugStringLength, "SDSLEN <key>",
     "Show the length of a string and of its name.", kWholeKeyspace},
    {"segfault", 2, 2, SegFault, "SEGFAULT", "Crash with a segmentation fault."},
    {"set-active-expire", 3, 3, SetActiveExpire, "SET-ACTIVE-EXPIRE <0|1>",
     "Whether expired keys are looked for in the background."},
    {"set-skip-checksum-validation", 3, 3, SkipChecksum, "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
     "Whether RESTORE takes payloads with any checksum."},
    {"set-disable-deny-scripts", 3, 3, SetDisableDenyScripts, "SET-DISABLE-DENY-SCRIPTS <0|1>",
     "Whether scripts may call commands that are not for scripts."},
    {"sleep", 3, 3, Sleep, "SLEEP <seconds>", "Stop everything for so long.", kWholeKeyspace},
    {"stringmatch-len", 4, 4, StringMatch, "STRINGMATCH-LEN <length> <pattern>",
     "Match a pattern with that many letters a."},
    {"structsize", 2, 2, StructSizes, "STRUCTSIZE", "Show the size of structures in bytes."},
    {"help", 2, 2, Help, "HELP", "Print this help."},
};

const Subcommand* FindSubcommand(Args args) {
  for (const Subcommand& sub : kSubcommands) {
    if (EqualsIgnoreCase(sub.name, args[1]) && args.size() >= sub.least &&
        args.size() <= sub.most) {
      return &sub;
    }
  }
  return nullptr;
}

void Help(Context& c) {
  c.reply.Array(std::size(kSubcommands) * 2 + 1);
  c.reply.Status(HelpTitle(c));
  for (const Subcommand& sub : kSubcommands) {
    c.reply.Status(sub.usage);
    c.reply.Status(StrCat("    ", sub.text));
  }
}

bool NeedsClosedGate(Args args) {
  const Subcommand* sub = FindSubcommand(args);
  return sub != nullptr && sub->exclusive;
}

void Debug(Context& c) {
  const Subcommand* sub = FindSubcommand(c.args);
  if (sub != nullptr) return sub->run(c);
  c.reply.Error(UnknownForm(c));
}

constexpr Command kCommands[] = {
    {.name = "debug",
     .arity = -2,
     .flags = kAdmin | kNoScript | kLoading | kStale | kProtectedCommand | kSysCmd,
     .run = Debug,
     .group = "server",
     .since = "1.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "Looks inside the server, for tests.",
     .exclusive = NeedsClosedGate},
};

}  // namespace

std::span<const Command> DebugCommands() { return kCommands; }

}  // namespace larder
