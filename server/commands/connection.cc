// The connection itself: PING, ECHO, HELLO, QUIT, RESET, MONITOR.
#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/base/version.h"
#include "server/commands/auth.h"
#include "server/commands/client_info.h"
#include "server/commands/commands.h"
#include "server/engine/engine.h"
#include "server/engine/messages.h"
#include "server/engine/permissions.h"
#include "server/engine/transaction.h"

namespace larder {
namespace {

void Ping(Context& c) {
  if (c.args.size() > 2) return c.reply.Error(errors::WrongArity(c.command.name));
  if (c.client.subscriptions.any() && c.reply.resp() == 2) {
    // In the shape of a message, which is all that a subscriber expects.
    c.reply.Array(2);
    c.reply.Bulk("pong");
    return c.reply.Bulk(c.args.size() == 1 ? "" : c.args[1]);
  }
  c.args.size() == 1 ? c.reply.Status("PONG") : c.reply.Bulk(c.args[1]);
}

void Echo(Context& c) { c.reply.Bulk(c.args[1]); }

struct HelloOptions {
  int64_t protocol = 0;  // 0: as it is
  size_t auth_word = 0;  // of the user; the password follows
  size_t name_word = 0;
};

bool ParseHello(Context& c, HelloOptions* options) {
  if (c.args.size() == 1) return true;
  if (!c.Integer(1, &options->protocol, "ERR Protocol version is not an integer or out of range")) {
    return false;
  }
  if (options->protocol < 2 || options->protocol > 3) {
    c.reply.Error("NOPROTO unsupported protocol version");
    return false;
  }
  for (size_t i = 2; i < c.args.size(); ++i) {
    if (EqualsIgnoreCase(c.args[i], "auth") && i + 2 < c.args.size()) {
      options->auth_word = i + 1;
      i += 2;
    } else if (EqualsIgnoreCase(c.args[i], "setname") && i + 1 < c.args.size()) {
      options->name_word = ++i;
    } else {
      c.reply.Error(StrCat("ERR Syntax error in HELLO option '", c.args[i], "'"));
      return false;
    }
  }
  return true;
}

void ReplyHello(Context& c) {
  c.reply.Map(7);
  c.reply.Bulk("server");
  c.reply.Bulk("redis");
  c.reply.Bulk("version");
  c.reply.Bulk(kRedisVersion);
  c.reply.Bulk("proto");
  c.reply.Integer(c.reply.resp());
  c.reply.Bulk("id");
  c.reply.Integer(static_cast<int64_t>(c.client.id));
  c.reply.Bulk("mode");
  c.reply.Bulk("standalone");
  c.reply.Bulk("role");
  c.reply.Bulk(c.engine.replica.load(std::memory_order_relaxed) ? "replica" : "master");
  c.reply.Bulk("modules");
  c.reply.EmptyArray();
}

void Hello(Context& c) {
  HelloOptions options;
  if (!ParseHello(c, &options)) return;
  if (options.auth_word != 0 &&
      !Authenticate(c, c.args[options.auth_word], c.args[options.auth_word + 1])) {
    return;
  }
  if (!c.client.authenticated) {
    return c.reply.Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the "
        "RESP protocol version at the same time");
  }
  if (options.name_word != 0 && !SetClientName(c, c.args[options.name_word])) return;
  if (options.protocol != 0) c.reply.set_resp(static_cast<int>(options.protocol));
  ReplyHello(c);
}

size_t BehindAuth(Args words, size_t i) { return EqualsIgnoreCase(words[i], "auth") ? 2 : 0; }

void Quit(Context& c) {
  c.client.close_after_reply.store(true, std::memory_order_relaxed);
  c.reply.Ok();
}

void Reset(Context& c) {
  Client& client = c.client;
  Discard(c.worker, client, c.lock);
  UnsubscribeFromAll(c.engine, client);
  DisableTracking(c.engine, client);
  c.engine.monitors.Remove(client);
  client.db.store(0, std::memory_order_relaxed);
  client.no_evict.store(false, std::memory_order_relaxed);
  client.no_touch.store(false, std::memory_order_relaxed);
  // As in Redis: what CLIENT REPLY SKIP said of this very command holds.
  if (client.reply_mode != Client::ReplyMode::kSkip) client.reply_mode = Client::ReplyMode::kOn;
  BecomeDefaultUser(c.engine, client);
  SetClientName(c, "");
  c.reply.set_resp(2);
  c.reply.Status("RESET");
}

void Monitor(Context& c) {
  if (c.client.is_script || c.client.in_exec) {
    return c.reply.Error("ERR MONITOR isn't allowed for DENY BLOCKING client");
  }
  // Who watches already reads nothing but lines: as in Redis, there is no second answer.
  if (c.client.monitor.load(std::memory_order_relaxed)) return;
  c.engine.monitors.Add(c.client);
  c.reply.Ok();
}

constexpr Command kCommands[] = {
    {.name = "ping",
     .arity = -1,
     .flags = kFast | kSentinel | kWhileSubscribed | kHealthCheck,
     .categories = kCatConnection,
     .in_history = InHistory::kAlways,
     .run = Ping,
     .group = "connection",
     .syntax = "[message]",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Answers PONG, or the words it was given.",
     .tips = kAllShards},
    {.name = "echo",
     .arity = 2,
     .flags = kLoading | kStale | kFast,
     .categories = kCatConnection,
     .run = Echo,
     .group = "connection",
     .syntax = "message",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns its argument."},
    {.name = "hello",
     .arity = -1,
     .flags = kNoScript | kLoading | kStale | kFast | kNoAuth | kSentinel | kAllowBusy,
     .categories = kCatConnection,
     .run = Hello,
     .group = "connection",
     .syntax = "[arguments: protover [AUTH username password] [SETNAME clientname]]",
     .since = "6.0.0",
     .history = "6.2.0 Without a version it only describes the connection.",
     .complexity = "O(1)",
     .summary = "Chooses the version of the protocol, and tells about the server.",
     .secrets_behind = BehindAuth},
    {.name = "quit",
     .arity = -1,
     .flags = kAllowBusy | kNoScript | kLoading | kStale | kFast | kNoAuth | kRunsAtOnce |
              kWhileSubscribed,
     .categories = kCatConnection,
     .run = Quit,
     .group = "connection",
     .since = "1.0.0",
     .deprecated = "7.2.0 just closing the connection",
     .complexity = "O(1)",
     .summary = "Closes the connection after the reply."},
    {.name = "reset",
     .arity = 1,
     .flags = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy | kInsideGate |
              kRunsAtOnce | kWhileSubscribed,
     .categories = kCatConnection,
     .run = Reset,
     .group = "connection",
     .since = "6.2.0",
     .complexity = "O(N) for N watched keys",
     .summary = "Puts the connection back to its state at the beginning."},
    {.name = "monitor",
     .arity = 1,
     .flags = kAdmin | kNoScript | kLoading | kStale,
     .run = Monitor,
     .group = "server",
     .since = "1.0.0",
     .summary = "Sends every command the server runs to this connection."},
};

}  // namespace

std::span<const Command> ConnectionCommands() { return kCommands; }

}  // namespace larder
