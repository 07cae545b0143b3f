// CLIENT commands that act on other connections: KILL, PAUSE, UNPAUSE, UNBLOCK.
#include <limits>
#include <optional>

#include "server/base/strings.h"
#include "server/commands/client_info.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

struct KillFilter {
  std::string_view address, local_address;  // empty: any
  std::optional<ClientKind> kind;
  UserRef user;    // null: any
  int64_t id = 0;  // 0: any
  bool skip_me = true;

  bool Matches(const Client& client, const Client& me) const {
    if (!address.empty() && client.address != address) return false;
    if (!local_address.empty() && client.local_address != local_address) return false;
    if (kind && KindOf(client) != *kind) return false;
    if (id != 0 && client.id != static_cast<uint64_t>(id)) return false;
    return !(skip_me && &client == &me) && (user == nullptr || BelongsTo(client, *user));
  }
};

// Parses one option and its value, words `i` and `i` + 1. False after an error was answered.
bool ParseKillOption(Context& c, size_t i, KillFilter* filter) {
  const std::string_view option = c.args[i];
  const std::string_view value = c.args[i + 1];
  if (EqualsIgnoreCase(option, "id")) {
    return c.Integer(i + 1, 1, std::numeric_limits<int64_t>::max(), &filter->id,
                     "ERR client-id should be greater than 0");
  }
  if (EqualsIgnoreCase(option, "type")) return ParseClientKind(c, i + 1, &filter->kind);
  if (EqualsIgnoreCase(option, "addr")) {
    filter->address = value;
  } else if (EqualsIgnoreCase(option, "laddr")) {
    filter->local_address = value;
  } else if (EqualsIgnoreCase(option, "user")) {
    filter->user = c.engine.users.Find(value);
    if (filter->user != nullptr) return true;
    c.reply.Error(StrCat("ERR No such user '", value, "'"));
    return false;
  } else if (EqualsIgnoreCase(option, "skipme") && EqualsIgnoreCase(value, "yes")) {
    filter->skip_me = true;
  } else if (EqualsIgnoreCase(option, "skipme") && EqualsIgnoreCase(value, "no")) {
    filter->skip_me = false;
  } else {
    c.SyntaxError();
    return false;
  }
  return true;
}

// Returns how many match.
int64_t Kill(Context& c, const KillFilter& filter) {
  int64_t killed = 0;
  c.engine.clients.ForEach([&](Client& client) {
    if (!filter.Matches(client, c.client)) return;
    ++killed;
    if (&client == &c.client) {
      client.close_after_reply.store(true, std::memory_order_relaxed);
      return;
    }
    CloseClient(client);
  });
  return killed;
}

void ClientKill(Context& c) {
  KillFilter filter;
  if (c.args.size() == 3) {  // the old form: an address
    filter.address = c.args[2];
    filter.skip_me = false;
    if (filter.address.empty() || Kill(c, filter) == 0) return c.reply.Error("ERR No such client");
    return c.reply.Ok();
  }
  for (size_t i = 2; i < c.args.size(); i += 2) {
    if (i + 1 == c.args.size()) return c.SyntaxError();
    if (!ParseKillOption(c, i, &filter)) return;
  }
  c.reply.Integer(Kill(c, filter));
}

void ClientPause(Context& c) {
  Pause::Scope scope = Pause::Scope::kAll;
  if (c.args.size() > 4) return c.reply.Error(UnknownForm(c));
  if (c.args.size() == 4) {
    if (EqualsIgnoreCase(c.args[3], "write")) {
      scope = Pause::Scope::kWrites;
    } else if (!EqualsIgnoreCase(c.args[3], "all")) {
      return c.reply.Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  int64_t timeout_ms;
  if (!c.TimeoutMs(2, &timeout_ms)) return;
  c.engine.pause.Begin(c.now_ms() + timeout_ms, scope, c.now_ms());
  c.reply.Ok();
}

void ClientUnpause(Context& c) {
  c.engine.pause.End();
  c.reply.Ok();
}

// Counts the call of the command that a client was blocked in.
void CountUnblocked(Context& c, const Command* command, bool with_error) {
  if (command == nullptr) return;
  CommandTally& tally = c.worker.stats.per_command[c.engine.commands.number(*command)];
  tally.calls.Add(1);
  if (!with_error) return;
  tally.failed.Add(1);
  c.worker.stats.error_replies.Add(1);
  c.engine.stats.CountError("UNBLOCKED");
}

void ClientUnblock(Context& c) {
  bool with_error = false;
  if (c.args.size() > 4) return c.reply.Error(UnknownForm(c));
  if (c.args.size() == 4) {
    with_error = EqualsIgnoreCase(c.args[3], "error");
    if (!with_error && !EqualsIgnoreCase(c.args[3], "timeout")) {
      return c.reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
  }
  int64_t id;
  if (!c.Integer(2, &id)) return;
  const Command* command = nullptr;
  c.engine.clients.With(static_cast<uint64_t>(id), [&command](Client& client) {
    command = client.last_command.load(std::memory_order_relaxed);
  });
  const bool unblocked = c.engine.Unblock(static_cast<uint64_t>(id), with_error);
  if (unblocked) CountUnblocked(c, command, with_error);
  c.reply.Integer(unblocked ? 1 : 0);
}

constexpr Command kCommands[] = {
    {.name = "kill",
     .parent = "client",
     .arity = -3,
     .flags = kAdmin | kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientKill,
     .group = "connection",
     .syntax = "<filter: old-format:ip:port@-2.8.12 | <new-format: [ID@2.8.12 client-id] | "
               "[TYPE@2.8.12 "
               "<client-type: NORMAL | MASTER@3.2.0 | SLAVE | REPLICA@5.0.0 | PUBSUB>] | "
               "[USER username] | [ADDR addr:ip:port] | [LADDR@6.2.0 laddr:ip:port] | "
               "[SKIPME <YES | NO>] ...>>",
     .since = "2.4.0",
     .history = "2.8.12 Takes filters, each a word and its value.\n"
                "2.8.12 Takes ID.\n"
                "3.2.0 TYPE takes master.\n"
                "5.0.0 TYPE takes replica, and slave as before.\n"
                "6.2.0 Takes LADDR.",
     .complexity = "O(N) for N connections",
     .summary = "Closes connections."},
    {.name = "pause",
     .parent = "client",
     .arity = -3,
     .flags = kAdmin | kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientPause,
     .group = "connection",
     .syntax = "timeout [mode@6.2.0: WRITE | ALL]",
     .since = "3.0.0",
     .history = "6.2.0 Takes WRITE and ALL, what is to wait.",
     .complexity = "O(1)",
     .summary = "Lets the commands of all clients wait for a while."},
    {.name = "unpause",
     .parent = "client",
     .arity = 2,
     .flags = kAdmin | kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientUnpause,
     .group = "connection",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Ends a pause of the clients."},
    {.name = "unblock",
     .parent = "client",
     .arity = -3,
     .flags = kAdmin | kNoScript | kLoading | kStale | kSentinel | kInsideGate,
     .categories = kCatConnection,
     .run = ClientUnblock,
     .group = "connection",
     .syntax = "client-id [unblock-type: TIMEOUT | ERROR]",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lets a client that waits for keys go on."},
};

}  // namespace

std::span<const Command> ClientControlCommands() { return kCommands; }

}  // namespace larder
