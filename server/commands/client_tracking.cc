// CLIENT commands of client-side caching: how a client asks to be told of changed keys.
#include <optional>

#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/engine/engine.h"
#include "server/engine/tracking.h"

namespace larder {
namespace {

using Tracking = Client::Tracking;

struct TrackingOptions {
  uint32_t flags = 0;
  int64_t redirect = 0;  // 0: none
  std::vector<std::string_view> prefixes;
};

uint32_t FlagNamed(std::string_view word) {
  static constexpr std::pair<std::string_view, uint32_t> kFlags[] = {
      {"bcast", Tracking::kBroadcast},
      {"optin", Tracking::kOptIn},
      {"optout", Tracking::kOptOut},
      {"noloop", Tracking::kNoLoop}};
  for (const auto& [name, flag] : kFlags) {
    if (EqualsIgnoreCase(word, name)) return flag;
  }
  return 0;
}

bool ParseRedirect(Context& c, size_t i, int64_t* redirect) {
  if (*redirect != 0) {
    c.reply.Error("ERR A client can only redirect to a single other client");
    return false;
  }
  if (!c.Integer(i, redirect)) return false;
  if (c.engine.clients.With(static_cast<uint64_t>(*redirect), [](Client&) {})) return true;
  c.reply.Error("ERR The client ID you want redirect to does not exist");
  return false;
}

bool ParseTracking(Context& c, TrackingOptions* options) {
  for (size_t i = 3; i < c.args.size(); ++i) {
    const bool has_value = i + 1 < c.args.size();
    if (const uint32_t flag = FlagNamed(c.args[i])) {
      options->flags |= flag;
    } else if (EqualsIgnoreCase(c.args[i], "redirect") && has_value) {
      if (!ParseRedirect(c, ++i, &options->redirect)) return false;
    } else if (EqualsIgnoreCase(c.args[i], "prefix") && has_value) {
      options->prefixes.push_back(c.args[++i]);
    } else {
      c.SyntaxError();
      return false;
    }
  }
  return true;
}

std::string DescribeOverlap(const Prefixes::Overlap& overlap) {
  return StrCat("ERR Prefix '", overlap.added, "' overlaps with ",
                overlap.existing ? "an existing" : "another provided", " prefix '", overlap.other,
                "'. Prefixes for a single client must not overlap.");
}

// Why these options do not go together, or with what the client has switched on before; or empty.
std::string RefuseTracking(const Client& client, const TrackingOptions& options) {
  const uint32_t before = client.tracking.flags.load(std::memory_order_relaxed);
  const uint32_t now = options.flags;
  const bool broadcast = (now & Tracking::kBroadcast) != 0;
  if (!broadcast && !options.prefixes.empty()) {
    return "ERR PREFIX option requires BCAST mode to be enabled";
  }
  if ((before & Tracking::kOn) && ((before ^ now) & Tracking::kBroadcast)) {
    return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and "
           "then re-enabling it with a different mode.";
  }
  if (broadcast && (now & (Tracking::kOptIn | Tracking::kOptOut))) {
    return "ERR OPTIN and OPTOUT are not compatible with BCAST";
  }
  if ((now & Tracking::kOptIn) && (now & Tracking::kOptOut)) {
    return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  }
  if (((now & Tracking::kOptIn) && (before & Tracking::kOptOut)) ||
      ((now & Tracking::kOptOut) && (before & Tracking::kOptIn))) {
    return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and "
           "then re-enabling it with a different mode.";
  }
  const auto overlap = Prefixes::FindOverlap(client.tracking.prefixes, options.prefixes);
  return overlap ? DescribeOverlap(*overlap) : "";
}

void ClientTracking(Context& c) {
  TrackingOptions options;
  if (!ParseTracking(c, &options)) return;
  if (EqualsIgnoreCase(c.args[2], "off")) {
    DisableTracking(c.engine, c.client);
    return c.reply.Ok();
  }
  if (!EqualsIgnoreCase(c.args[2], "on")) return c.SyntaxError();
  if (std::string refusal = RefuseTracking(c.client, options); !refusal.empty()) {
    return c.reply.Error(refusal);
  }
  EnableTracking(c.engine, c.client, options.flags, static_cast<uint64_t>(options.redirect),
                 options.prefixes);
  c.reply.Ok();
}

void ClientCaching(Context& c) {
  Tracking& tracking = c.client.tracking;
  const uint32_t flags = tracking.flags.load(std::memory_order_relaxed);
  if (!(flags & Tracking::kOn)) {
    return c.reply.Error(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
        "OPTOUT mode enabled");
  }
  const bool yes = EqualsIgnoreCase(c.args[2], "yes");
  if (!yes && !EqualsIgnoreCase(c.args[2], "no")) return c.SyntaxError();
  if (!(flags & (yes ? Tracking::kOptIn : Tracking::kOptOut))) {
    return c.reply.Error(StrCat("ERR CLIENT CACHING ", yes ? "YES" : "NO",
                                " is only valid when tracking is enabled in ",
                                yes ? "OPTIN" : "OPTOUT", " mode."));
  }
  tracking.flags.fetch_or(Tracking::kCaching, std::memory_order_relaxed);
  c.reply.Ok();
}

int64_t RedirectOf(const Client& client) {
  if (!client.tracking.on()) return -1;
  return static_cast<int64_t>(client.tracking.redirect.load(std::memory_order_relaxed));
}

void ClientGetRedir(Context& c) { c.reply.Integer(RedirectOf(c.client)); }

std::vector<std::string_view> FlagNames(const Tracking& tracking) {
  const uint32_t flags = tracking.flags.load(std::memory_order_relaxed);
  std::vector<std::string_view> names = {flags & Tracking::kOn ? "on" : "off"};
  if (flags & Tracking::kBroadcast) names.push_back("bcast");
  if (flags & Tracking::kOptIn) names.push_back("optin");
  if ((flags & Tracking::kOptIn) && (flags & Tracking::kCaching)) names.push_back("caching-yes");
  if (flags & Tracking::kOptOut) names.push_back("optout");
  if ((flags & Tracking::kOptOut) && (flags & Tracking::kCaching)) names.push_back("caching-no");
  if (flags & Tracking::kNoLoop) names.push_back("noloop");
  if (flags & Tracking::kBrokenRedirect) names.push_back("broken_redirect");
  return names;
}

void ClientTrackingInfo(Context& c) {
  const Tracking& tracking = c.client.tracking;
  const std::vector<std::string_view> names = FlagNames(tracking);
  c.reply.Map(3);
  c.reply.Bulk("flags");
  c.reply.Set(names.size());
  for (std::string_view name : names) c.reply.Bulk(name);
  c.reply.Bulk("redirect");
  c.reply.Integer(RedirectOf(c.client));
  c.reply.Bulk("prefixes");
  c.reply.Array(tracking.prefixes.size());
  for (const std::string& prefix : tracking.prefixes) c.reply.Bulk(prefix);
}

constexpr Command kCommands[] = {
    {.name = "tracking",
     .parent = "client",
     .arity = -3,
     .flags = kNoScript | kLoading | kStale | kSentinel,
     .categories = kCatConnection,
     .run = ClientTracking,
     .group = "connection",
     .syntax = "<status: ON | OFF> [REDIRECT client-id] [PREFIX prefix ...] [BCAST] [OPTIN] "
               "[OPTOUT] [NOLOOP]",
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
     .syntax = "<mode: YES | NO>",
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
