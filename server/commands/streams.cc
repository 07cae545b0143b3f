// Streams, the entries: XADD, XDEL, XTRIM, XLEN, XSETID.
#include "server/commands/streams.h"

#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/streams_trim.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

struct AddRequest {
  bool create = true;  // NOMKSTREAM: false
  TrimOptions trim;
  size_t id_word = 0;
  bool has_time = false;      // else "*"
  bool has_sequence = false;  // else "*" or "ms-*"
  StreamId id;
};

bool ParseNewId(Context& c, AddRequest* request) {
  const std::string_view word = c.args[request->id_word];
  if (word == "*") return true;
  request->has_time = true;
  request->has_sequence = !word.ends_with("-*");
  if (request->has_sequence) return ParseId(c, request->id_word, &request->id);
  if (ParseStreamIdPart(word.substr(0, word.size() - 2), &request->id.ms)) return true;
  c.reply.Error(kInvalidStreamId);
  return false;
}

bool ParseAdd(Context& c, AddRequest* request) {
  size_t i = 2;
  for (; i < c.args.size(); ++i) {
    bool known = false;
    if (c.args[i] != "*" && !ParseTrimOption(c, &i, &request->trim, &known)) return false;
    if (known) continue;
    if (!EqualsIgnoreCase(c.args[i], "nomkstream")) break;
    request->create = false;
  }
  request->id_word = i;
  if (i < c.args.size() && !ParseNewId(c, request)) return false;
  if (!CheckTrimOptions(c, false, &request->trim)) return false;
  if (c.args.size() < i + 3 || (c.args.size() - i) % 2 == 0) {
    c.reply.Error(errors::WrongArity(c.command.name));
    return false;
  }
  if (request->has_sequence && request->id.is_zero()) {
    c.reply.Error("ERR The ID specified in XADD must be greater than 0-0");
    return false;
  }
  return true;
}

// The id of the new entry behind `last`. False where there is none above it.
bool MakeId(const AddRequest& request, StreamId last, int64_t now_ms, StreamId* id) {
  *id = request.has_time ? request.id : StreamId{static_cast<uint64_t>(now_ms), 0};
  if (request.has_sequence) return *id > last;
  if (id->ms > last.ms) return true;
  // A clock that went back goes on behind the last id; a time that was asked for does not.
  if (request.has_time && id->ms < last.ms) return false;
  *id = last;
  return Increment(id) && (!request.has_time || id->ms == last.ms);
}

// False after an error was answered.
bool CheckNewEntry(Context& c, const AddRequest& request, StreamId last, StreamId* id) {
  if (last == StreamId::Max()) {
    c.reply.Error("ERR The stream has exhausted the last possible ID, unable to add more items");
    return false;
  }
  if (!MakeId(request, last, c.now_ms(), id)) {
    c.reply.Error(
        "ERR The ID specified in XADD is equal or smaller than the target stream top item");
    return false;
  }
  size_t bytes = 0;
  for (std::string_view word : c.args.subspan(request.id_word + 1)) bytes += word.size();
  if (bytes <= Stream::kMostNodeBytes) return true;
  c.reply.Error("ERR Elements are too large to be stored");
  return false;
}

// Replicas get the id that was made, and keep what trimming left here.
void ReplicateAdd(Context& c, const AddRequest& request, const Stream& stream, StreamId id) {
  if (c.effects == nullptr) return;
  const std::string id_text = FormatStreamId(id);
  ExactWords words(c.args, request.trim, stream);
  words.Replace(request.id_word, id_text);
  c.ReplicateAs(words.Finish());
}

