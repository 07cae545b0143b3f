#include "server/base/strings.h"
#include "server/commands/streams.h"

namespace larder {
namespace {

// An id for an end of a range; "-" and "+" are the lowest and the highest.
bool ParseEnd(std::string_view word, uint64_t missing_seq, StreamId* id) {
  if (word == "-" || word == "+") {
    *id = word == "-" ? StreamId::Min() : StreamId::Max();
    return true;
  }
  return ParseStreamId(word, missing_seq, id);
}

// `step` makes the id of an open end the one beside it.
bool ParseRangeEnd(Context& c, size_t i, uint64_t missing_seq, bool (*step)(StreamId*),
                   std::string_view no_such_id, StreamId* id) {
  const std::string_view word = c.args[i];
  const bool open = word.size() > 1 && word[0] == '(';
  if (open ? !ParseStreamId(word.substr(1), missing_seq, id) : !ParseEnd(word, missing_seq, id)) {
    c.reply.Error(kInvalidStreamId);
    return false;
  }
  if (!open || step(id)) return true;
  c.reply.Error(no_such_id);
  return false;
}

}  // namespace

bool ParseId(Context& c, size_t i, StreamId* id) {
  if (ParseStreamId(c.args[i], 0, id)) return true;
  c.reply.Error(kInvalidStreamId);
  return false;
}

bool ParseIds(Context& c, size_t first, std::vector<StreamId>* ids) {
  ids->resize(c.args.size() - first);
  for (size_t i = 0; i < ids->size(); ++i) {
    if (!ParseId(c, first + i, &(*ids)[i])) return false;
  }
  return true;
}

bool ParseRangeStart(Context& c, size_t i, StreamId* id) {
  return ParseRangeEnd(c, i, 0, Increment, "ERR invalid start ID for the interval", id);
}

bool ParseRangeEnd(Context& c, size_t i, StreamId* id) {
  return ParseRangeEnd(c, i, UINT64_MAX, Decrement, "ERR invalid end ID for the interval", id);
}

bool WriteGroups(Context& c, const Key& key, Stream** stream) {
  c.PeekAndCount(key);
  return c.Write(key, stream);
}

const StreamGroup* FindGroup(Context& c, const Key& key, const Stream* stream) {
  const StreamGroup* group = stream == nullptr ? nullptr : stream->FindGroup(c.args[2]);
  if (group == nullptr) {
    c.reply.Error(
        StrCat("NOGROUP No such key '", key.name, "' or consumer group '", c.args[2], "'"));
  }
  return group;
}

StreamGroup* FindGroup(Context& c, const Key& key, Stream* stream) {
  return const_cast<StreamGroup*>(FindGroup(c, key, static_cast<const Stream*>(stream)));
}

StreamConsumer& SeeConsumer(Context& c, const Key& key, StreamGroup& group, std::string_view name) {
  StreamConsumer* consumer = group.FindConsumer(name);
  if (consumer == nullptr) {
    consumer = &group.AddConsumer(name, c.now_ms());
    c.Noted(key, NotifyClass::kStream, "xgroup-createconsumer");
  }
  consumer->seen_ms = c.now_ms();
  return *consumer;
}

void ReplicatePending(Context& c, const Key& key, std::string_view name, const StreamGroup& group,
                      const PendingEntry& entry) {
  if (c.effects == nullptr) return;
  c.ReplicateAs("XCLAIM", key.name, name, group.consumer(entry.consumer).name, "0",
                FormatStreamId(entry.id), "TIME", entry.delivered_ms, "RETRYCOUNT",
                entry.deliveries, "FORCE", "JUSTID", "LASTID", FormatStreamId(group.last_id));
}

void ReplicateProgress(Context& c, const Key& key, std::string_view name,
                       const StreamGroup& group) {
  c.ReplicateAs("XGROUP", "SETID", key.name, name, FormatStreamId(group.last_id), "ENTRIESREAD",
                group.entries_read);
}

void ReplyId(Reply& reply, StreamId id) {
  char text[kMaxStreamIdLength];
  reply.Bulk(std::string_view(text, FormatStreamId(text, id)));
}

void ReplyEntry(Reply& reply, const StreamEntry& entry) {
  reply.Array(2);
  ReplyId(reply, entry.id());
  reply.Array(2 * entry.pairs());
  entry.ForEachPair([&reply](std::string_view field, std::string_view value) {
    reply.Bulk(field);
    reply.Bulk(value);
  });
}

}  // namespace larder
