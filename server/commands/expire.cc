// The time keys have to live: EXPIRE and its relatives, TTL, PERSIST.
#include <algorithm>
#include <limits>

#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/engine/context.h"
#include "server/engine/removal.h"

namespace larder {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

struct ExpireOptions {
  bool if_none = false;     // NX
  bool if_some = false;     // XX
  bool if_later = false;    // GT; no expiry counts as infinitely late
  bool if_earlier = false;  // LT

  bool Permits(int64_t old_ms, int64_t new_ms) const {
    const bool has = old_ms != Entry::kNoExpiry;
    if ((if_none && has) || (if_some && !has)) return false;
    if (if_later && (!has || new_ms <= old_ms)) return false;
    return !(if_earlier && has && new_ms >= old_ms);
  }
};

bool ParseOptions(Context& c, ExpireOptions* options) {
  for (size_t i = 3; i < c.args.size(); ++i) {
    if (EqualsIgnoreCase(c.args[i], "nx")) {
      options->if_none = true;
    } else if (EqualsIgnoreCase(c.args[i], "xx")) {
      options->if_some = true;
    } else if (EqualsIgnoreCase(c.args[i], "gt")) {
      options->if_later = true;
    } else if (EqualsIgnoreCase(c.args[i], "lt")) {
      options->if_earlier = true;
    } else {
      c.reply.Error(StrCat("ERR Unsupported option ", c.args[i]));
      return false;
    }
  }
  if (options->if_none && (options->if_some || options->if_later || options->if_earlier)) {
    c.reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (options->if_later && options->if_earlier) {
    c.reply.Error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

// Word 2 in `unit_ms`, counted from `base_ms`, as a Unix time in milliseconds.
bool ParseTime(Context& c, int64_t unit_ms, int64_t base_ms, int64_t* expiry_ms) {
  int64_t time;
  if (!c.Integer(2, &time)) return false;
  const bool fits = time <= kMost / unit_ms && time >= kLeast / unit_ms;
  if (!fits || time * unit_ms > kMost - base_ms) {
    c.reply.Error(errors::InvalidExpire(c.command.name));
    return false;
  }
  *expiry_ms = time * unit_ms + base_ms;
  return true;
}

void ExpireAfter(Context& c, int64_t unit_ms, int64_t base_ms) {
  ExpireOptions options;
  int64_t expiry_ms;
  if (!ParseOptions(c, &options) || !ParseTime(c, unit_ms, base_ms, &expiry_ms)) return;
  const Key key = c.key(1);
  const Entry* entry = c.WriteEntry(key);
  if (entry == nullptr || !options.Permits(entry->expiry_ms(), expiry_ms)) {
    return c.reply.Integer(0);
  }
  ExpireKeyAt(c, key, expiry_ms);
  c.reply.Integer(1);
}

void Expire(Context& c) { ExpireAfter(c, 1000, c.now_ms()); }
void PExpire(Context& c) { ExpireAfter(c, 1, c.now_ms()); }
void ExpireAt(Context& c) { ExpireAfter(c, 1000, 0); }
void PExpireAt(Context& c) { ExpireAfter(c, 1, 0); }

// The expiry of word 1, counted from `base_ms`; -2 without a key, -1 without an expiry.
void ReplyTime(Context& c, int64_t unit_ms, int64_t base_ms) {
  const Entry* entry = c.PeekAndCount(c.key(1));
  if (entry == nullptr) return c.reply.Integer(-2);
  if (!entry->has_expiry()) return c.reply.Integer(-1);
  const int64_t time_ms = std::max<int64_t>(entry->expiry_ms() - base_ms, 0);
  // Rounded to the nearest second, without overflow at the latest time of all.
  const bool up = unit_ms > 1 && time_ms % unit_ms >= unit_ms / 2;
  c.reply.Integer(time_ms / unit_ms + (up ? 1 : 0));
}

void Ttl(Context& c) { ReplyTime(c, 1000, c.now_ms()); }
void PTtl(Context& c) { ReplyTime(c, 1, c.now_ms()); }
void ExpireTime(Context& c) { ReplyTime(c, 1000, 0); }
void PExpireTime(Context& c) { ReplyTime(c, 1, 0); }

void Persist(Context& c) {
  const Key key = c.key(1);
  const Entry* entry = c.WriteEntry(key);
  if (entry == nullptr || !entry->has_expiry()) return c.reply.Integer(0);
  c.SetExpiry(key, Entry::kNoExpiry);
  c.Changed(key, NotifyClass::kGeneric, "persist");
  c.reply.Integer(1);
}

constexpr Command kCommands[] = {
    {.name = "expire",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = {Key1(kRW | kUpdate)},
     .run = Expire,
     .group = "generic",
     .syntax = "key seconds [condition@7.0.0: NX | XX | GT | LT]",
     .since = "1.0.0",
     .history = "7.0.0 Takes NX, XX, GT and LT.",
     .complexity = "O(1)",
     .summary = "Lets a key expire after so many seconds."},
    {.name = "pexpire",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = {Key1(kRW | kUpdate)},
     .run = PExpire,
     .group = "generic",
     .syntax = "key milliseconds [condition@7.0.0: NX | XX | GT | LT]",
     .since = "2.6.0",
     .history = "7.0.0 Takes NX, XX, GT and LT.",
     .complexity = "O(1)",
     .summary = "Lets a key expire after so many milliseconds."},
    {.name = "expireat",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = {Key1(kRW | kUpdate)},
     .run = ExpireAt,
     .group = "generic",
     .syntax = "key unix-time-seconds [condition@7.0.0: NX | XX | GT | LT]",
     .since = "1.2.0",
     .history = "7.0.0 Takes NX, XX, GT and LT.",
     .complexity = "O(1)",
     .summary = "Lets a key expire at a Unix time in seconds."},
    {.name = "pexpireat",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = {Key1(kRW | kUpdate)},
     .run = PExpireAt,
     .group = "generic",
     .syntax = "key unix-time-milliseconds [condition@7.0.0: NX | XX | GT | LT]",
     .since = "2.6.0",
     .history = "7.0.0 Takes NX, XX, GT and LT.",
     .complexity = "O(1)",
     .summary = "Lets a key expire at a Unix time in milliseconds."},
    {.name = "ttl",
     .arity = 2,
     .flags = kReadOnly | kFast,
     .categories = kCatKeyspace,
     .keys = {Key1(kRO | kAccess)},
     .run = Ttl,
     .group = "generic",
     .syntax = "key",
     .since = "1.0.0",
     .history = "2.8.0 Answers -2 for a key that is not there.",
     .complexity = "O(1)",
     .summary = "Returns the seconds until a key expires.",
     .tips = "nondeterministic_output"},
    {.name = "pttl",
     .arity = 2,
     .flags = kReadOnly | kFast,
     .categories = kCatKeyspace,
     .keys = {Key1(kRO | kAccess)},
     .run = PTtl,
     .group = "generic",
     .syntax = "key",
     .since = "2.6.0",
     .history = "2.8.0 Answers -2 for a key that is not there.",
     .complexity = "O(1)",
     .summary = "Returns the milliseconds until a key expires.",
     .tips = "nondeterministic_output"},
    {.name = "expiretime",
     .arity = 2,
     .flags = kReadOnly | kFast,
     .categories = kCatKeyspace,
     .keys = {Key1(kRO | kAccess)},
     .run = ExpireTime,
     .group = "generic",
     .syntax = "key",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Returns when a key expires, as a Unix time in seconds."},
    {.name = "pexpiretime",
     .arity = 2,
     .flags = kReadOnly | kFast,
     .categories = kCatKeyspace,
     .keys = {Key1(kRO | kAccess)},
     .run = PExpireTime,
     .group = "generic",
     .syntax = "key",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Returns when a key expires, as a Unix time in milliseconds."},
    {.name = "persist",
     .arity = 2,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = {Key1(kRW | kUpdate)},
     .run = Persist,
     .group = "generic",
     .syntax = "key",
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Takes the expiry from a key."},
};

}  // namespace

std::span<const Command> ExpireCommands() { return kCommands; }

}  // namespace larder