void XAdd(Context& c) {
  AddRequest request;
  if (!ParseAdd(c, &request)) return;
  const Key key = c.key(1);
  Stream* stream;
  if (!c.Write(key, &stream)) return;
  if (stream == nullptr && !request.create) return c.reply.Null();
  StreamId id;
  if (!CheckNewEntry(c, request, stream == nullptr ? StreamId() : stream->last_id(), &id)) return;
  if (stream == nullptr) stream = &c.Create<Stream>(key);
  const Settings& settings = c.engine.config.settings();
  stream->Append(id, c.args.subspan(request.id_word + 1),
                 {.bytes = static_cast<size_t>(settings.stream_node_max_bytes),
                  .entries = static_cast<size_t>(settings.stream_node_max_entries)});
  c.Changed(key, NotifyClass::kStream, "xadd");
  if (request.trim.given && stream->Trim(request.trim.rule) > 0) {
    c.Changed(key, NotifyClass::kStream, "xtrim", 0);
  }
  ReplicateAdd(c, request, *stream, id);
  ReplyId(c.reply, id);
}

void XTrim(Context& c) {
  TrimOptions options;
  for (size_t i = 2; i < c.args.size(); ++i) {
    bool known;
    if (!ParseTrimOption(c, &i, &options, &known)) return;
    if (!known) return c.SyntaxError();
  }
  if (!CheckTrimOptions(c, true, &options)) return;
  const Key key = c.key(1);
  Stream* stream;
  if (!c.Write(key, &stream)) return;
  const size_t removed = stream == nullptr ? 0 : stream->Trim(options.rule);
  if (removed > 0) {
    c.Changed(key, NotifyClass::kStream, "xtrim", removed);
    c.ReplicateAs(ExactWords(c.args, options, *stream).Finish());
  }
  c.reply.Integer(static_cast<int64_t>(removed));
}

void XDel(Context& c) {
  const Key key = c.key(1);
  Stream* stream;
  if (!c.Write(key, &stream)) return;
  if (stream == nullptr) return c.reply.Integer(0);
  std::vector<StreamId> ids;
  if (!ParseIds(c, 2, &ids)) return;
  int64_t deleted = 0;
  for (StreamId id : ids) deleted += stream->Delete(id);
  if (deleted > 0) c.Changed(key, NotifyClass::kStream, "xdel", static_cast<size_t>(deleted));
  c.reply.Integer(deleted);
}

void XLen(Context& c) {
  const Stream* stream;
  if (!c.Read(c.key(1), &stream)) return;
  c.reply.Integer(stream == nullptr ? 0 : static_cast<int64_t>(stream->size()));
}

struct SetIdRequest {
  StreamId id;
  int64_t entries_added = -1;  // -1: as it is
  StreamId max_deleted_id;     // 0-0: as it is
};

// Redis 7.0 sets ids below the highest one that was deleted: what it says as a primary or in a file
// was done, and is done here.
bool MayBeBelowDeleted(const Context& c) { return c.client.link == Client::Link::kPrimary; }

