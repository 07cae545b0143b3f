// Streams, consumer groups: XGROUP and its subcommands.
#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/commands/streams.h"

namespace larder {
namespace {

struct GroupOptions {
  bool create_stream = false;                    // MKSTREAM
  int64_t entries_read = StreamGroup::kUnknown;  // ENTRIESREAD
};

bool ParseOptions(Context& c, bool of_create, GroupOptions* options) {
  for (size_t i = 5; i < c.args.size(); ++i) {
    if (of_create && EqualsIgnoreCase(c.args[i], "mkstream")) {
      options->create_stream = true;
    } else if (EqualsIgnoreCase(c.args[i], "entriesread") && i + 1 < c.args.size()) {
      if (!c.Integer(++i, &options->entries_read)) return false;
      if (options->entries_read < StreamGroup::kUnknown) {
        c.reply.Error("ERR value for ENTRIESREAD must be positive or -1");
        return false;
      }
    } else {
      c.reply.Error(UnknownForm(c));
      return false;
    }
  }
  return true;
}

// The stream at word 2. False after an error was answered, also where there is none but should be.
bool FindStream(Context& c, const Key& key, bool required, Stream** stream) {
  if (!c.Write(key, stream)) return false;
  if (*stream != nullptr || !required) return true;
  c.reply.Error(
      "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to "
      "use the MKSTREAM option to create an empty stream automatically.");
  return false;
}

// The group at word 3. Null after an error was answered.
StreamGroup* FindNamedGroup(Context& c, const Key& key, Stream** stream) {
  if (!FindStream(c, key, true, stream)) return nullptr;
  StreamGroup* group = (*stream)->FindGroup(c.args[3]);
  if (group == nullptr) {
    c.reply.Error(
        StrCat("NOGROUP No such consumer group '", c.args[3], "' for key name '", key.name, "'"));
  }
  return group;
}

void GroupCreate(Context& c) {
  GroupOptions options;
  if (!ParseOptions(c, true, &options)) return;
  const Key key = c.key(2);
  Stream* stream;
  if (!FindStream(c, key, !options.create_stream, &stream)) return;
  if (c.args.size() > 8) return c.reply.Error(UnknownForm(c));
  StreamId id = stream == nullptr ? StreamId() : stream->last_id();
  if (c.args[4] != "$" && !ParseId(c, 4, &id)) return;
  const bool create = stream == nullptr;
  if (create) stream = &c.Create<Stream>(key);
  if (stream->AddGroup(c.args[3], id, options.entries_read) == nullptr) {
    return c.reply.Error("BUSYGROUP Consumer Group name already exists");
  }
  if (create) {
    c.Changed(key, NotifyClass::kStream, "xgroup-create");
  } else {
    c.Noted(key, NotifyClass::kStream, "xgroup-create");
  }
  c.reply.Ok();
}

void GroupSetId(Context& c) {
  GroupOptions options;
  if (!ParseOptions(c, false, &options)) return;
  const Key key = c.key(2);
  Stream* stream;
  StreamGroup* group = FindNamedGroup(c, key, &stream);
  if (group == nullptr) return;
  if (c.args.size() > 7) return c.reply.Error(UnknownForm(c));
  // As in Redis, the ends "-" and "+" of a range will do here.
  StreamId id = stream->last_id();
  if (c.args[4] == "-" || c.args[4] == "+") {
    id = c.args[4] == "-" ? StreamId::Min() : StreamId::Max();
  } else if (c.args[4] != "$" && !ParseId(c, 4, &id)) {
    return;
  }
  group->last_id = id;
  group->entries_read = options.entries_read;
  c.Noted(key, NotifyClass::kStream, "xgroup-setid");
  c.reply.Ok();
}

void GroupDestroy(Context& c) {
  const Key key = c.key(2);
  Stream* stream;
  if (!FindStream(c, key, true, &stream)) return;
  if (!stream->RemoveGroup(c.args[3])) return c.reply.Integer(0);
  c.Noted(key, NotifyClass::kStream, "xgroup-destroy");
  c.Wake(key);  // who waits for entries of the group is told that it is gone
  c.reply.Integer(1);
}

void GroupCreateConsumer(Context& c) {
  const Key key = c.key(2);
  Stream* stream;
  StreamGroup* group = FindNamedGroup(c, key, &stream);
  if (group == nullptr) return;
  if (group->FindConsumer(c.args[4]) != nullptr) return c.reply.Integer(0);
  SeeConsumer(c, key, *group, c.args[4]);
  c.reply.Integer(1);
}

void GroupDelConsumer(Context& c) {
  const Key key = c.key(2);
  Stream* stream;
  StreamGroup* group = FindNamedGroup(c, key, &stream);
  if (group == nullptr) return;
  const StreamConsumer* consumer = group->FindConsumer(c.args[4]);
  if (consumer == nullptr) return c.reply.Integer(0);
  c.reply.Integer(static_cast<int64_t>(consumer->pending.size()));
  group->RemoveConsumer(c.args[4]);
  c.Noted(key, NotifyClass::kStream, "xgroup-delconsumer");
}

void GroupHelp(Context& c) {
  ReplyHelp(c, {{"CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <count>]",
                 "Make a group that is given the entries above an id.\n"
                 "MKSTREAM makes the stream as well, ENTRIESREAD says how many entries are below."},
                {"CREATECONSUMER <key> <group> <consumer>", "Make a consumer of a group."},
                {"DELCONSUMER <key> <group> <consumer>",
                 "Remove a consumer with all that is pending for it."},
                {"DESTROY <key> <group>", "Remove a group."},
                {"SETID <key> <group> <id|$> [ENTRIESREAD <count>]",
                 "Set the id above which the group is given entries."}});
}

constexpr Command kCommands[] = {
    {.name = "xgroup",
     .arity = -2,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "Depends on the subcommand.",
     .summary = "Commands about the consumer groups of streams."},
    {.name = "create",
     .parent = "xgroup",
     .arity = -5,
     .flags = kWrite | kDenyOom,
     .categories = kCatStream,
     .keys = {Keys(2, 2, 1, kRW | kInsert)},
     .run = GroupCreate,
     .group = "stream",
     .syntax = "key group <id-selector: id | new-id:$> [MKSTREAM] "
               "[ENTRIESREAD entries-read(integer)]",
     .since = "5.0.0",
     .history = "7.0.0 Takes ENTRIESREAD.",
     .complexity = "O(1)",
     .summary = "Makes a consumer group."},
    {.name = "setid",
     .parent = "xgroup",
     .arity = -5,
     .flags = kWrite,
     .categories = kCatStream,
     .keys = {Keys(2, 2, 1, kRW | kUpdate)},
     .run = GroupSetId,
     .group = "stream",
     .syntax = "key group <id-selector: id | new-id:$> "
               "[ENTRIESREAD entriesread:entries-read(integer)]",
     .since = "5.0.0",
     .history = "7.0.0 Takes ENTRIESREAD.",
     .complexity = "O(1)",
     .summary = "Sets the id up to which a group was given entries."},
    {.name = "destroy",
     .parent = "xgroup",
     .arity = 4,
     .flags = kWrite,
     .categories = kCatStream,
     .keys = {Keys(2, 2, 1, kRW | kDelete)},
     .run = GroupDestroy,
     .group = "stream",
     .syntax = "key group",
     .since = "5.0.0",
     .complexity = "O(N) for N pending entries",
     .summary = "Removes a consumer group."},
    {.name = "createconsumer",
     .parent = "xgroup",
     .arity = 5,
     .flags = kWrite | kDenyOom,
     .categories = kCatStream,
     .keys = {Keys(2, 2, 1, kRW | kInsert)},
     .run = GroupCreateConsumer,
     .group = "stream",
     .syntax = "key group consumer",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Makes a consumer of a group."},
    {.name = "delconsumer",
     .parent = "xgroup",
     .arity = 5,
     .flags = kWrite,
     .categories = kCatStream,
     .keys = {Keys(2, 2, 1, kRW | kDelete)},
     .run = GroupDelConsumer,
     .group = "stream",
     .syntax = "key group consumer",
     .since = "5.0.0",
     .complexity = "O(N) for N entries pending for the consumer",
     .summary = "Removes a consumer of a group."},
    {.name = "help",
     .parent = "xgroup",
     .arity = 2,
     .flags = kLoading | kStale,
     .categories = kCatStream,
     .run = GroupHelp,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands."},
};

}  // namespace

std::span<const Command> StreamGroupCommands() { return kCommands; }

}  // namespace larder
