// A handful of commands, so that the network is tested without the rooms above the engine.
#pragma once

#include <atomic>
#include <chrono>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/base/numbers.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "server/engine/messages.h"
#include "tests/support/until.h"

namespace larder::test_commands {

inline void Ping(Context& c) { c.reply.Status("PONG"); }
inline void Echo(Context& c) { c.reply.Bulk(c.args[1]); }
inline void Quit(Context& c) {
  c.client.close_after_reply.store(true, std::memory_order_relaxed);
  c.reply.Ok();
}
inline void Set(Context& c) {
  c.SetString(c.key(1), c.args[2], Entry::kNoExpiry, StringEncoding::kRaw);
  c.Changed(c.key(1), NotifyClass::kString, "set");
  c.reply.Ok();
}
inline void Get(Context& c) {
  Entry* entry = c.ReadEntry(c.key(1));
  if (entry == nullptr) return c.reply.Null();
  const StringBlocks string = entry->string();
  c.reply.BeginBulk(string.size());
  string.ForEachPart(0, string.size(), [&c](const BulkView& part) { c.reply.BulkPart(part); });
  c.reply.EndBulk();
}
inline void Incr(Context& c) {
  Entry* entry = c.WriteEntry(c.key(1));
  int64_t value = 0;
  if (entry != nullptr) ParseInt64(entry->short_string(), &value);
  c.SetString(c.key(1), std::to_string(value + 1), Entry::kNoExpiry, StringEncoding::kRaw);
  c.reply.Integer(value + 1);
}
// GETWAIT key ms: the value, once there is one.
inline void GetWait(Context& c) {
  Entry* entry = c.ReadEntry(c.key(1));
  if (entry != nullptr) return c.reply.Bulk(entry->short_string());
  int64_t timeout_ms = 0;
  ParseInt64(c.args[2], &timeout_ms);
  OutputBuffer timeout_reply;
  Reply(timeout_reply, c.reply.resp()).Null();
  c.Park({.keys = {std::string(c.args[1])},
          .wants = ValueType::kString,
          .timeout_ms = timeout_ms,
          .timeout_reply = std::move(timeout_reply)});
}
inline void PublishTo(Context& c) {
  c.reply.Integer(static_cast<int64_t>(Publish(c.engine, c.args[1], c.args[2])));
}
// SLEEP ms: with the gate closed, as a script would.
inline void Sleep(Context& c) {
  int64_t ms = 0;
  ParseInt64(c.args[1], &ms);
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
  c.reply.Ok();
}
// HOLD: the same until the test clears `held`; one such command at a time.
inline std::atomic<bool> held{false};
inline void Hold(Context& c) {
  held = true;
  test::Until([] { return !held; });
  held = false;
  c.reply.Ok();
}

inline constexpr Command Row(std::string_view name, int arity, uint32_t flags, KeySpecs keys,
                             void (*run)(Context&)) {
  return {.name = name,
          .arity = static_cast<int8_t>(arity),
          .flags = flags,
          .keys = keys,
          .run = run,
          .group = "generic",
          .since = "1.0.0",
          .complexity = "O(1)",
          .summary = "For tests."};
}

inline constexpr Command kRows[] = {
    Row("ping", 1, kFast, {}, Ping),
    Row("echo", 2, kFast, {}, Echo),
    Row("quit", 1, kFast, {}, Quit),
    Row("set", 3, kWrite, {Key1(kRW)}, Set),
    Row("get", 2, kReadOnly | kFast, {Key1(kRO)}, Get),
    Row("incr", 2, kWrite | kFast, {Key1(kRW)}, Incr),
    Row("getwait", 3, kReadOnly | kBlocking, {Key1(kRO)}, GetWait),
    Row("publish", 3, kPubSub | kMayReplicate, {}, PublishTo),
    Row("sleep", 2, kExclusive, {}, Sleep),
    Row("hold", 1, kExclusive, {}, Hold),
};

inline std::vector<std::span<const Command>> Rows() { return {kRows}; }

}  // namespace larder::test_commands
