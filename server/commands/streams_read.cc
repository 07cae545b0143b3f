// Streams, reading what is new: XREAD, and XREADGROUP for a consumer of a group. With BLOCK they
// wait for it; who changes the stream then runs them again from the start.
#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/blocking.h"
#include "server/commands/commands.h"
#include "server/commands/streams.h"

namespace larder {
namespace {

struct ReadRequest {
  int64_t timeout_ms = -1;  // -1: no BLOCK
  int64_t count = 0;        // of each stream; 0: all
  bool noack = false;
  size_t group_word = 0;  // the consumer is in the next one; 0: no GROUP
  size_t first_key = 0;
  size_t streams = 0;
  // Of each stream: entries above it are read. Max, of a group: those it has not been given.
  std::vector<StreamId> after;

  size_t key_word(size_t i) const { return first_key + i; }
  size_t id_word(size_t i) const { return first_key + streams + i; }
};

// How many words an option takes with its values; 0: it is none, or its values are missing.
size_t WordsOfOption(std::string_view option, size_t words_left) {
  size_t words = 0;
  if (EqualsIgnoreCase(option, "noack")) words = 1;
  if (EqualsIgnoreCase(option, "block") || EqualsIgnoreCase(option, "count")) words = 2;
  if (EqualsIgnoreCase(option, "group")) words = 3;
  return words <= words_left ? words : 0;
}

bool IsStreams(Args args, size_t i) {
  return i + 1 < args.size() && EqualsIgnoreCase(args[i], "streams");
}

// The keys stand behind STREAMS, which is not the first such word where a group is called like it.
bool FindStreamKeys(Args args, std::vector<KeyPosition>& positions) {
  size_t i = 1;
  while (i < args.size() && !IsStreams(args, i)) {
    const size_t words = WordsOfOption(args[i], args.size() - i);
    if (words == 0) return false;
    i += words;
  }
  if (i == args.size()) return false;
  const size_t streams = (args.size() - i - 1) / 2;
  for (size_t k = 1; k <= streams; ++k) {
    positions.push_back({static_cast<uint32_t>(i + k), kRO | kAccess});
  }
  return true;
}

bool Refuse(Context& c, std::string_view error) {
  c.reply.Error(error);
  return false;
}

// An option before STREAMS, at word `i`. False after an error was answered.
bool ParseReadOption(Context& c, size_t i, bool of_group, ReadRequest* request) {
  const std::string_view option = c.args[i];
  if (EqualsIgnoreCase(option, "block")) {
    if (c.client.is_script) {
      return Refuse(
          c, StrCat("ERR ", c.args[0], " command is not allowed with BLOCK option from scripts"));
    }
    return c.TimeoutMs(i + 1, &request->timeout_ms);
  }
  if (EqualsIgnoreCase(option, "count")) {
    if (!c.Integer(i + 1, &request->count)) return false;
    if (request->count < 0) request->count = 0;
    return true;
  }
  const bool group = EqualsIgnoreCase(option, "group");
  if (!of_group) {
    return Refuse(c, StrCat("ERR The ", group ? "GROUP" : "NOACK",
                            " option is only supported by XREADGROUP. You called XREAD instead."));
  }
  if (group) {
    request->group_word = i + 1;
  } else {
    request->noack = true;
  }
  return true;
}

bool ParseRead(Context& c, bool of_group, ReadRequest* request) {
  size_t i = 1;
  while (i < c.args.size() && !IsStreams(c.args, i)) {
    const size_t words = WordsOfOption(c.args[i], c.args.size() - i);
    if (words == 0) return Refuse(c, errors::kSyntax);
    if (!ParseReadOption(c, i, of_group, request)) return false;
    i += words;
  }
  if (i == c.args.size()) return Refuse(c, errors::kSyntax);
  request->first_key = i + 1;
  const size_t words = c.args.size() - request->first_key;
  if (words % 2 != 0) {
    return Refuse(c,
                  "ERR Unbalanced XREAD list of streams: "
                  "for each stream key an ID or '$' must be specified.");
  }
  request->streams = words / 2;
  request->after.resize(request->streams);
  if (!of_group || request->group_word != 0) return true;
  return Refuse(c, "ERR Missing GROUP option for XREADGROUP");
}

// ---- XREAD --------------------------------------------------------------------------------------

bool ParseAfter(Context& c, const ReadRequest& request, size_t i, StreamId last, StreamId* after) {
  const size_t word = request.id_word(i);
  if (c.args[word] == ">") {
    return Refuse(c,
                  "ERR The > ID can be specified only when calling XREADGROUP using the GROUP "
                  "<group> <consumer> option.");
  }
  if (c.args[word] != "$") return ParseId(c, word, after);
  *after = last;
  return true;
}

// The header of one stream's part of the reply, which is a map from keys to arrays of entries.
void ReplyStream(Context& c, std::string_view key) {
  if (c.reply.resp() == 2) c.reply.Array(2);
  c.reply.Bulk(key);
}

void EndStreams(Context& c, const OutputBuffer::Mark& begin, size_t streams) {
  c.reply.resp() == 2 ? c.reply.EndArray(begin, streams) : c.reply.EndMap(begin, streams);
}

// Replies entries above `after`, and calls `given` for each.
template <typename Given>
void ReplyNew(Context& c, const Stream& stream, StreamId after, int64_t count, Given given) {
  const auto begin = c.reply.Begin();
  int64_t replied = 0;
  if (Increment(&after)) {
    stream.ForEach(after, StreamId::Max(), [&](const StreamEntry& entry) {
      ReplyEntry(c.reply, entry);
      given(entry.id());
      return ++replied != count;
    });
  }
  c.reply.EndArray(begin, static_cast<size_t>(replied));
}

// Waits for entries above those of now: "$" is what it means at this moment, and the same later.
void WaitForNew(Context& c, const ReadRequest& request, bool of_group) {
  if (request.timeout_ms < 0) return c.reply.NullArray();
  const Args keys = c.args.subspan(request.first_key, request.streams);
  Wait wait = {.keys = {keys.begin(), keys.end()},
               .wants = ValueType::kStream,
               .or_loss = of_group,
               .timeout_ms = request.timeout_ms,
               .words = {c.args.begin(), c.args.end()}};
  for (size_t i = 0; i < request.streams; ++i) {
    std::string& word = wait.words[request.id_word(i)];
    if (word == "$") word = FormatStreamId(request.after[i]);
  }
  WaitFor(c, std::move(wait));
}

void XRead(Context& c) {
  ReadRequest request;
  if (!ParseRead(c, false, &request)) return;
  std::vector<const Stream*> streams(request.streams);
  for (size_t i = 0; i < request.streams; ++i) {
    if (!c.Read(c.key(request.key_word(i)), &streams[i])) return;
    const StreamId last = streams[i] == nullptr ? StreamId() : streams[i]->last_id();
    if (!ParseAfter(c, request, i, last, &request.after[i])) return;
  }
  const auto begin = c.reply.Begin();
  size_t replied = 0;
  for (size_t i = 0; i < request.streams; ++i) {
    if (streams[i] == nullptr || streams[i]->last_entry_id() <= request.after[i]) continue;
    ReplyStream(c, c.args[request.key_word(i)]);
    ReplyNew(c, *streams[i], request.after[i], request.count, [](StreamId) {});
    ++replied;
  }
  if (replied == 0) return WaitForNew(c, request, false);
  EndStreams(c, begin, replied);
}

// ---- XREADGROUP ---------------------------------------------------------------------------------

// The group of one of the streams. Null after an error was answered.
StreamGroup* FindReadGroup(Context& c, const Key& key, std::string_view name, Stream** stream) {
  c.PeekAndCount(key);
  const Entry* entry = c.WriteEntry(key);
  const bool is_stream = entry != nullptr && entry->type() == ValueType::kStream;
  StreamGroup* group = nullptr;
  if (is_stream) {
    *stream = entry->object<Stream>();
    group = (*stream)->FindGroup(name);
  }
  if (group != nullptr) return group;
  if (c.client.woken) {
    c.reply.Error(is_stream
                      ? "NOGROUP the consumer group this client was blocked on no longer exists"
                      : "UNBLOCKED the stream key no longer exists");
  } else if (entry != nullptr && !is_stream) {
    c.WrongType();
  } else {
    c.reply.Error(StrCat("NOGROUP No such key '", key.name, "' or consumer group '", name,
                         "' in XREADGROUP with GROUP option"));
  }
  return nullptr;
}

bool ParseGroupAfter(Context& c, size_t word, StreamId* after) {
  if (c.args[word] == "$") {
    return Refuse(c,
                  "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the "
                  "history of this consumer by specifying a proper ID, or use the > ID to get new "
                  "messages. The $ ID would just return an empty result set.");
  }
  if (c.args[word] != ">") return ParseId(c, word, after);
  *after = StreamId::Max();
  return true;
}

// What the consumer was given before and has not acknowledged; without fields where it is deleted.
void ReplyHistory(Context& c, const Stream& stream, StreamGroup& group,
                  const StreamConsumer& consumer, StreamId after, int64_t count) {
  const auto begin = c.reply.Begin();
  std::vector<StreamId> given;
  Increment(&after);
  consumer.pending.ForEachFrom(after, [&](const PendingId& pending) {
    given.push_back(pending.id);
    return static_cast<int64_t>(given.size()) != count;
  });
  for (StreamId id : given) {
    const std::optional<StreamEntry> entry = stream.Find(id);
    if (entry.has_value()) {
      ReplyEntry(c.reply, *entry);
      PendingEntry pending = *group.pending().Find(id);
      pending.delivered_ms = c.now_ms();
      ++pending.deliveries;
      group.SetPending(pending);
    } else {
      c.reply.Array(2);
      ReplyId(c.reply, id);
      c.reply.NullArray();
    }
  }
  c.reply.EndArray(begin, given.size());
}

// What nobody of the group was given yet.
void ReplyNewOfGroup(Context& c, const Key& key, const Stream& stream, StreamGroup& group,
                     StreamConsumer& consumer, const ReadRequest& request) {
  const std::string_view name = c.args[request.group_word];
  ReplyNew(c, stream, group.last_id, request.count, [&](StreamId id) {
    stream.Advance(group, id);
    if (request.noack) return;
    const PendingEntry pending = {id, c.now_ms(), 1, consumer.number};
    group.SetPending(pending);
    consumer.active_ms = c.now_ms();
    ReplicatePending(c, key, name, group, pending);
  });
  if (request.noack) ReplicateProgress(c, key, name, group);
}

void XReadGroup(Context& c) {
  ReadRequest request;
  if (!ParseRead(c, true, &request)) return;
  const std::string_view group_name = c.args[request.group_word];
  std::vector<std::pair<Stream*, StreamGroup*>> streams(request.streams);
  for (size_t i = 0; i < request.streams; ++i) {
    auto& [stream, group] = streams[i];
    group = FindReadGroup(c, c.key(request.key_word(i)), group_name, &stream);
    if (group == nullptr) return;
    if (!ParseGroupAfter(c, request.id_word(i), &request.after[i])) return;
  }
  c.ReplicateNothing();  // but what follows
  const std::string_view consumer_name = c.args[request.group_word + 1];
  const auto begin = c.reply.Begin();
  size_t replied = 0;
  for (size_t i = 0; i < request.streams; ++i) {
    const auto [stream, group] = streams[i];
    const Key key = c.key(request.key_word(i));
    if (request.noack && group->FindConsumer(consumer_name) == nullptr) {
      c.ReplicateAs("XGROUP", "CREATECONSUMER", key.name, group_name, consumer_name);
    }
    StreamConsumer& consumer = SeeConsumer(c, key, *group, consumer_name);
    const bool history = request.after[i] != StreamId::Max();
    if (!history && stream->last_entry_id() <= group->last_id) continue;
    ReplyStream(c, key.name);
    if (history) {
      ReplyHistory(c, *stream, *group, consumer, request.after[i], request.count);
    } else {
      ReplyNewOfGroup(c, key, *stream, *group, consumer, request);
    }
    c.Noted(key, NotifyClass::kStream, {});
    ++replied;
  }
  if (replied == 0) return WaitForNew(c, request, true);
  EndStreams(c, begin, replied);
}

constexpr Command kCommands[] = {
    {.name = "xread",
     .arity = -4,
     .flags = kReadOnly | kBlocking,
     .categories = kCatStream,
     .keys = {KeysAfter("STREAMS", 1, kRO | kAccess, 2)},
     .run = XRead,
     .group = "stream",
     .syntax = "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
     .since = "5.0.0",
     .summary = "Returns entries of some streams above given ids, or waits for them.",
     .find_keys = FindStreamKeys},
    {.name = "xreadgroup",
     .arity = -7,
     .flags = kWrite | kBlocking,
     .categories = kCatStream,
     .keys = {KeysAfter("STREAMS", 4, kRO | kAccess, 2)},
     .run = XReadGroup,
     .group = "stream",
     .syntax = "GROUP <group-block: group consumer> [COUNT count] [BLOCK milliseconds] [NOACK] "
               "STREAMS key [key ...] id [id ...]",
     .since = "5.0.0",
     .complexity = "O(log(N)+M) for each stream, for M of its N entries",
     .summary = "Returns entries of some streams that the consumer's group was not given yet, or "
                "those pending for the consumer, or waits for new ones.",
     .find_keys = FindStreamKeys},
};

}  // namespace

std::span<const Command> StreamReadCommands() { return kCommands; }

}  // namespace larder
