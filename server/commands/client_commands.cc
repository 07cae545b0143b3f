// CLIENT: what a connection says and asks about itself and others. Control over others is in
// client_control.cc, client-side caching in client_tracking.cc.
#include <optional>

#include "server/base/strings.h"
#include "server/commands/client_info.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

void ClientId(Context& c) { c.reply.Integer(static_cast<int64_t>(c.client.id)); }

void ClientInfo(Context& c) {
  std::string info;
  AppendClientInfo(info, c.client, c);
  info += '\n';
  c.reply.Verbatim("txt", info);
}

void ListIds(Context& c) {
  std::string list;
  for (size_t i = 3; i < c.args.size(); ++i) {
    int64_t id;
    if (!c.Integer(i, &id, "ERR Invalid client ID")) return;
    c.engine.clients.With(static_cast<uint64_t>(id), [&](Client& client) {
      AppendClientInfo(list, client, c);
      list += '\n';
    });
  }
  c.reply.Verbatim("txt", list);
}

void ClientList(Context& c) {
  std::optional<ClientKind> kind;
  if (c.args.size() == 4 && EqualsIgnoreCase(c.args[2], "type")) {
    if (!ParseClientKind(c, 3, &kind)) return;
  } else if (c.args.size() > 3 && EqualsIgnoreCase(c.args[2], "id")) {
    return ListIds(c);
  } else if (c.args.size() != 2) {
    return c.SyntaxError();
  }
  std::string list;
  c.engine.clients.ForEach([&](Client& client) {
    if (kind && KindOf(client) != *kind) return;
    // Evicted for its use of memory, and about to be closed.
    if (client.leaving_bytes.load(std::memory_order_relaxed) != 0) return;
    AppendClientInfo(list, client, c);
    list += '\n';
  });
  c.reply.Verbatim("txt", list);
}

void ClientGetName(Context& c) {
  MutexLock lock(c.client.label_mutex);
  c.client.name.empty() ? c.reply.Null() : c.reply.Bulk(c.client.name);
}

void ClientSetName(Context& c) {
  if (SetClientName(c, c.args[2])) c.reply.Ok();
}

void ClientSetInfo(Context& c) {
  const bool name = EqualsIgnoreCase(c.args[2], "lib-name");
  if (!name && !EqualsIgnoreCase(c.args[2], "lib-ver")) {
    return c.reply.Error(StrCat("ERR Unrecognized option '", c.args[2], "'"));
  }
  if (!IsValidLabel(c.args[3])) {
    return c.reply.Error(
        StrCat("ERR ", c.args[2], " cannot contain spaces, newlines or special characters."));
  }
  MutexLock lock(c.client.label_mutex);
  (name ? c.client.library_name : c.client.library_version) = c.args[3];
  c.reply.Ok();
}

// The dispatcher cuts the replies off.
void ClientReply(Context& c) {
  using Mode = Client::ReplyMode;
  if (EqualsIgnoreCase(c.args[2], "on")) {
    c.client.reply_mode = Mode::kOn;
    c.reply.Ok();
  } else if (EqualsIgnoreCase(c.args[2], "off")) {
    c.client.reply_mode = Mode::kOff;
  } else if (EqualsIgnoreCase(c.args[2], "skip")) {
    if (c.client.reply_mode != Mode::kOff) c.client.reply_mode = Mode::kSkipNext;
  } else {
    c.SyntaxError();
  }
}

void Switch(Context& c, std::atomic<bool>& value) {
  const bool on = EqualsIgnoreCase(c.args[2], "on");
  if (!on && !EqualsIgnoreCase(c.args[2], "off")) return c.SyntaxError();
  value.store(on, std::memory_order_relaxed);
  c.reply.Ok();
}

void ClientNoEvict(Context& c) { Switch(c, c.client.no_evict); }
void ClientNoTouch(Context& c) { Switch(c, c.client.no_touch); }

