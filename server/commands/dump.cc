// Values as bytes that another server takes: DUMP, RESTORE.
#include <limits>
#include <string>
#include <vector>

#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/engine/engine.h"
#include "server/persistence/dump_payload.h"
#include "server/store/access.h"

namespace larder {
namespace {

void Dump(Context& c) {
  const Entry* entry = c.ReadEntry(c.key(1));
  if (entry == nullptr) return c.reply.Null();
  c.reply.Bulk(MakeDumpPayload(*entry, ValueLimits(c.engine.config.settings())));
}

struct RestoreOptions {
  static constexpr int64_t kNone = -1;
  bool replace = false;
  bool absolute = false;  // the time to live is a Unix time
  int64_t idle_s = kNone;
  int64_t frequency = kNone;
};

// False after the error was answered.
bool ParseOptions(Context& c, RestoreOptions* options) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  for (size_t i = 4; i < c.args.size(); ++i) {
    const bool more = i + 1 < c.args.size();
    if (EqualsIgnoreCase(c.args[i], "replace")) {
      options->replace = true;
    } else if (EqualsIgnoreCase(c.args[i], "absttl")) {
      options->absolute = true;
    } else if (EqualsIgnoreCase(c.args[i], "idletime") && more &&
               options->frequency == RestoreOptions::kNone) {
      if (!c.Integer(++i, kLeast, kMost, &options->idle_s)) return false;
      if (options->idle_s < 0) {
        c.reply.Error("ERR Invalid IDLETIME value, must be >= 0");
        return false;
      }
    } else if (EqualsIgnoreCase(c.args[i], "freq") && more &&
               options->idle_s == RestoreOptions::kNone) {
      if (!c.Integer(++i, kLeast, kMost, &options->frequency)) return false;
      if (options->frequency < 0 || options->frequency > 255) {
        c.reply.Error("ERR Invalid FREQ value, must be >= 0 and <= 255");
        return false;
      }
    } else {
      c.SyntaxError();
      return false;
    }
  }
  return true;
}

// The Unix time in milliseconds that the time to live means. False after the error was answered.
bool ParseTimeToLive(Context& c, bool absolute, int64_t* expiry_ms) {
  int64_t ttl_ms;
  if (!c.Integer(2, &ttl_ms)) return false;
  if (ttl_ms < 0) {
    c.reply.Error("ERR Invalid TTL value, must be >= 0");
    return false;
  }
  *expiry_ms = ttl_ms == 0 ? Entry::kNoExpiry : ttl_ms;
  if (ttl_ms != 0 && !absolute && __builtin_add_overflow(ttl_ms, c.now_ms(), expiry_ms)) {
    *expiry_ms = std::numeric_limits<int64_t>::max();
  }
  return true;
}

// The same words, but for a time to live that counts from now.
void ReplicateAbsolute(Context& c, int64_t expiry_ms) {
  const std::string time = std::to_string(expiry_ms);
  std::vector<std::string_view> words(c.args.begin(), c.args.end());
  words[2] = time;
  words.push_back("ABSTTL");
  c.ReplicateAs(Args(words));
}

void Restore(Context& c) {
  RestoreOptions options;
  if (!ParseOptions(c, &options)) return;
  const Key key = c.key(1);
  const bool exists = c.WriteEntry(key) != nullptr;
  if (exists && !options.replace) {
    return c.reply.Error(errors::kBusyKey);
  }
  int64_t expiry_ms;
  if (!ParseTimeToLive(c, options.absolute, &expiry_ms)) return;
  if (!VerifyDumpPayload(c.args[3], c.engine.any_checksum.load(std::memory_order_relaxed))) {
    return c.reply.Error("ERR DUMP payload version or checksum are wrong");
  }
  std::string reason;
  Entry* entry = EntryFromDump(c.args[3], key.name, expiry_ms,
                               ValueLimits(c.engine.config.settings()), &reason);
  if (entry == nullptr) {
    c.worker.LogLater(std::move(reason));
    return c.reply.Error("ERR Bad data format");
  }
  if (exists) c.Delete(key);
  if (entry->ExpiredAt(c.now_ms()) && c.client.link != Client::Link::kPrimary) {
    Entry::Free(entry);
    if (exists) {
      c.Changed(key, NotifyClass::kGeneric, "del");
      c.ReplicateAs("DEL", key.name);
    }
    return c.reply.Ok();
  }
  c.InsertEntry(key, entry);
  if (CountsUses(c.engine.config.settings())) {
    if (options.frequency != RestoreOptions::kNone) {
      entry->set_access(LfuAccess(static_cast<uint8_t>(options.frequency), c.now_ms()));
    }
  } else if (options.idle_s != RestoreOptions::kNone) {
    entry->set_access(static_cast<uint32_t>(c.now_ms() / 1000 - options.idle_s));
  }
  c.Changed(key, NotifyClass::kGeneric, "restore");
  if (!options.absolute && expiry_ms != Entry::kNoExpiry) ReplicateAbsolute(c, expiry_ms);
  c.reply.Ok();
}

constexpr std::string_view kRestoreSyntax =
    "key ttl(integer) serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] [IDLETIME@5.0.0 seconds] "
    "[FREQ@5.0.0 frequency(integer)]";
constexpr std::string_view kRestoreHistory =
    "3.0.0 Takes REPLACE.\n"
    "5.0.0 Takes ABSTTL.\n"
    "5.0.0 Takes IDLETIME and FREQ.";

constexpr Command kCommands[] = {
    {.name = "dump",
     .arity = 2,
     .flags = kReadOnly,
     .categories = kCatKeyspace,
     .keys = {Key1(kRO | kAccess)},
     .run = Dump,
     .group = "generic",
     .syntax = "key",
     .since = "2.6.0",
     .complexity = "O(N) for a value of N elements",
     .summary = "Returns the value of a key as bytes for RESTORE.",
     .tips = "nondeterministic_output"},
    {.name = "restore",
     .arity = -4,
     .flags = kWrite | kDenyOom,
     .categories = kCatKeyspace | kCatDangerous,
     .keys = {Key1(kOW | kUpdate)},
     .run = Restore,
     .group = "generic",
     .syntax = kRestoreSyntax,
     .since = "2.6.0",
     .history = kRestoreHistory,
     .complexity = "O(N) for a value of N elements",
     .summary = "Makes a key of the bytes of DUMP."},
    {.name = "restore-asking",
     .arity = -4,
     .flags = kWrite | kDenyOom | kAsking | kSysCmd,
     .categories = kCatKeyspace | kCatDangerous,
     .keys = {Key1(kOW | kUpdate)},
     .run = Restore,
     .group = "server",
     .syntax = kRestoreSyntax,
     .since = "3.0.0",
     .history = kRestoreHistory,
     .complexity = "O(N) for a value of N elements",
     .summary = "RESTORE, as the nodes of a cluster say it to each other."},
};

}  // namespace

std::span<const Command> DumpCommands() { return kCommands; }

}  // namespace larder
