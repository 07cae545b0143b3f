// Parts of strings: APPEND, GETRANGE, SUBSTR, SETRANGE.
#include <algorithm>

#include "server/commands/commands.h"
#include "server/commands/strings.h"

namespace larder {
namespace {

void Append(Context& c) {
  const Key key = c.key(1);
  Entry* entry;
  if (!WriteString(c, key, &entry)) return;
  const std::string_view tail = c.args[2];
  const size_t size = tail.size() + (entry == nullptr ? 0 : entry->string().size());
  if (entry == nullptr) {
    SetString(c, key, tail);
  } else {
    if (!CheckStringSize(c, size)) return;
    c.AppendToString(key, entry, tail);
  }
  c.Changed(key, NotifyClass::kString, "append");
  c.reply.Integer(static_cast<int64_t>(size));
}

void GetRange(Context& c) {
  int64_t start;
  int64_t end;
  if (!c.Integer(2, &start) || !c.Integer(3, &end)) return;
  Entry* entry;
  if (!ReadString(c, c.key(1), &entry)) return;
  const StringBlocks string = entry == nullptr ? StringBlocks() : entry->string();
  const int64_t size = static_cast<int64_t>(string.size());
  if (start < 0 && end < 0 && start > end) return c.reply.Bulk("");
  if (start < 0) start = std::max<int64_t>(start + size, 0);
  if (end < 0) end = std::max<int64_t>(end + size, 0);
  end = std::min(end, size - 1);
  if (start > end || size == 0) return c.reply.Bulk("");
  ReplyStringPart(c, string, static_cast<size_t>(start), static_cast<size_t>(end - start + 1));
}

void SetRange(Context& c) {
  int64_t offset;
  if (!c.Integer(2, &offset)) return;
  if (offset < 0) return c.reply.Error("ERR offset is out of range");
  const Key key = c.key(1);
  Entry* entry;
  if (!WriteString(c, key, &entry)) return;
  const std::string_view piece = c.args[3];
  const size_t old_size = entry == nullptr ? 0 : entry->string().size();
  if (piece.empty()) return c.reply.Integer(static_cast<int64_t>(old_size));
  const uint64_t end = static_cast<uint64_t>(offset) + piece.size();
  if (!CheckStringSize(c, end)) return;
  entry = c.GrowString(key, entry, std::max(old_size, end));
  entry->Overwrite(static_cast<size_t>(offset), piece);
  c.Changed(key, NotifyClass::kString, "setrange");
  c.reply.Integer(static_cast<int64_t>(entry->string().size()));
}

constexpr Command kCommands[] = {
    {.name = "append",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = {Key1(kRW | kInsert)},
     .run = Append,
     .group = "string",
     .syntax = "key value",
     .since = "2.0.0",
     .complexity = "O(N) for N bytes appended, or up to 16 KiB of the string",
     .summary = "Appends to a string, and makes it where there is none."},
    {.name = "getrange",
     .arity = 4,
     .flags = kReadOnly,
     .categories = kCatString,
     .keys = {Key1(kRO | kAccess)},
     .run = GetRange,
     .group = "string",
     .syntax = "key start end",
     .since = "2.4.0",
     .complexity = "O(N) for N bytes returned",
     .summary = "Returns a part of a string."},
    {.name = "substr",
     .arity = 4,
     .flags = kReadOnly,
     .categories = kCatString,
     .keys = {Key1(kRO | kAccess)},
     .run = GetRange,
     .group = "string",
     .syntax = "key start end",
     .since = "1.0.0",
     .deprecated = "2.0.0 `GETRANGE`",
     .complexity = "O(N) for N bytes returned",
     .summary = "Returns a part of a string, as GETRANGE."},
    {.name = "setrange",
     .arity = 4,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .keys = {Key1(kRW | kUpdate)},
     .run = SetRange,
     .group = "string",
     .syntax = "key offset value",
     .since = "2.2.0",
     .complexity = "O(N) for N bytes written, or up to 16 KiB of the string",
     .summary = "Overwrites a part of a string, filling a gap with zero bytes."},
};

}  // namespace

std::span<const Command> StringRangeCommands() { return kCommands; }

}  // namespace larder
