// Strings that are read: GET, STRLEN, and those that read and then change: GETSET, GETDEL, GETEX.
#include "server/commands/strings.h"

#include "server/commands/commands.h"
#include "server/engine/engine.h"
#include "server/engine/removal.h"

namespace larder {
namespace {

void Get(Context& c) {
  Entry* entry;
  if (!ReadString(c, c.key(1), &entry)) return;
  if (entry == nullptr) return c.reply.Null();
  ReplyString(c, *entry);
}

void StrLen(Context& c) {
  Entry* entry;
  if (!ReadString(c, c.key(1), &entry)) return;
  c.reply.Integer(entry == nullptr ? 0 : static_cast<int64_t>(entry->string().size()));
}

void GetSet(Context& c) {
  const Key key = c.key(1);
  Entry* entry;
  if (!ReadString(c, key, &entry)) return;
  if (entry == nullptr) {
    c.reply.Null();
  } else {
    ReplyString(c, *entry);
  }
  SetString(c, key, c.args[2]);
  c.Changed(key, NotifyClass::kString, "set");
  c.ReplicateAs("SET", key.name, c.args[2]);
}

void GetDel(Context& c) {
  const Key key = c.key(1);
  Entry* entry;
  if (!ReadString(c, key, &entry)) return;
  if (entry == nullptr) return c.reply.Null();
  ReplyString(c, *entry);
  c.Delete(key);
  c.Changed(key, NotifyClass::kGeneric, "del");
  c.ReplicateAs(DeletionWord(c.engine.config.settings().lazyfree_lazy_user_del != 0), key.name);
}

void GetEx(Context& c) {
  StringOptions options;
  if (!ParseStringOptions(c, 2, false, &options)) return;
  const Key key = c.key(1);
  Entry* entry;
  if (!ReadString(c, key, &entry)) return;
  if (entry == nullptr) return c.reply.Null();
  int64_t expiry_ms = 0;
  if (options.has_time() && !ParseExpiry(c, options.expiry_word, options.expiry, &expiry_ms)) {
    return;
  }
  ReplyString(c, *entry);
  if (options.has_time()) {
    ExpireKeyAt(c, key, expiry_ms);
  } else if (options.expiry == StringOptions::Expiry::kPersist && entry->has_expiry()) {
    c.SetExpiry(key, Entry::kNoExpiry);
    c.Changed(key, NotifyClass::kGeneric, "persist");
    c.ReplicateAs("PERSIST", key.name);
  }
}

constexpr Command kCommands[] = {
    {.name = "get",
     .arity = 2,
     .flags = kReadOnly | kFast,
     .categories = kCatString,
     .keys = {Key1(kRO | kAccess)},
     .run = Get,
     .group = "string",
     .syntax = "key",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns the value of a key."},
    {.name = "strlen",
     .arity = 2,
     .flags = kReadOnly | kFast,
     .categories = kCatString,
     .keys = {Key1(kRO)},
     .run = StrLen,
     .group = "string",
     .syntax = "key",
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Returns the length of a string in bytes."},
    {.name = "getset",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = {Key1(kRW | kAccess | kUpdate)},
     .run = GetSet,
     .group = "string",
     .syntax = "key value",
     .since = "1.0.0",
     .deprecated = "6.2.0 `SET` with the `!GET` argument",
     .complexity = "O(1)",
     .summary = "Sets a string and returns what it was before."},
    {.name = "getdel",
     .arity = 2,
     .flags = kWrite | kFast,
     .categories = kCatString,
     .keys = {Key1(kRW | kAccess | kDelete)},
     .run = GetDel,
     .group = "string",
     .syntax = "key",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Returns a string and removes its key."},
    {.name = "getex",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatString,
     .keys = {WithNotes(Key1(kRW | kAccess | kUpdate), "RW and UPDATE because it changes the TTL")},
     .run = GetEx,
     .group = "string",
     .syntax = "key [expiration: EX seconds | PX milliseconds | EXAT unix-time-seconds | "
               "PXAT unix-time-milliseconds | PERSIST]",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Returns a string and sets or removes the expiry of its key."},
};

}  // namespace

std::span<const Command> StringCommands() { return kCommands; }

}  // namespace larder
