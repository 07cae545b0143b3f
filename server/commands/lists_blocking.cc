// Lists, waiting for an element: BLPOP, BRPOP, BLMOVE, BRPOPLPUSH, BLMPOP. Each does what its
// relative without B does, or parks; the thread that fills a key then runs it again from the start.
#include "server/commands/blocking.h"
#include "server/commands/commands.h"
#include "server/commands/lists.h"

namespace larder {
namespace {

using End = List::End;

void PopOrWait(Context& c, End end) {
  const size_t keys = c.args.size() - 2;
  int64_t timeout_ms;
  if (!ParseTimeout(c, keys + 1, &timeout_ms)) return;
  for (size_t i = 1; i <= keys; ++i) {
    const Key key = c.key(i);
    List* list;
    if (!c.Write(key, &list)) return;
    if (list == nullptr) continue;
    c.reply.Array(2);
    c.reply.Bulk(c.args[i]);
    c.ReplicateAs(end == End::kFront ? "LPOP" : "RPOP", key.name);
    return PopElement(c, key, *list, end);
  }
  WaitForKeys(c, 1, keys, ValueType::kList, timeout_ms);
}

void BLPop(Context& c) { PopOrWait(c, End::kFront); }
void BRPop(Context& c) { PopOrWait(c, End::kBack); }

void MoveOrWait(Context& c, End from, End to, int64_t timeout_ms) {
  List* source;
  if (!c.Write(c.key(1), &source)) return;
  if (source != nullptr) return MoveElement(c, *source, from, to);
  // It answers a null by itself at once, but a null array when the time is over, as Redis does.
  if (!c.may_park()) return c.reply.Null();
  WaitForKeys(c, 1, 1, ValueType::kList, timeout_ms);
}

void BLMove(Context& c) {
  End from, to;
  int64_t timeout_ms;
  if (!ParseListEnd(c, 3, &from) || !ParseListEnd(c, 4, &to)) return;
  if (!ParseTimeout(c, 5, &timeout_ms)) return;
  MoveOrWait(c, from, to, timeout_ms);
  if (c.changed) c.ReplicateAs("LMOVE", c.args[1], c.args[2], c.args[3], c.args[4]);
}

void BRPopLPush(Context& c) {
  int64_t timeout_ms;
  if (!ParseTimeout(c, 3, &timeout_ms)) return;
  MoveOrWait(c, End::kBack, End::kFront, timeout_ms);
  if (c.changed) c.ReplicateAs("RPOPLPUSH", c.args[1], c.args[2]);
}

void BLMPop(Context& c) {
  PopRequest request;
  int64_t timeout_ms;
  if (!ParsePopRequest(c, 2, "left", "right", &request)) return;
  if (!ParseTimeout(c, 1, &timeout_ms)) return;
  if (PopFromFirst(c, request)) return;
  WaitForKeys(c, request.first_key, request.keys, ValueType::kList, timeout_ms);
}

constexpr Command kCommands[] = {
    {.name = "blpop",
     .arity = -3,
     .flags = kWrite | kNoScript | kBlocking,
     .categories = kCatList,
     .keys = {Keys(1, -2, 1, kRW | kAccess | kDelete)},
     .run = BLPop,
     .group = "list",
     .syntax = "key [key ...] timeout(double)",
     .since = "2.0.0",
     .history = "6.0.0 The timeout may be a fraction of a second.",
     .complexity = "O(K) for K keys",
     .summary = "Removes and returns the first element of some lists, or waits for one."},
    {.name = "brpop",
     .arity = -3,
     .flags = kWrite | kNoScript | kBlocking,
     .categories = kCatList,
     .keys = {Keys(1, -2, 1, kRW | kAccess | kDelete)},
     .run = BRPop,
     .group = "list",
     .syntax = "key [key ...] timeout(double)",
     .since = "2.0.0",
     .history = "6.0.0 The timeout may be a fraction of a second.",
     .complexity = "O(K) for K keys",
     .summary = "Removes and returns the last element of some lists, or waits for one."},
    {.name = "blmove",
     .arity = 6,
     .flags = kWrite | kDenyOom | kNoScript | kBlocking,
     .categories = kCatList,
     .keys = {Key1(kRW | kAccess | kDelete), Keys(2, 2, 1, kRW | kInsert)},
     .run = BLMove,
     .group = "list",
     .syntax = "source destination <wherefrom: LEFT | RIGHT> <whereto: LEFT | RIGHT> "
               "timeout(double)",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Moves an element from one list to another as LMOVE does, or waits for one."},
    {.name = "brpoplpush",
     .arity = 4,
     .flags = kWrite | kDenyOom | kNoScript | kBlocking,
     .categories = kCatList,
     .keys = {Key1(kRW | kAccess | kDelete), Keys(2, 2, 1, kRW | kInsert)},
     .run = BRPopLPush,
     .group = "list",
     .syntax = "source destination timeout(double)",
     .since = "2.2.0",
     .history = "6.0.0 The timeout may be a fraction of a second.",
     .deprecated = "6.2.0 `BLMOVE` with the `RIGHT` and `LEFT` arguments",
     .complexity = "O(1)",
     .summary = "Moves the last element of one list to the front of another, or waits for one."},
    {.name = "blmpop",
     .arity = -5,
     .flags = kWrite | kBlocking,
     .categories = kCatList,
     .keys = {KeyCount(2, kRW | kAccess | kDelete)},
     .run = BLMPop,
     .group = "list",
     .syntax = "timeout(double) numkeys key [key ...] <where: LEFT | RIGHT> [COUNT count]",
     .since = "7.0.0",
     .complexity = "O(K+N) for K keys and N elements",
     .summary = "Removes elements from some lists as LMPOP does, or waits for one."},
};

}  // namespace

std::span<const Command> ListBlockingCommands() { return kCommands; }

}  // namespace larder