bool ParseSetId(Context& c, SetIdRequest* request) {
  if (!ParseId(c, 2, &request->id)) return false;
  for (size_t i = 3; i < c.args.size(); i += 2) {
    const bool has_value = i + 1 < c.args.size();
    if (has_value && EqualsIgnoreCase(c.args[i], "entriesadded")) {
      if (!c.Integer(i + 1, &request->entries_added)) return false;
      if (request->entries_added < 0) {
        c.reply.Error("ERR entries_added must be positive");
        return false;
      }
    } else if (has_value && EqualsIgnoreCase(c.args[i], "maxdeletedid")) {
      if (!ParseId(c, i + 1, &request->max_deleted_id)) return false;
      if (request->id < request->max_deleted_id && !MayBeBelowDeleted(c)) {
        c.reply.Error(
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
        return false;
      }
    } else {
      c.SyntaxError();
      return false;
    }
  }
  return true;
}

// What would break the order of ids or counts; empty where nothing does.
std::string_view WhyNotSetId(const Context& c, const Stream& stream, const SetIdRequest& request) {
  if (request.id < stream.counters().max_deleted_id && !MayBeBelowDeleted(c)) {
    return "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id";
  }
  if (stream.empty()) return {};
  if (request.id < stream.last_entry_id()) {
    return "ERR The ID specified in XSETID is smaller than the target stream top item";
  }
  if (request.entries_added != -1 && stream.size() > static_cast<size_t>(request.entries_added)) {
    return "ERR The entries_added specified in XSETID is smaller than the target stream length";
  }
  return {};
}

void XSetId(Context& c) {
  SetIdRequest request;
  if (!ParseSetId(c, &request)) return;
  const Key key = c.key(1);
  Stream* stream;
  if (!c.Write(key, &stream)) return;
  if (stream == nullptr) return c.reply.Error(errors::kNoSuchKey);
  const std::string_view error = WhyNotSetId(c, *stream, request);
  if (!error.empty()) return c.reply.Error(error);
  Stream::Counters counters = stream->counters();
  counters.last_id = request.id;
  if (request.entries_added != -1) {
    counters.entries_added = static_cast<uint64_t>(request.entries_added);
  }
  if (!request.max_deleted_id.is_zero()) counters.max_deleted_id = request.max_deleted_id;
  stream->set_counters(counters);
  c.Noted(key, NotifyClass::kStream, "xsetid");
  c.reply.Ok();
}

constexpr Command kCommands[] = {
    {.name = "xadd",
     .arity = -5,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatStream,
     .keys = {WithNotes(Key1(kRW | kUpdate),
                        "UPDATE instead of INSERT because of the optional trimming feature")},
     .run = XAdd,
     .group = "stream",
     .syntax = "key [NOMKSTREAM@6.2.0] [trim: <strategy: MAXLEN | MINID@6.2.0> "
               "[operator: equal:= | approximately:~] threshold [LIMIT@6.2.0 count]] "
               "<id-selector: auto-id:* | id> <data: field value ...>",
     .since = "5.0.0",
     .history = "6.2.0 Takes NOMKSTREAM, MINID and LIMIT.\n"
                "7.0.0 Takes an id of a time only, as <ms>-*.",
     .complexity = "O(1), and O(N) for N entries that trimming removes",
     .summary = "Appends an entry to a stream, and may trim it.",
     .tips = "nondeterministic_output"},
    {.name = "xdel",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .keys = {Key1(kRW | kDelete)},
     .run = XDel,
     .group = "stream",
     .syntax = "key id [id ...]",
     .since = "5.0.0",
     .complexity = "O(log(N)) for each id and N entries",
     .summary = "Removes entries of a stream and returns how many there were."},
    {.name = "xtrim",
     .arity = -4,
     .flags = kWrite,
     .categories = kCatStream,
     .keys = {Key1(kRW | kDelete)},
     .run = XTrim,
     .group = "stream",
     .syntax = "key <trim: <strategy: MAXLEN | MINID@6.2.0> "
               "[operator: equal:= | approximately:~] threshold [LIMIT@6.2.0 count]>",
     .since = "5.0.0",
     .history = "6.2.0 Takes MINID and LIMIT.",
     .complexity = "O(N) for N entries that are removed",
     .summary = "Removes the oldest entries of a stream and returns how many there were.",
     .tips = "nondeterministic_output"},
    {.name = "xlen",
     .arity = 2,
     .flags = kReadOnly | kFast,
     .categories = kCatStream,
     .keys = {Key1(kRO)},
     .run = XLen,
     .group = "stream",
     .syntax = "key",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Returns the number of entries of a stream."},
    {.name = "xsetid",
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatStream,
     .keys = {Key1(kRW | kUpdate)},
     .run = XSetId,
     .group = "stream",
     .syntax = "key last-id [ENTRIESADDED@7.0.0 entries-added(integer)] "
               "[MAXDELETEDID@7.0.0 max-deleted-id]",
     .since = "5.0.0",
     .history = "7.0.0 Takes ENTRIESADDED and MAXDELETEDID.",
     .complexity = "O(1)",
     .summary = "Sets the last id of a stream, and its counters; replication needs it."},
};

}  // namespace

std::span<const Command> StreamCommands() { return kCommands; }

}  // namespace larder
