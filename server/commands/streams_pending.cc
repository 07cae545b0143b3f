// Streams, what a group has pending: XACK, XPENDING.
#include <algorithm>

#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/streams.h"

namespace larder {
namespace {

void XAck(Context& c) {
  const Key key = c.key(1);
  Stream* stream;
  if (!WriteGroups(c, key, &stream)) return;
  StreamGroup* group = stream == nullptr ? nullptr : stream->FindGroup(c.args[2]);
  if (group == nullptr) return c.reply.Integer(0);
  std::vector<StreamId> ids;
  if (!ParseIds(c, 3, &ids)) return;
  int64_t acknowledged = 0;
  for (StreamId id : ids) acknowledged += group->Acknowledge(id);
  if (acknowledged > 0) {
    c.Noted(key, NotifyClass::kStream, {}, static_cast<size_t>(acknowledged));
  }
  c.reply.Integer(acknowledged);
}

void ReplySummary(Context& c, const StreamGroup& group) {
  c.reply.Array(4);
  c.reply.Integer(static_cast<int64_t>(group.pending().size()));
  if (group.pending().empty()) {
    c.reply.Null();
    c.reply.Null();
    return c.reply.NullArray();
  }
  ReplyId(c.reply, group.pending().front().id);
  ReplyId(c.reply, group.pending().back().id);
  const auto begin = c.reply.Begin();
  size_t consumers = 0;
  group.ForEachConsumer([&](const StreamConsumer& consumer) {
    if (consumer.pending.empty()) return;
    c.reply.Array(2);
    c.reply.Bulk(consumer.name);
    c.reply.BulkInteger(static_cast<int64_t>(consumer.pending.size()));
    ++consumers;
  });
  c.reply.EndArray(begin, consumers);
}

struct PendingRequest {
  int64_t min_idle_ms = 0;
  StreamId first, last;
  int64_t count = 0;
  size_t consumer_word = 0;  // 0: of all consumers
};

bool ParsePending(Context& c, PendingRequest* request) {
  size_t i = 3;
  if (EqualsIgnoreCase(c.args[i], "idle")) {
    if (!c.Integer(i + 1, &request->min_idle_ms)) return false;
    i += 2;
    if (c.args.size() < i + 3) {
      c.SyntaxError();
      return false;
    }
  }
  if (!c.Integer(i + 2, &request->count)) return false;
  if (!ParseRangeStart(c, i, &request->first)) return false;
  if (!ParseRangeEnd(c, i + 1, &request->last)) return false;
  if (i + 3 < c.args.size()) request->consumer_word = i + 3;
  return true;
}

void ReplyPending(Context& c, const StreamGroup& group, const PendingEntry& entry) {
  c.reply.Array(4);
  ReplyId(c.reply, entry.id);
  c.reply.Bulk(group.consumer(entry.consumer).name);
  c.reply.Integer(std::max<int64_t>(c.now_ms() - entry.delivered_ms, 0));
  c.reply.Integer(entry.deliveries);
}

void ReplyRange(Context& c, const StreamGroup& group, const PendingRequest& request) {
  const auto begin = c.reply.Begin();
  int64_t replied = 0;
  // Goes on while there is more to look at.
  const auto visit = [&](const PendingEntry& entry) {
    if (entry.id > request.last || replied >= request.count) return false;
    if (request.min_idle_ms == 0 || c.now_ms() - entry.delivered_ms >= request.min_idle_ms) {
      ReplyPending(c, group, entry);
      ++replied;
    }
    return true;
  };
  if (request.consumer_word == 0) {
    group.pending().ForEachFrom(request.first, visit);
  } else if (const auto* consumer = group.FindConsumer(c.args[request.consumer_word])) {
    consumer->pending.ForEachFrom(request.first, [&](const PendingId& pending) {
      return visit(*group.pending().Find(pending.id));
    });
  }
  c.reply.EndArray(begin, static_cast<size_t>(replied));
}

void XPending(Context& c) {
  const bool summary = c.args.size() == 3;
  if (!summary && (c.args.size() < 6 || c.args.size() > 9)) return c.SyntaxError();
  PendingRequest request;
  if (!summary && !ParsePending(c, &request)) return;
  const Key key = c.key(1);
  const Stream* stream;
  if (!c.Read(key, &stream)) return;
  const StreamGroup* group = FindGroup(c, key, stream);
  if (group == nullptr) return;
  summary ? ReplySummary(c, *group) : ReplyRange(c, *group, request);
}

constexpr Command kCommands[] = {
    {.name = "xack",
     .arity = -4,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .keys = {Key1(kRW | kUpdate)},
     .run = XAck,
     .group = "stream",
     .syntax = "key group id [id ...]",
     .since = "5.0.0",
     .complexity = "O(log(N)) for each id and N pending entries",
     .summary = "Acknowledges entries, which are no longer pending then; returns how many were."},
    {.name = "xpending",
     .arity = -3,
     .flags = kReadOnly,
     .categories = kCatStream,
     .keys = {Key1(kRO | kAccess)},
     .run = XPending,
     .group = "stream",
     .syntax = "key group [filters: [IDLE@6.2.0 min-idle-time(integer)] start(string) "
               "end(string) count [consumer]]",
     .since = "5.0.0",
     .history = "6.2.0 Takes IDLE and ranges without their ends.",
     .complexity = "O(log(N)+M) for M of N pending entries, O(N) for consumers without a range",
     .summary = "Returns what is pending in a consumer group.",
     .tips = "nondeterministic_output"},
};

}  // namespace

std::span<const Command> StreamPendingCommands() { return kCommands; }

}  // namespace larder
