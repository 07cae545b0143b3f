// Streams, looking into them: XINFO and its subcommands.
#include <algorithm>

#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/commands/streams.h"

namespace larder {
namespace {

// The stream at word 2. Null after an error was answered.
const Stream* FindStream(Context& c) {
  const Stream* stream;
  if (!c.Read(c.key(2), &stream)) return nullptr;
  if (stream == nullptr) c.reply.Error(errors::kNoSuchKey);
  return stream;
}

void ReplyField(Reply& reply, std::string_view name, uint64_t value) {
  reply.Bulk(name);
  reply.Integer(static_cast<int64_t>(value));
}

void ReplyIdField(Reply& reply, std::string_view name, StreamId id) {
  reply.Bulk(name);
  ReplyId(reply, id);
}

void ReplyTextField(Reply& reply, std::string_view name, std::string_view text) {
  reply.Bulk(name);
  reply.Bulk(text);
}

void ReplyOrNull(Reply& reply, std::string_view name, std::optional<int64_t> value) {
  reply.Bulk(name);
  value.has_value() ? reply.Integer(*value) : reply.Null();
}

void ReplyProgress(Reply& reply, const Stream& stream, const StreamGroup& group) {
  const bool known = group.entries_read != StreamGroup::kUnknown;
  ReplyOrNull(reply, "entries-read",
              known ? std::optional<int64_t>(group.entries_read) : std::nullopt);
  ReplyOrNull(reply, "lag", stream.Lag(group));
}

constexpr size_t kStreamFields = 7;

void ReplyStreamFields(Reply& reply, const Stream& stream) {
  ReplyField(reply, "length", stream.size());
  ReplyField(reply, "radix-tree-keys", stream.node_count());
  // There is no tree; its root and a leaf for each node is the least it would have.
  ReplyField(reply, "radix-tree-nodes", stream.node_count() + 1);
  ReplyIdField(reply, "last-generated-id", stream.last_id());
  ReplyIdField(reply, "max-deleted-entry-id", stream.counters().max_deleted_id);
  ReplyField(reply, "entries-added", stream.counters().entries_added);
  ReplyIdField(reply, "recorded-first-entry-id", stream.first_id());
}

void ReplyEdge(Reply& reply, std::string_view name, const Stream& stream, StreamId id) {
  reply.Bulk(name);
  stream.empty() ? reply.Null() : ReplyEntry(reply, *stream.Find(id));
}

// ---- FULL ---------------------------------------------------------------------------------------

// Calls `each` for up to `count` records of a list (0: all), and replies them as an array.
template <typename List, typename Each>
void ReplyPending(Reply& reply, const List& pending, int64_t count, Each each) {
  const auto size = static_cast<int64_t>(pending.size());
  int64_t left = count == 0 ? size : std::min(count, size);
  reply.Bulk("pending");
  reply.Array(static_cast<size_t>(left));
  pending.ForEachFrom(StreamId::Min(), [&](const auto& record) {
    if (left-- == 0) return false;
    each(record.id);
    return true;
  });
}

void ReplyDelivery(Reply& reply, const PendingEntry& entry) {
  reply.Integer(entry.delivered_ms);
  reply.Integer(entry.deliveries);
}

void ReplyConsumer(Reply& reply, const StreamGroup& group, const StreamConsumer& consumer,
                   int64_t count) {
  reply.Map(5);
  ReplyTextField(reply, "name", consumer.name);
  reply.Bulk("seen-time");
  reply.Integer(consumer.seen_ms);
  reply.Bulk("active-time");
  reply.Integer(consumer.active_ms);
  ReplyField(reply, "pel-count", consumer.pending.size());
  ReplyPending(reply, consumer.pending, count, [&](StreamId id) {
    reply.Array(3);
    ReplyId(reply, id);
    ReplyDelivery(reply, *group.pending().Find(id));
  });
}

void ReplyFullGroup(Reply& reply, const Stream& stream, std::string_view name,
                    const StreamGroup& group, int64_t count) {
  reply.Map(7);
  ReplyTextField(reply, "name", name);
  ReplyIdField(reply, "last-delivered-id", group.last_id);
  ReplyProgress(reply, stream, group);
  ReplyField(reply, "pel-count", group.pending().size());
  ReplyPending(reply, group.pending(), count, [&](StreamId id) {
    const PendingEntry& entry = *group.pending().Find(id);
    reply.Array(4);
    ReplyId(reply, id);
    reply.Bulk(group.consumer(entry.consumer).name);
    ReplyDelivery(reply, entry);
  });
  reply.Bulk("consumers");
  reply.Array(group.consumer_count());
  group.ForEachConsumer(
      [&](const StreamConsumer& consumer) { ReplyConsumer(reply, group, consumer, count); });
}

void ReplyFull(Reply& reply, const Stream& stream, int64_t count) {
  reply.Map(kStreamFields + 2);
  ReplyStreamFields(reply, stream);
  reply.Bulk("entries");
  const auto begin = reply.Begin();
  int64_t entries = 0;
  stream.ForEach(StreamId::Min(), StreamId::Max(), [&](const StreamEntry& entry) {
    ReplyEntry(reply, entry);
    return ++entries != count;
  });
  reply.EndArray(begin, static_cast<size_t>(entries));
  reply.Bulk("groups");
  reply.Array(stream.group_count());
  stream.ForEachGroup([&](std::string_view name, const StreamGroup& group) {
    ReplyFullGroup(reply, stream, name, group, count);
  });
}

// ---- Commands -----------------------------------------------------------------------------------

void InfoStream(Context& c) {
  const Stream* stream = FindStream(c);
  if (stream == nullptr) return;
  if (c.args.size() > 3) {
    constexpr int64_t kDefaultCount = 10;
    int64_t count = kDefaultCount;
    const bool with_count = c.args.size() == 6 && EqualsIgnoreCase(c.args[4], "count");
    if (!EqualsIgnoreCase(c.args[3], "full") || (c.args.size() != 4 && !with_count)) {
      return c.reply.Error(UnknownForm(c));
    }
    if (with_count && !c.Integer(5, &count)) return;
    return ReplyFull(c.reply, *stream, count < 0 ? kDefaultCount : count);
  }
  c.reply.Map(kStreamFields + 3);
  ReplyStreamFields(c.reply, *stream);
  ReplyField(c.reply, "groups", stream->group_count());
  ReplyEdge(c.reply, "first-entry", *stream, stream->first_id());
  ReplyEdge(c.reply, "last-entry", *stream, stream->last_entry_id());
}

void InfoGroups(Context& c) {
  const Stream* stream = FindStream(c);
  if (stream == nullptr) return;
  c.reply.Array(stream->group_count());
  stream->ForEachGroup([&](std::string_view name, const StreamGroup& group) {
    c.reply.Map(6);
    ReplyTextField(c.reply, "name", name);
    ReplyField(c.reply, "consumers", group.consumer_count());
    ReplyField(c.reply, "pending", group.pending().size());
    ReplyIdField(c.reply, "last-delivered-id", group.last_id);
    ReplyProgress(c.reply, *stream, group);
  });
}

void InfoConsumers(Context& c) {
  const Stream* stream = FindStream(c);
  if (stream == nullptr) return;
  const StreamGroup* group = stream->FindGroup(c.args[3]);
  if (group == nullptr) {
    return c.reply.Error(
        StrCat("NOGROUP No such consumer group '", c.args[3], "' for key name '", c.args[2], "'"));
  }
  c.reply.Array(group->consumer_count());
  group->ForEachConsumer([&](const StreamConsumer& consumer) {
    const bool was_active = consumer.active_ms != StreamConsumer::kNever;
    c.reply.Map(4);
    ReplyTextField(c.reply, "name", consumer.name);
    ReplyField(c.reply, "pending", consumer.pending.size());
    c.reply.Bulk("idle");
    c.reply.Integer(std::max<int64_t>(c.now_ms() - consumer.seen_ms, 0));
    c.reply.Bulk("inactive");
    c.reply.Integer(was_active ? c.now_ms() - consumer.active_ms : StreamConsumer::kNever);
  });
}

void InfoHelp(Context& c) {
  ReplyHelp(c,
            {{"CONSUMERS <key> <group>", "Show the consumers of a group."},
             {"GROUPS <key>", "Show the groups of a stream."},
             {"STREAM <key> [FULL [COUNT <count>]]",
              "Show a stream; with FULL its entries, groups, consumers and what is pending, up to "
              "the count of each, 0 for all."}});
}

constexpr Command kCommands[] = {
    {.name = "xinfo",
     .arity = -2,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "Depends on the subcommand.",
     .summary = "Commands that look into streams."},
    {.name = "stream",
     .parent = "xinfo",
     .arity = -3,
     .flags = kReadOnly,
     .categories = kCatStream,
     .keys = {Keys(2, 2, 1, kRO | kAccess)},
     .run = InfoStream,
     .group = "stream",
     .syntax = "key [full-block: FULL [COUNT count]]",
     .since = "5.0.0",
     .history = "6.0.0 Takes FULL.\n"
                "7.0.0 Shows max-deleted-entry-id, entries-added, recorded-first-entry-id, "
                "entries-read and lag.\n"
                "7.2.0 Shows active-time; seen-time counts attempts without an entry too.",
     .complexity = "O(1); with FULL O(N) for N entries shown",
     .summary = "Returns what is known of a stream."},
    {.name = "groups",
     .parent = "xinfo",
     .arity = 3,
     .flags = kReadOnly,
     .categories = kCatStream,
     .keys = {Keys(2, 2, 1, kRO | kAccess)},
     .run = InfoGroups,
     .group = "stream",
     .syntax = "key",
     .since = "5.0.0",
     .history = "7.0.0 Shows entries-read and lag.",
     .complexity = "O(N) for N groups",
     .summary = "Returns the groups of a stream."},
    {.name = "consumers",
     .parent = "xinfo",
     .arity = 4,
     .flags = kReadOnly,
     .categories = kCatStream,
     .keys = {Keys(2, 2, 1, kRO | kAccess)},
     .run = InfoConsumers,
     .group = "stream",
     .syntax = "key group",
     .since = "5.0.0",
     .history = "7.2.0 Shows inactive.",
     .complexity = "O(N) for N consumers",
     .summary = "Returns the consumers of a group.",
     .tips = "nondeterministic_output"},
    {.name = "help",
     .parent = "xinfo",
     .arity = 2,
     .flags = kLoading | kStale,
     .categories = kCatStream,
     .run = InfoHelp,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands."},
};

}  // namespace

std::span<const Command> StreamInfoCommands() { return kCommands; }

}  // namespace larder
