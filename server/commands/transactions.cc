// MULTI, EXEC, DISCARD, WATCH, UNWATCH. Queueing and running are the engine's.
#include "server/commands/commands.h"
#include "server/engine/engine.h"
#include "server/engine/transaction.h"

namespace larder {
namespace {

void Multi(Context& c) {
  if (c.client.transaction.active) return c.reply.Error("ERR MULTI calls can not be nested");
  c.client.transaction.active = true;
  c.client.queued.store(1, std::memory_order_relaxed);
  c.reply.Ok();
}

void Exec(Context& c) {
  if (!c.client.transaction.active) return c.reply.Error("ERR EXEC without MULTI");
  RunTransaction(c);
}

void DiscardQueue(Context& c) {
  if (!c.client.transaction.active) return c.reply.Error("ERR DISCARD without MULTI");
  Discard(c.worker, c.client, c.lock);
  c.reply.Ok();
}

void WatchKeys(Context& c) {
  if (c.client.transaction.active) return c.reply.Error("ERR WATCH inside MULTI is not allowed");
  for (size_t i = 1; i < c.args.size(); ++i) Watch(c, c.key(i));
  c.reply.Ok();
}

void UnwatchKeys(Context& c) {
  // EXEC holds locks, and forgets the keys itself when it is done.
  if (!c.client.in_exec) Unwatch(c.worker, c.client, c.lock);
  c.reply.Ok();
}

constexpr Command kCommands[] = {
    {.name = "multi",
     .arity = 1,
     .flags = kNoScript | kLoading | kStale | kFast | kAllowBusy | kRunsAtOnce,
     .categories = kCatTransaction,
     .in_history = InHistory::kAlways,
     .run = Multi,
     .group = "transactions",
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Begins a transaction."},
    {.name = "exec",
     .arity = 1,
     .flags = kNoScript | kLoading | kStale | kSkipSlowlog | kInsideGate | kRunsAtOnce,
     .categories = kCatTransaction,
     .program = Program::kQueue,
     .in_history = InHistory::kAlways,
     .run = Exec,
     .group = "transactions",
     .since = "1.2.0",
     .complexity = "Depends on the commands",
     .summary = "Runs the commands of a transaction as one."},
    {.name = "discard",
     .arity = 1,
     .flags = kNoScript | kLoading | kStale | kFast | kAllowBusy | kInsideGate | kRunsAtOnce,
     .categories = kCatTransaction,
     .in_history = InHistory::kAlways,
     .run = DiscardQueue,
     .group = "transactions",
     .since = "2.0.0",
     .complexity = "O(N) for N queued commands",
     .summary = "Drops a transaction."},
    {.name = "watch",
     .arity = -2,
     .flags = kNoScript | kLoading | kStale | kFast | kAllowBusy | kRunsAtOnce,
     .categories = kCatTransaction,
     .keys = {Keys(1, -1, 1, kRO)},
     .run = WatchKeys,
     .group = "transactions",
     .syntax = "key [key ...]",
     .since = "2.2.0",
     .complexity = "O(N) for N keys",
     .summary = "Lets the next transaction fail if one of the keys changes."},
    {.name = "unwatch",
     .arity = 1,
     .flags = kNoScript | kLoading | kStale | kFast | kAllowBusy | kInsideGate,
     .categories = kCatTransaction,
     .run = UnwatchKeys,
     .group = "transactions",
     .since = "2.2.0",
     .complexity = "O(N) for N keys",
     .summary = "Forgets the keys that are watched."},
};

}  // namespace

std::span<const Command> TransactionCommands() { return kCommands; }

}  // namespace larder