void ClientHelp(Context& c) {
  ReplyHelp(c,
            {{"CACHING (YES|NO)", "Track the keys of the next command, or not."},
             {"GETNAME", "The name of the connection."},
             {"GETREDIR", "The client that invalidations of tracked keys go to."},
             {"ID", "The number of the connection."},
             {"INFO", "What CLIENT LIST says of this connection."},
             {"KILL <ip:port>", "Close the connection from that address."},
             {"KILL <option> <value> [<option> <value> ...]",
              "Close the connections that match all of ADDR, LADDR, TYPE, USER, ID\n"
              "and, with SKIPME NO, this one."},
             {"LIST [TYPE <type> | ID <id> ...]", "Tell about the connections."},
             {"NO-EVICT (ON|OFF)", "Keep the connection when clients use too much memory."},
             {"NO-TOUCH (ON|OFF)", "Do not count the connection's reads as uses of keys."},
             {"PAUSE <milliseconds> [WRITE|ALL]", "Let all commands, or those that write, wait."},
             {"REPLY (ON|OFF|SKIP)", "Send replies, none, or none to the next command."},
             {"SETINFO <option> <value>", "Name the library (LIB-NAME) or its version (LIB-VER)."},
             {"SETNAME <name>", "Name the connection."},
             {"TRACKING (ON|OFF) [<option> ...]", "Be told when keys change that were read."},
             {"TRACKINGINFO", "Whether and how keys are tracked."},
             {"UNBLOCK <id> [TIMEOUT|ERROR]", "Let a client that waits for keys go on."},
             {"UNPAUSE", "End CLIENT PAUSE."}});
}

constexpr Command kCommands[] = {
    {.name = "client",
     .arity = -2,
     .flags = kSentinel,
     .group = "connection",
     .since = "2.4.0",
     .complexity = "Depends on the subcommand",
     .summary = "Looks after connections."},
    {.name = "id",
     .parent = "client",
     .arity = 2,
     .flags = kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientId,
     .group = "connection",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Returns the number of the connection."},
    {.name = "info",
     .parent = "client",
     .arity = 2,
     .flags = kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientInfo,
     .group = "connection",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Tells about the connection.",
     .tips = "nondeterministic_output"},
    {.name = "list",
     .parent = "client",
     .arity = -2,
     .flags = kAdmin | kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientList,
     .group = "connection",
     .syntax = "[TYPE@5.0.0 <client-type: NORMAL | MASTER | REPLICA | PUBSUB>] "
               "[ID@6.2.0 client-id [client-id ...]]",
     .since = "2.4.0",
     .history = "2.8.12 Shows id.\n"
                "5.0.0 Takes TYPE.\n"
                "6.0.0 Shows user.\n"
                "6.2.0 Takes ID; shows argv-mem, tot-mem, laddr and redir.\n"
                "7.0.0 Shows resp, multi-mem, rbs and rbp.\n"
                "7.0.3 Shows ssub.",
     .complexity = "O(N) for N connections",
     .summary = "Tells about connections.",
     .tips = "nondeterministic_output"},
    {.name = "getname",
     .parent = "client",
     .arity = 2,
     .flags = kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientGetName,
     .group = "connection",
     .since = "2.6.9",
     .complexity = "O(1)",
     .summary = "Returns the name of the connection."},
    {.name = "setname",
     .parent = "client",
     .arity = 3,
     .flags = kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientSetName,
     .group = "connection",
     .syntax = "connection-name",
     .since = "2.6.9",
     .complexity = "O(1)",
     .summary = "Names the connection.",
     .tips = kAllNodes},
    {.name = "setinfo",
     .parent = "client",
     .arity = 4,
     .flags = kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientSetInfo,
     .group = "connection",
     .syntax = "<attr: LIB-NAME libname | LIB-VER libver>",
     .since = "7.2.0",
     .complexity = "O(1)",
     .summary = "Names the library that the client uses.",
     .tips = kAllNodes},
    {.name = "reply",
     .parent = "client",
     .arity = 3,
     .flags = kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientReply,
     .group = "connection",
     .syntax = "<action: ON | OFF | SKIP>",
     .since = "3.2.0",
     .complexity = "O(1)",
     .summary = "Switches the replies on or off."},
    {.name = "no-evict",
     .parent = "client",
     .arity = 3,
     .flags = kAdmin | kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientNoEvict,
     .group = "connection",
     .syntax = "<enabled: ON | OFF>",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Keeps the connection when clients use too much memory."},
    {.name = "no-touch",
     .parent = "client",
     .arity = 3,
     .flags = kNoScript | kLoading | kStale,
     .categories = kCatConnection,
     .run = ClientNoTouch,
     .group = "connection",
     .syntax = "<enabled: ON | OFF>",
     .since = "7.2.0",
     .complexity = "O(1)",
     .summary = "Keeps the connection's reads from counting as uses of keys."},
    {.name = "help",
     .parent = "client",
     .arity = 2,
     .flags = kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientHelp,
     .group = "connection",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of CLIENT."},
};

}  // namespace

std::span<const Command> ClientCommands() { return kCommands; }

}  // namespace larder
