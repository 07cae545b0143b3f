// Lists, the ends and the indexes: LPUSH, LPOP, LLEN, LINDEX, LSET, LRANGE, LTRIM and their
// relatives.
#include "server/commands/lists.h"

#include <algorithm>
#include <optional>

#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/counts.h"

namespace larder {
namespace {

using End = List::End;

void PushAll(Context& c, const Key& key, List& list, End end) {
  for (size_t i = 2; i < c.args.size(); ++i) list.Push(end, c.args[i]);
  c.Changed(key, NotifyClass::kList, end == End::kFront ? "lpush" : "rpush", c.args.size() - 2);
  c.reply.Integer(static_cast<int64_t>(list.size()));
}

void Push(Context& c, End end) {
  const Key key = c.key(1);
  List* list;
  if (!c.FindOrCreate(key, &list)) return;
  PushAll(c, key, *list, end);
}

void PushIfExists(Context& c, End end) {
  const Key key = c.key(1);
  List* list;
  if (!c.Write(key, &list)) return;
  if (list == nullptr) return c.reply.Integer(0);
  PushAll(c, key, *list, end);
}

void LPush(Context& c) { Push(c, End::kFront); }
void RPush(Context& c) { Push(c, End::kBack); }
void LPushX(Context& c) { PushIfExists(c, End::kFront); }
void RPushX(Context& c) { PushIfExists(c, End::kBack); }

void Pop(Context& c, End end) {
  if (c.args.size() > 3) return c.reply.Error(errors::WrongArity(c.command.name));
  const bool with_count = c.args.size() == 3;
  int64_t count = 1;
  if (with_count && !ParseNotNegative(c, 2, &count)) return;
  const Key key = c.key(1);
  List* list;
  if (!c.Write(key, &list)) return;
  if (list == nullptr) return with_count ? c.reply.NullArray() : c.reply.Null();
  if (count == 0) return c.reply.EmptyArray();
  if (!with_count) return PopElement(c, key, *list, end);
  PopElements(c, key, *list, end, static_cast<size_t>(count));
}

void LPop(Context& c) { Pop(c, End::kFront); }
void RPop(Context& c) { Pop(c, End::kBack); }

void LLen(Context& c) {
  const List* list;
  if (!c.Read(c.key(1), &list)) return;
  c.reply.Integer(list == nullptr ? 0 : static_cast<int64_t>(list->size()));
}

// The place that an index means, which counts from the back if it is negative; none outside the
// list.
std::optional<size_t> PlaceOf(int64_t index, size_t size) {
  if (index < 0) index += static_cast<int64_t>(size);
  if (index < 0 || index >= static_cast<int64_t>(size)) return std::nullopt;
  return static_cast<size_t>(index);
}

void LIndex(Context& c) {
  const List* list;
  if (!c.Read(c.key(1), &list)) return;
  if (list == nullptr) return c.reply.Null();
  int64_t index;
  if (!c.Integer(2, &index)) return;
  const std::optional<size_t> place = PlaceOf(index, list->size());
  if (!place) return c.reply.Null();
  c.reply.Bulk(list->At(*place));
}

void LSet(Context& c) {
  const Key key = c.key(1);
  List* list;
  if (!c.Write(key, &list)) return;
  if (list == nullptr) return c.reply.Error(errors::kNoSuchKey);
  int64_t index;
  if (!c.Integer(2, &index)) return;
  const std::optional<size_t> place = PlaceOf(index, list->size());
  if (!place) return c.reply.Error(errors::kIndexOutOfRange);
  list->Set(*place, c.args[3]);
  c.Changed(key, NotifyClass::kList, "lset");
  c.reply.Ok();
}

void LRange(Context& c) {
  int64_t start, stop;
  if (!c.Integer(2, &start) || !c.Integer(3, &stop)) return;
  const List* list;
  if (!c.Read(c.key(1), &list)) return;
  if (list == nullptr) return c.reply.EmptyArray();
  const IndexRange range = IndexRange::Of(start, stop, list->size());
  c.reply.Array(range.count);
  List::Cursor cursor = list->CursorAt(range.first);
  for (size_t i = 0; i < range.count; ++i, cursor.Next()) c.reply.Bulk(*cursor);
}

void LTrim(Context& c) {
  int64_t start, stop;
  if (!c.Integer(2, &start) || !c.Integer(3, &stop)) return;
  const Key key = c.key(1);
  List* list;
  if (!c.Write(key, &list)) return;
  if (list == nullptr) return c.reply.Ok();
  const IndexRange kept = IndexRange::Of(start, stop, list->size());
  const size_t removed = list->size() - kept.count;
  if (removed == 0) c.ReplicateNothing();
  const size_t end = kept.first + kept.count;
  list->RemoveRange(end, list->size() - end);
  list->RemoveRange(0, kept.count == 0 ? list->size() : kept.first);
  c.Changed(key, NotifyClass::kList, "ltrim", removed);
  c.RemoveIfEmpty(key, *list);
  c.reply.Ok();
}

void ElementsRemoved(Context& c, const Key& key, const List& list, End end, size_t count) {
  c.Changed(key, NotifyClass::kList, end == End::kFront ? "lpop" : "rpop", count);
  c.RemoveIfEmpty(key, list);
}

constexpr Command kCommands[] = {
    {.name = "lpush",
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatList,
     .keys = {Key1(kRW | kInsert)},
     .run = LPush,
     .group = "list",
     .syntax = "key element [element ...]",
     .since = "1.0.0",
     .history = "2.4.0 Takes several elements.",
     .complexity = "O(N) for N elements",
     .summary = "Puts elements at the front of a list, which is created if it is missing."},
    {.name = "rpush",
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatList,
     .keys = {Key1(kRW | kInsert)},
     .run = RPush,
     .group = "list",
     .syntax = "key element [element ...]",
     .since = "1.0.0",
     .history = "2.4.0 Takes several elements.",
     .complexity = "O(N) for N elements",
     .summary = "Puts elements at the back of a list, which is created if it is missing."},
    {.name = "lpushx",
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatList,
     .keys = {Key1(kRW | kInsert)},
     .run = LPushX,
     .group = "list",
     .syntax = "key element [element ...]",
     .since = "2.2.0",
     .history = "4.0.0 Takes several elements.",
     .complexity = "O(N) for N elements",
     .summary = "Puts elements at the front of a list that exists."},
    {.name = "rpushx",
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatList,
     .keys = {Key1(kRW | kInsert)},
     .run = RPushX,
     .group = "list",
     .syntax = "key element [element ...]",
     .since = "2.2.0",
     .history = "4.0.0 Takes several elements.",
     .complexity = "O(N) for N elements",
     .summary = "Puts elements at the back of a list that exists."},
    {.name = "lpop",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatList,
     .keys = {Key1(kRW | kAccess | kDelete)},
     .run = LPop,
     .group = "list",
     .syntax = "key [count@6.2.0]",
     .since = "1.0.0",
     .history = "6.2.0 Takes a count.",
     .complexity = "O(N) for N elements",
     .summary = "Removes elements from the front of a list and returns them."},
    {.name = "rpop",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatList,
     .keys = {Key1(kRW | kAccess | kDelete)},
     .run = RPop,
     .group = "list",
     .syntax = "key [count@6.2.0]",
     .since = "1.0.0",
     .history = "6.2.0 Takes a count.",
     .complexity = "O(N) for N elements",
     .summary = "Removes elements from the back of a list and returns them."},
    {.name = "llen",
     .arity = 2,
     .flags = kReadOnly | kFast,
     .categories = kCatList,
     .keys = {Key1(kRO)},
     .run = LLen,
     .group = "list",
     .syntax = "key",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns the number of elements of a list."},
    {.name = "lindex",
     .arity = 3,
     .flags = kReadOnly,
     .categories = kCatList,
     .keys = {Key1(kRO | kAccess)},
     .run = LIndex,
     .group = "list",
     .syntax = "key index",
     .since = "1.0.0",
     .complexity = "O(B) for the B blocks between the element and the nearer end",
     .summary = "Returns the element at an index; a negative one counts from the back."},
    {.name = "lset",
     .arity = 4,
     .flags = kWrite | kDenyOom,
     .categories = kCatList,
     .keys = {Key1(kRW | kUpdate)},
     .run = LSet,
     .group = "list",
     .syntax = "key index element",
     .since = "1.0.0",
     .complexity = "O(B) for the B blocks between the element and the nearer end",
     .summary = "Replaces the element at an index."},
    {.name = "lrange",
     .arity = 4,
     .flags = kReadOnly,
     .categories = kCatList,
     .keys = {Key1(kRO | kAccess)},
     .run = LRange,
     .group = "list",
     .syntax = "key start stop",
     .since = "1.0.0",
     .complexity = "O(B+N) for N elements, B blocks away from the nearer end",
     .summary = "Returns the elements between two indexes, both included."},
    {.name = "ltrim",
     .arity = 4,
     .flags = kWrite,
     .categories = kCatList,
     .keys = {Key1(kRW | kDelete)},
     .run = LTrim,
     .group = "list",
     .syntax = "key start stop",
     .since = "1.0.0",
     .complexity = "O(N) for N elements removed",
     .summary = "Keeps the elements between two indexes and removes all others."},
};

}  // namespace

bool ParseListEnd(Context& c, size_t i, End* end) {
  if (EqualsIgnoreCase(c.args[i], "left")) {
    *end = End::kFront;
  } else if (EqualsIgnoreCase(c.args[i], "right")) {
    *end = End::kBack;
  } else {
    c.SyntaxError();
    return false;
  }
  return true;
}

void PopElements(Context& c, const Key& key, List& list, End end, size_t count) {
  count = std::min(count, list.size());
  const bool front = end == End::kFront;
  c.reply.Array(count);
  List::Cursor cursor = list.CursorAt(front ? 0 : list.size() - 1);
  for (size_t i = 0; i < count; ++i) {
    c.reply.Bulk(*cursor);
    front ? cursor.Next() : cursor.Previous();
  }
  list.RemoveRange(front ? 0 : list.size() - count, count);
  ElementsRemoved(c, key, list, end, count);
}

void PopElement(Context& c, const Key& key, List& list, End end) {
  c.reply.Bulk(list.Peek(end));
  list.Pop(end);
  ElementsRemoved(c, key, list, end, 1);
}

std::span<const Command> ListCommands() { return kCommands; }

}  // namespace larder
