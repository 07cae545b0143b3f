// SUBSCRIBE and its relatives. Each name is confirmed by a push of its own, which CLIENT REPLY does
// not silence.
#include <algorithm>

#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/engine/engine.h"
#include "server/engine/messages.h"

namespace larder {
namespace {

// Channels and patterns are counted together, shard channels by themselves.
size_t CountFor(const Client& client, TopicKind kind) {
  const Subscriptions& subscriptions = client.subscriptions;
  if (kind == TopicKind::kShardChannel) return subscriptions.size(kind);
  return subscriptions.size(TopicKind::kChannel) + subscriptions.size(TopicKind::kPattern);
}

// Null: there was nothing to unsubscribe from.
void Confirm(Context& c, TopicKind kind, const std::string_view* name) {
  c.reply.Push(3);
  c.reply.Bulk(c.command.name);
  name == nullptr ? c.reply.Null() : c.reply.Bulk(*name);
  c.reply.Integer(static_cast<int64_t>(CountFor(c.client, kind)));
}

// Who gets one reply for each command can't subscribe; EXEC may, as it always could.
bool MaySubscribe(const Context& c, TopicKind kind) {
  return !c.client.is_script && (!c.client.in_exec || kind != TopicKind::kShardChannel);
}

// Users may have changed since the command was allowed. Who changes one publishes him first, and
// then looks for his listeners in the topics (CloseListeners); we are in the topics first, and then
// look at the users. The topics' locks put the two in order: whoever is later sees the other.
void CloseIfDenied(Context& c, TopicKind kind) {
  const Client& client = c.client;
  if (client.user == nullptr || client.user_checked_at == c.engine.users.version()) return;
  const UserRef user = c.engine.users.Current(*client.user);
  if (user == nullptr) return;  // who removes him closes all that is his
  const Args names = c.args.subspan(1);
  const auto denied = [&](std::string_view name) {
    return !user->MayUseChannel(name, kind == TopicKind::kPattern);
  };
  if (std::none_of(names.begin(), names.end(), denied)) return;
  c.client.close_after_reply.store(true, std::memory_order_relaxed);
}

template <TopicKind kind>
void SubscribeTo(Context& c) {
  if (!MaySubscribe(c, kind)) {
    std::string name(c.command.name);
    for (char& letter : name) letter = ToUpper(letter);
    return c.reply.Error(StrCat("ERR ", name, " isn't allowed for a DENY BLOCKING client"));
  }
  for (const std::string_view& name : c.args.subspan(1)) {
    Subscribe(c.engine, c.client, kind, name);
    Confirm(c, kind, &name);
  }
  CloseIfDenied(c, kind);
}

template <TopicKind kind>
void UnsubscribeFrom(Context& c) {
  std::vector<std::string> all;
  std::vector<std::string_view> names(c.args.begin() + 1, c.args.end());
  if (names.empty()) {
    all = c.client.subscriptions.Names(kind);
    if (all.empty()) return Confirm(c, kind, nullptr);
    names.assign(all.begin(), all.end());
  }
  for (const std::string_view& name : names) {
    Unsubscribe(c.engine, c.client, kind, name);
    Confirm(c, kind, &name);
  }
}

constexpr uint64_t kFlags = kPubSub | kNoScript | kLoading | kStale | kWhileSubscribed;

constexpr Command kCommands[] = {
    {.name = "subscribe",
     .arity = -2,
     .flags = kFlags | kSentinel,
     .channels = Channels::kAll,
     .run = SubscribeTo<TopicKind::kChannel>,
     .group = "pubsub",
     .syntax = "channel [channel ...]",
     .since = "2.0.0",
     .complexity = "O(N) for N channels",
     .summary = "Lets the connection get the messages of channels."},
    {.name = "unsubscribe",
     .arity = -1,
     .flags = kFlags | kSentinel,
     .run = UnsubscribeFrom<TopicKind::kChannel>,
     .group = "pubsub",
     .syntax = "[channel [channel ...]]",
     .since = "2.0.0",
     .complexity = "O(N) for N channels",
     .summary = "Ends the messages of channels, or of all."},
    {.name = "psubscribe",
     .arity = -2,
     .flags = kFlags | kSentinel,
     .channels = Channels::kPatterns,
     .run = SubscribeTo<TopicKind::kPattern>,
     .group = "pubsub",
     .syntax = "pattern [pattern ...]",
     .since = "2.0.0",
     .complexity = "O(N) for N patterns",
     .summary = "Lets the connection get the messages of channels that match patterns."},
    {.name = "punsubscribe",
     .arity = -1,
     .flags = kFlags | kSentinel,
     .run = UnsubscribeFrom<TopicKind::kPattern>,
     .group = "pubsub",
     .syntax = "[pattern [pattern ...]]",
     .since = "2.0.0",
     .complexity = "O(N) for N patterns",
     .summary = "Ends the messages of patterns, or of all."},
    {.name = "ssubscribe",
     .arity = -2,
     .flags = kFlags,
     .keys = {Keys(1, -1, 1, kNotKey)},
     .channels = Channels::kAll,
     .run = SubscribeTo<TopicKind::kShardChannel>,
     .group = "pubsub",
     .syntax = "shardchannel [shardchannel ...]",
     .since = "7.0.0",
     .complexity = "O(N) for N channels",
     .summary = "Lets the connection get the messages of shard channels."},
    {.name = "sunsubscribe",
     .arity = -1,
     .flags = kFlags,
     .keys = {Keys(1, -1, 1, kNotKey)},
     .run = UnsubscribeFrom<TopicKind::kShardChannel>,
     .group = "pubsub",
     .syntax = "[shardchannel [shardchannel ...]]",
     .since = "7.0.0",
     .complexity = "O(N) for N channels",
     .summary = "Ends the messages of shard channels, or of all."},
};

}  // namespace

std::span<const Command> SubscribeCommands() { return kCommands; }

}  // namespace larder
