// CLIENT commands of client-side caching, which the server does not offer: it can be asked for and
// switched off, not on.
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/engine/context.h"

namespace larder {
namespace {

void ClientTracking(Context& c) {
  if (EqualsIgnoreCase(c.args[2], "on")) {
    return c.reply.Error("ERR client side caching is not supported");
  }
  if (!EqualsIgnoreCase(c.args[2], "off")) return c.SyntaxError();
  c.reply.Ok();
}

void ClientCaching(Context& c) {
  c.reply.Error(
      "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
      "OPTOUT mode enabled");
}

void ClientGetRedir(Context& c) { c.reply.Integer(-1); }

void ClientTrackingInfo(Context& c) {
  c.reply.Map(3);
  c.reply.Bulk("flags");
  c.reply.Set(1);
  c.reply.Bulk("off");
  c.reply.Bulk("redirect");
  c.reply.Integer(-1);
  c.reply.Bulk("prefixes");
  c.reply.EmptyArray();
}

constexpr Command kCommands[] = {
    {.name = "tracking",
     .parent = "client",
     .arity = -3,
     .flags = kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientTracking,
     .group = "connection",
     .syntax = "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] "
               "[OPTIN] [OPTOUT] [NOLOOP]",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Switches the invalidation of keys the client has read on or off."},
    {.name = "caching",
     .parent = "client",
     .arity = 3,
     .flags = kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientCaching,
     .group = "connection",
     .syntax = "<YES | NO>",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Says whether the keys of the next command are tracked."},
    {.name = "getredir",
     .parent = "client",
     .arity = 2,
     .flags = kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientGetRedir,
     .group = "connection",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Returns the client that invalidations are sent to."},
    {.name = "trackinginfo",
     .parent = "client",
     .arity = 2,
     .flags = kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientTrackingInfo,
     .group = "connection",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Tells whether and how keys are tracked."},
};

}  // namespace

std::span<const Command> ClientTrackingCommands() { return kCommands; }

}  // namespace larder
