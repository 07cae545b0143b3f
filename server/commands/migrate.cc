// MIGRATE: moves keys to another server. The gate stays closed until the other server has answered,
// so that nobody changes a key on its way; commands without keys go on being answered meanwhile.
#include <limits>

#include "protocol/request_writer.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/engine/engine.h"
#include "server/persistence/dump_payload.h"
#include "server/persistence/persistence.h"

namespace larder {
namespace {

struct MigrateOptions {
  bool copy = false;
  bool replace = false;
  std::string auth;
  Args keys;
};

// False after the error was answered.
bool ParseOptions(Context& c, MigrateOptions* options) {
  options->keys = c.args.subspan(3, 1);
  for (size_t i = 6; i < c.args.size(); ++i) {
    const size_t more = c.args.size() - 1 - i;
    if (EqualsIgnoreCase(c.args[i], "copy")) {
      options->copy = true;
    } else if (EqualsIgnoreCase(c.args[i], "replace")) {
      options->replace = true;
    } else if (EqualsIgnoreCase(c.args[i], "auth") && more >= 1) {
      options->auth = EncodeRequest({"AUTH", c.args[i + 1]});
      i += 1;
    } else if (EqualsIgnoreCase(c.args[i], "auth2") && more >= 2) {
      options->auth = EncodeRequest({"AUTH", c.args[i + 1], c.args[i + 2]});
      i += 2;
    } else if (EqualsIgnoreCase(c.args[i], "keys")) {
      if (!c.args[3].empty()) {
        c.reply.Error(
            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
        return false;
      }
      options->keys = c.args.subspan(i + 1);
      return true;
    } else {
      c.SyntaxError();
      return false;
    }
  }
  return true;
}

// The RESTORE of a key as it is now.
std::string RestoreRequest(Context& c, const Entry& entry, bool replace) {
  const int64_t ttl_ms =
      entry.has_expiry() ? std::max<int64_t>(1, entry.expiry_ms() - c.now_ms()) : 0;
  const std::string payload = MakeDumpPayload(entry, ValueLimits(c.engine.config.settings()));
  const std::string ttl = std::to_string(ttl_ms);
  if (replace) return EncodeRequest({"RESTORE", entry.key(), ttl, payload, "REPLACE"});
  return EncodeRequest({"RESTORE", entry.key(), ttl, payload});
}

void AnswerOutcome(Context& c, const MigrationOutcome& outcome) {
  using Failure = MigrationOutcome::Failure;
  switch (outcome.failure) {
    case Failure::kConnecting:
      return c.reply.Error("IOERR error or timeout connecting to the client");
    case Failure::kWriting:
      return c.reply.Error("IOERR error or timeout writing to target instance");
    case Failure::kReading:
      return c.reply.Error("IOERR error or timeout reading to target instance");
    case Failure::kNone:
      break;
  }
  if (outcome.target_error.empty()) return c.reply.Ok();
  c.reply.Error(StrCat("ERR Target instance replied with error: ", outcome.target_error));
}

void Migrate(Context& c) {
  MigrateOptions options;
  if (!ParseOptions(c, &options)) return;
  MigrationRequest request;
  if (!c.Integer(5, &request.timeout_ms) || !c.Integer(4, &request.db)) return;
  if (request.timeout_ms <= 0) request.timeout_ms = 1000;
  request.host = c.args[1];
  int64_t port = 0;
  if (ParseInt64(c.args[2], &port) && port >= 0 && port <= 65535) {
    request.port = static_cast<int>(port);
  }
  request.auth = options.auth;
  std::vector<Key> keys;
  for (std::string_view name : options.keys) {
    const Key key = c.KeyNamed(name, c.db());
    const Entry* entry = c.ReadEntry(key);
    if (entry == nullptr) continue;
    keys.push_back(key);
    request.restores.push_back(RestoreRequest(c, *entry, options.replace));
  }
  if (keys.empty()) return c.reply.Status("NOKEY");
  const MigrationOutcome outcome = PersistenceOf(c).migration().Run(request);
  std::vector<std::string_view> removed = {"DEL"};
  for (size_t i = 0; i < keys.size() && !options.copy; ++i) {
    if (!outcome.taken[i] || !c.Delete(keys[i])) continue;
    c.Changed(keys[i], NotifyClass::kGeneric, "del");
    removed.push_back(keys[i].name);
  }
  if (removed.size() > 1) c.ReplicateAs(Args(removed));
  AnswerOutcome(c, outcome);
}

size_t Credentials(Args words, size_t i) {
  return EqualsIgnoreCase(words[i], "auth") ? 1 : EqualsIgnoreCase(words[i], "auth2") ? 2 : 0;
}

// The keys stand behind KEYS where the one before it is empty; a word of the options before may
// look like KEYS as well.
void SettleKeys(Args words, std::vector<KeyPosition>& keys) {
  constexpr size_t kKeyWord = 3, kFirstOption = 6;
  size_t first = kKeyWord, end = kKeyWord + 1;
  for (size_t i = kFirstOption; i < words.size(); ++i) {
    if (EqualsIgnoreCase(words[i], "keys")) {
      first = words[kKeyWord].empty() ? i + 1 : end;  // both are an error, without keys
      end = words[kKeyWord].empty() ? words.size() : end;
      break;
    }
    i += Credentials(words, i);
  }
  keys.clear();
  for (size_t i = first; i < end; ++i) {
    keys.push_back({static_cast<uint32_t>(i), kRW | kAccess | kDelete});
  }
}

constexpr Command kCommands[] = {
    {.name = "migrate",
     .arity = -6,
     .flags = kWrite | kExclusive,
     .categories = kCatKeyspace | kCatDangerous,
     .keys = {Keys(3, 3, 1, kRW | kAccess | kDelete),
              KeysAfter("KEYS", -2, kRW | kAccess | kDelete | kIncomplete)},
     .in_history = InHistory::kNever,  // it has happened, and is told as a deletion
     .run = Migrate,
     .group = "generic",
     .syntax = "host port(integer) <key-selector: key | empty-string:\"\"> destination-db "
               "timeout [COPY@3.0.0] [REPLACE@3.0.0] "
               "[authentication: AUTH@4.0.7 auth:password | AUTH2@6.0.0 username password] "
               "[KEYS@3.0.6 keys:key [key ...]]",
     .since = "2.6.0",
     .history = "3.0.0 Takes COPY and REPLACE.\n"
                "3.0.6 Takes KEYS.\n"
                "4.0.7 Takes AUTH.\n"
                "6.0.0 Takes AUTH2.",
     .complexity = "O(N) for N elements in the values",
     .summary = "Moves keys to another server.",
     .tips = "nondeterministic_output",
     .settle_keys = SettleKeys,
     .secrets_behind = Credentials},
};

}  // namespace

std::span<const Command> MigrateCommands() { return kCommands; }

}  // namespace larder
