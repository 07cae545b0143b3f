// Strings, one key at a time: GET, STRLEN.
#include "server/commands/commands.h"
#include "server/engine/context.h"

namespace larder {
namespace {

// The string at the key, or null where there is none. False after WRONGTYPE was answered.
bool ReadString(Context& c, const Key& key, Entry** entry) {
  *entry = c.ReadEntry(key);
  if (*entry != nullptr && (*entry)->type() != ValueType::kString) return c.WrongType();
  return true;
}

void Get(Context& c) {
  Entry* entry;
  if (!ReadString(c, c.key(1), &entry)) return;
  if (entry == nullptr) return c.reply.Null();
  c.reply.Bulk(entry->bulk());
}

void StrLen(Context& c) {
  Entry* entry;
  if (!ReadString(c, c.key(1), &entry)) return;
  c.reply.Integer(entry == nullptr ? 0 : static_cast<int64_t>(entry->string().size()));
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
};

}  // namespace

std::span<const Command> StringCommands() { return kCommands; }

}  // namespace larder
