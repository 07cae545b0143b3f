// Publishing, and PUBSUB, which tells who listens. Subscribing is in pubsub_subscribe.cc.
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/engine/engine.h"
#include "server/engine/messages.h"

namespace larder {
namespace {

void PublishMessage(Context& c) {
  c.ReplicateAs(c.args);
  c.reply.Integer(static_cast<int64_t>(Publish(c.engine, c.args[1], c.args[2])));
}

void PublishShardMessage(Context& c) {
  c.ReplicateAs(c.args);
  c.reply.Integer(static_cast<int64_t>(PublishToShard(c.engine, c.args[1], c.args[2])));
}

void ListTopics(Context& c, TopicKind kind) {
  if (c.args.size() > 3) return c.reply.Error(UnknownForm(c));
  const std::string_view pattern = c.args.size() == 3 ? c.args[2] : "*";
  const std::vector<std::string> names = c.engine.pubsub[kind].Matching(pattern);
  c.reply.Array(names.size());
  for (const std::string& name : names) c.reply.Bulk(name);
}

void ListChannels(Context& c) { ListTopics(c, TopicKind::kChannel); }
void ListShardChannels(Context& c) { ListTopics(c, TopicKind::kShardChannel); }

void CountSubscribers(Context& c, TopicKind kind) {
  c.reply.Array((c.args.size() - 2) * 2);
  for (std::string_view channel : c.args.subspan(2)) {
    c.reply.Bulk(channel);
    c.reply.Integer(static_cast<int64_t>(c.engine.pubsub[kind].Count(channel)));
  }
}

void CountOfChannels(Context& c) { CountSubscribers(c, TopicKind::kChannel); }
void CountOfShardChannels(Context& c) { CountSubscribers(c, TopicKind::kShardChannel); }

void CountPatterns(Context& c) {
  c.reply.Integer(static_cast<int64_t>(c.engine.pubsub[TopicKind::kPattern].size()));
}

void PubSubHelp(Context& c) {
  ReplyHelp(c, {{"CHANNELS [<pattern>]", "The channels with subscribers."},
                {"NUMPAT", "The number of subscribed patterns."},
                {"NUMSUB [<channel> ...]", "The number of subscribers of each channel."},
                {"SHARDCHANNELS [<pattern>]", "The shard channels with subscribers."},
                {"SHARDNUMSUB [<shardchannel> ...]",
                 "The number of subscribers of each shard channel."}});
}

constexpr Command kCommands[] = {
    {.name = "publish",
     .arity = 3,
     .flags = kPubSub | kLoading | kStale | kFast | kMayReplicate | kSentinel,
     .channels = Channels::kFirst,
     .run = PublishMessage,
     .group = "pubsub",
     .syntax = "channel message",
     .since = "2.0.0",
     .complexity = "O(N) for N subscribers",
     .summary = "Sends a message to the subscribers of a channel."},
    {.name = "spublish",
     .arity = 3,
     .flags = kPubSub | kLoading | kStale | kFast | kMayReplicate,
     .keys = {Key1(kNotKey)},
     .channels = Channels::kFirst,
     .run = PublishShardMessage,
     .group = "pubsub",
     .syntax = "shardchannel message",
     .since = "7.0.0",
     .complexity = "O(N) for N subscribers",
     .summary = "Sends a message to the subscribers of a shard channel."},
    {.name = "pubsub",
     .arity = -2,
     .group = "pubsub",
     .since = "2.8.0",
     .complexity = "Depends on the subcommand",
     .summary = "Tells about channels and subscribers."},
    {.name = "channels",
     .parent = "pubsub",
     .arity = -2,
     .flags = kPubSub | kLoading | kStale,
     .run = ListChannels,
     .group = "pubsub",
     .syntax = "[pattern]",
     .since = "2.8.0",
     .complexity = "O(N) for N channels",
     .summary = "Lists the channels with subscribers."},
    {.name = "numpat",
     .parent = "pubsub",
     .arity = 2,
     .flags = kPubSub | kLoading | kStale,
     .run = CountPatterns,
     .group = "pubsub",
     .since = "2.8.0",
     .complexity = "O(1)",
     .summary = "Returns the number of subscribed patterns."},
    {.name = "numsub",
     .parent = "pubsub",
     .arity = -2,
     .flags = kPubSub | kLoading | kStale,
     .run = CountOfChannels,
     .group = "pubsub",
     .syntax = "[channel [channel ...]]",
     .since = "2.8.0",
     .complexity = "O(N) for N channels",
     .summary = "Returns the number of subscribers of channels."},
    {.name = "shardchannels",
     .parent = "pubsub",
     .arity = -2,
     .flags = kPubSub | kLoading | kStale,
     .run = ListShardChannels,
     .group = "pubsub",
     .syntax = "[pattern]",
     .since = "7.0.0",
     .complexity = "O(N) for N channels",
     .summary = "Lists the shard channels with subscribers."},
    {.name = "shardnumsub",
     .parent = "pubsub",
     .arity = -2,
     .flags = kPubSub | kLoading | kStale,
     .run = CountOfShardChannels,
     .group = "pubsub",
     .syntax = "[shardchannel [shardchannel ...]]",
     .since = "7.0.0",
     .complexity = "O(N) for N channels",
     .summary = "Returns the number of subscribers of shard channels."},
    {.name = "help",
     .parent = "pubsub",
     .arity = 2,
     .flags = kLoading | kStale,
     .run = PubSubHelp,
     .group = "pubsub",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of PUBSUB."},
};

}  // namespace

std::span<const Command> PubSubCommands() { return kCommands; }

}  // namespace larder
