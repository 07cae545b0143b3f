// Keys of any type: DEL, UNLINK, EXISTS, TOUCH, TYPE.
#include "server/commands/commands.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

void Delete(Context& c, bool lazy) {
  int64_t deleted = 0;
  for (size_t i = 1; i < c.args.size(); ++i) {
    const Key key = c.key(i);
    if (c.PeekEntry(key) == nullptr) continue;
    c.Delete(key, lazy);
    c.Changed(key, NotifyClass::kGeneric, "del");
    ++deleted;
  }
  c.reply.Integer(deleted);
}

void Del(Context& c) { Delete(c, c.engine.config.settings().lazyfree_lazy_user_del != 0); }
void Unlink(Context& c) { Delete(c, true); }

void Exists(Context& c) {
  int64_t found = 0;
  for (size_t i = 1; i < c.args.size(); ++i) {
    if (c.PeekAndCount(c.key(i)) != nullptr) ++found;
  }
  c.reply.Integer(found);
}

void Touch(Context& c) {
  int64_t touched = 0;
  for (size_t i = 1; i < c.args.size(); ++i) {
    Entry* entry = c.PeekAndCount(c.key(i));
    if (entry == nullptr) continue;
    c.TouchAlways(entry);
    ++touched;
  }
  c.reply.Integer(touched);
}

void Type(Context& c) {
  const Entry* entry = c.PeekAndCount(c.key(1));
  c.reply.Status(entry == nullptr ? "none" : TypeName(entry->type()));
}

constexpr Command kCommands[] = {
    {.name = "del",
     .arity = -2,
     .flags = kWrite,
     .categories = kCatKeyspace,
     .keys = {Keys(1, -1, 1, kRM | kDelete)},
     .run = Del,
     .group = "generic",
     .syntax = "key [key ...]",
     .since = "1.0.0",
     .complexity = "O(N) for N keys",
     .summary = "Removes keys.",
     .tips = "request_policy:multi_shard response_policy:agg_sum"},
    {.name = "unlink",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = {Keys(1, -1, 1, kRM | kDelete)},
     .run = Unlink,
     .group = "generic",
     .syntax = "key [key ...]",
     .since = "4.0.0",
     .complexity = "O(1) for each key, memory is freed in the background",
     .summary = "Removes keys and frees their memory in the background.",
     .tips = "request_policy:multi_shard response_policy:agg_sum"},
    {.name = "exists",
     .arity = -2,
     .flags = kReadOnly | kFast,
     .categories = kCatKeyspace,
     .keys = {Keys(1, -1, 1, kRO)},
     .run = Exists,
     .group = "generic",
     .syntax = "key [key ...]",
     .since = "1.0.0",
     .history = "3.0.3 Takes several keys.",
     .complexity = "O(N) for N keys",
     .summary = "Counts how many of the keys exist.",
     .tips = "request_policy:multi_shard response_policy:agg_sum"},
    {.name = "touch",
     .arity = -2,
     .flags = kReadOnly | kFast,
     .categories = kCatKeyspace,
     .keys = {Keys(1, -1, 1, kRO)},
     .run = Touch,
     .group = "generic",
     .syntax = "key [key ...]",
     .since = "3.2.1",
     .complexity = "O(N) for N keys",
     .summary = "Marks keys as used just now and counts how many exist.",
     .tips = "request_policy:multi_shard response_policy:agg_sum"},
    {.name = "type",
     .arity = 2,
     .flags = kReadOnly | kFast,
     .categories = kCatKeyspace,
     .keys = {Key1(kRO)},
     .run = Type,
     .group = "generic",
     .syntax = "key",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns the type of the value of a key."},
};

}  // namespace

std::span<const Command> KeyCommands() { return kCommands; }

}  // namespace larder
