// Lists, from one to another and from many: LMOVE, RPOPLPUSH, LMPOP.
#include <algorithm>
#include <string>

#include "server/commands/commands.h"
#include "server/commands/lists.h"

namespace larder {
namespace {

using End = List::End;

void Move(Context& c, End from, End to) {
  List* source;
  if (!c.Write(c.key(1), &source)) return;
  if (source == nullptr) return c.reply.Null();
  MoveElement(c, *source, from, to);
}

void LMove(Context& c) {
  End from, to;
  if (!ParseListEnd(c, 3, &from) || !ParseListEnd(c, 4, &to)) return;
  Move(c, from, to);
}

void RPopLPush(Context& c) { Move(c, End::kBack, End::kFront); }

void LMPop(Context& c) {
  PopRequest request;
  if (!ParsePopRequest(c, 1, "left", "right", &request)) return;
  if (!PopFromFirst(c, request)) c.reply.NullArray();
}

constexpr Command kCommands[] = {
    {.name = "lmove",
     .arity = 5,
     .flags = kWrite | kDenyOom,
     .categories = kCatList,
     .keys = {Key1(kRW | kAccess | kDelete), Keys(2, 2, 1, kRW | kInsert)},
     .run = LMove,
     .group = "list",
     .syntax = "source destination <wherefrom: LEFT | RIGHT> <whereto: LEFT | RIGHT>",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Moves an element from an end of one list to an end of another, and returns it."},
    {.name = "rpoplpush",
     .arity = 3,
     .flags = kWrite | kDenyOom,
     .categories = kCatList,
     .keys = {Key1(kRW | kAccess | kDelete), Keys(2, 2, 1, kRW | kInsert)},
     .run = RPopLPush,
     .group = "list",
     .syntax = "source destination",
     .since = "1.2.0",
     .deprecated = "6.2.0 `LMOVE` with the `RIGHT` and `LEFT` arguments",
     .complexity = "O(1)",
     .summary = "Moves the last element of one list to the front of another, and returns it."},
    {.name = "lmpop",
     .arity = -4,
     .flags = kWrite,
     .categories = kCatList,
     .keys = {KeyCount(1, kRW | kAccess | kDelete)},
     .run = LMPop,
     .group = "list",
     .syntax = "numkeys key [key ...] <where: LEFT | RIGHT> [COUNT count]",
     .since = "7.0.0",
     .complexity = "O(K+N) for K keys and N elements",
     .summary = "Removes elements from the first of some lists that is not empty, "
                "and returns them."},
};

}  // namespace

void MoveElement(Context& c, List& source, End from, End to) {
  const Key source_key = c.key(1);
  const Key target_key = c.key(2);
  List* target;
  if (!c.Write(target_key, &target)) return;
  // Copied, since both may be the same list.
  const std::string element(source.Peek(from).bytes);
  c.reply.Bulk(source.Peek(from));
  source.Pop(from);
  if (target == nullptr) target = &c.Create<List>(target_key);
  target->Push(to, element);
  c.Changed(target_key, NotifyClass::kList, to == End::kFront ? "lpush" : "rpush");
  c.Changed(source_key, NotifyClass::kList, from == End::kFront ? "lpop" : "rpop", 0);
  c.RemoveIfEmpty(source_key, source);
}

bool PopFromFirst(Context& c, const PopRequest& request) {
  for (size_t i = request.first_key; i < request.first_key + request.keys; ++i) {
    const Key key = c.key(i);
    List* list;
    if (!c.Write(key, &list)) return true;
    if (list == nullptr) continue;
    c.reply.Array(2);
    c.reply.Bulk(c.args[i]);
    c.ReplicateAs(request.from_last ? "RPOP" : "LPOP", key.name,
                  std::min(request.count, list->size()));
    PopElements(c, key, *list, request.from_last ? End::kBack : End::kFront, request.count);
    return true;
  }
  return false;
}

std::span<const Command> ListMoveCommands() { return kCommands; }

}  // namespace larder
