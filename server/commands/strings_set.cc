// Setting strings: SET and the commands it has replaced, MSET, MSETNX, and MGET beside them.
#include <algorithm>
#include <vector>

#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/strings.h"
#include "server/engine/key_uses.h"

namespace larder {
namespace {

using Expiry = StringOptions::Expiry;

void ReplyOld(Context& c, const Entry* entry) {
  if (entry == nullptr) return c.reply.Null();
  ReplyString(c, *entry);
}

// A replica need not be asked for what was there.
void ReplicateWithoutGet(Context& c) {
  std::vector<std::string_view> words(c.args.begin(), c.args.end());
  words.erase(std::remove_if(words.begin() + 3, words.end(),
                             [](std::string_view word) { return EqualsIgnoreCase(word, "get"); }),
              words.end());
  c.ReplicateAs(words);
}

void Set(Context& c) {
  StringOptions options;
  if (!ParseStringOptions(c, 3, true, &options)) return;
  int64_t expiry_ms = Entry::kNoExpiry;
  if (options.has_time() && !ParseExpiry(c, options.expiry_word, options.expiry, &expiry_ms)) {
    return;
  }
  const Key key = c.key(1);
  if (options.get) {
    Entry* old;
    if (!ReadString(c, key, &old)) return;
    ReplyOld(c, old);
  }
  if (options.if_absent || options.if_present || options.expiry == Expiry::kKeep) {
    const Entry* old = c.WriteEntry(key);
    if ((options.if_absent && old != nullptr) || (options.if_present && old == nullptr)) {
      if (!options.get) c.reply.Null();
      return;
    }
    if (options.expiry == Expiry::kKeep && old != nullptr) expiry_ms = old->expiry_ms();
  }
  SetString(c, key, c.args[2], expiry_ms);
  c.Changed(key, NotifyClass::kString, "set");
  if (options.has_time()) {
    c.Changed(key, NotifyClass::kGeneric, "expire", 0);
    c.ReplicateAs("SET", key.name, c.args[2], "PXAT", expiry_ms);
  } else if (options.get) {
    ReplicateWithoutGet(c);
  }
  if (!options.get) c.reply.Ok();
}

void SetNx(Context& c) {
  const Key key = c.key(1);
  if (c.WriteEntry(key) != nullptr) return c.reply.Integer(0);
  SetString(c, key, c.args[2]);
  c.Changed(key, NotifyClass::kString, "set");
  c.reply.Integer(1);
}

void SetWithExpiry(Context& c, Expiry unit) {
  int64_t expiry_ms;
  if (!ParseExpiry(c, 2, unit, &expiry_ms)) return;
  const Key key = c.key(1);
  SetString(c, key, c.args[3], expiry_ms);
  c.Changed(key, NotifyClass::kString, "set");
  c.Changed(key, NotifyClass::kGeneric, "expire", 0);
  c.ReplicateAs("SET", key.name, c.args[3], "PXAT", expiry_ms);
  c.reply.Ok();
}

void SetEx(Context& c) { SetWithExpiry(c, Expiry::kEx); }
void PSetEx(Context& c) { SetWithExpiry(c, Expiry::kPx); }

void MGet(Context& c) {
  c.reply.Array(c.args.size() - 1);
  for (size_t i = 1; i < c.args.size(); ++i) {
    const Entry* entry = c.ReadEntry(c.key(i));
    if (entry == nullptr || entry->type() != ValueType::kString) {
      c.reply.Null();
    } else {
      ReplyString(c, *entry);
    }
  }
}

// False after the error for a key without a value was answered.
bool CheckPairs(Context& c) {
  if (c.args.size() % 2 == 1) return true;
  c.reply.Error(errors::WrongArity(c.command.name));
  return false;
}

void SetPairs(Context& c) {
  for (size_t i = 1; i < c.args.size(); i += 2) {
    const Key key = c.key(i);
    SetString(c, key, c.args[i + 1]);
    c.Changed(key, NotifyClass::kString, "set");
  }
}

void MSet(Context& c) {
  if (!CheckPairs(c)) return;
  SetPairs(c);
  c.reply.Ok();
}

void MSetNx(Context& c) {
  if (!CheckPairs(c)) return;
  for (size_t i = 1; i < c.args.size(); i += 2) {
    if (c.WriteEntry(c.key(i)) != nullptr) return c.reply.Integer(0);
  }
  SetPairs(c);
  c.reply.Integer(1);
}

void SettleUse(Args words, std::vector<KeyPosition>& keys) {
  keys[0].flags = HasWord(words, "get", 3) ? kRW | kAccess | kUpdate : kOW | kUpdate;
}

constexpr Command kCommands[] = {
    {.name = "set",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .keys = {WithNotes(Key1(kRW | kAccess | kUpdate | kVariableFlags),
                        "RW and ACCESS due to the optional `GET` argument")},
     .run = Set,
     .group = "string",
     .syntax = "key value [condition@2.6.12: NX | XX] [GET@6.2.0] "
               "[expiration: EX@2.6.12 seconds | PX@2.6.12 milliseconds | "
               "EXAT@6.2.0 unix-time-seconds | PXAT@6.2.0 unix-time-milliseconds | KEEPTTL@6.0.0]",
     .since = "1.0.0",
     .history = "2.6.12 Takes EX, PX, NX and XX.\n"
                "6.0.0 Takes KEEPTTL.\n"
                "6.2.0 Takes GET, EXAT and PXAT.\n"
                "7.0.0 Takes NX and GET together.",
     .complexity = "O(1)",
     .summary = "Sets a key to a string, whatever it held before.",
     .settle_keys = SettleUse},
    {.name = "setnx",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = {Key1(kOW | kInsert)},
     .run = SetNx,
     .group = "string",
     .syntax = "key value",
     .since = "1.0.0",
     .deprecated = "2.6.12 `SET` with the `NX` argument",
     .complexity = "O(1)",
     .summary = "Sets a string where the key does not exist."},
    {.name = "setex",
     .arity = 4,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .keys = {Key1(kOW | kUpdate)},
     .run = SetEx,
     .group = "string",
     .syntax = "key seconds value",
     .since = "2.0.0",
     .deprecated = "2.6.12 `SET` with the `EX` argument",
     .complexity = "O(1)",
     .summary = "Sets a string that expires after so many seconds."},
    {.name = "psetex",
     .arity = 4,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .keys = {Key1(kOW | kUpdate)},
     .run = PSetEx,
     .group = "string",
     .syntax = "key milliseconds value",
     .since = "2.6.0",
     .deprecated = "2.6.12 `SET` with the `PX` argument",
     .complexity = "O(1)",
     .summary = "Sets a string that expires after so many milliseconds."},
    {.name = "mget",
     .arity = -2,
     .flags = kReadOnly | kFast,
     .categories = kCatString,
     .keys = {Keys(1, -1, 1, kRO | kAccess)},
     .run = MGet,
     .group = "string",
     .syntax = "key [key ...]",
     .since = "1.0.0",
     .complexity = "O(N) for N keys",
     .summary = "Returns the strings of several keys, null where there is none.",
     .tips = "request_policy:multi_shard"},
    {.name = "mset",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .keys = {Keys(1, -1, 2, kOW | kUpdate)},
     .run = MSet,
     .group = "string",
     .syntax = "<data: key value ...>",
     .since = "1.0.1",
     .complexity = "O(N) for N keys",
     .summary = "Sets several strings at once.",
     .tips = "request_policy:multi_shard response_policy:all_succeeded"},
    {.name = "msetnx",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .keys = {Keys(1, -1, 2, kOW | kInsert)},
     .run = MSetNx,
     .group = "string",
     .syntax = "<data: key value ...>",
     .since = "1.0.1",
     .complexity = "O(N) for N keys",
     .summary = "Sets several strings if none of the keys exists."},
};

}  // namespace

std::span<const Command> StringSetCommands() { return kCommands; }

}  // namespace larder
