// OBJECT: how a value is kept, and when it was used last.
#include "server/commands/object.h"

#include <limits>

#include "server/base/numbers.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/commands/zsets.h"
#include "server/engine/engine.h"
#include "server/store/access.h"
#include "server/store/hash.h"
#include "server/store/set.h"

namespace larder {

std::string_view EncodingName(Context& c, const Entry& entry) {
  switch (entry.type()) {
    case ValueType::kString: {
      static constexpr std::string_view kNames[] = {"int", "embstr", "raw"};
      return kNames[static_cast<size_t>(entry.string_encoding())];
    }
    case ValueType::kHash:
      return entry.object<Hash>()->EncodingName();
    case ValueType::kSet:
      return entry.object<Set>()->EncodingName();
    case ValueType::kZSet:
      return EncodingOf(c, *entry.object<ZSet>());
    case ValueType::kList:
      return "quicklist";
    case ValueType::kStream:
      return "stream";
  }
  return "";
}

namespace {

// Counts as a lookup, of which no event tells.
const Entry* Inspect(Context& c) {
  const Entry* entry = c.PeekEntry(c.key(2));
  WorkerStats& stats = c.worker.stats;
  (entry != nullptr ? stats.keyspace_hits : stats.keyspace_misses).Add(1);
  return entry;
}

void ObjectEncoding(Context& c) {
  const Entry* entry = Inspect(c);
  if (entry == nullptr) return c.reply.Null();
  c.reply.Bulk(EncodingName(c, *entry));
}

void ObjectIdleTime(Context& c) {
  const Entry* entry = Inspect(c);
  if (entry == nullptr) return c.reply.Null();
  if (CountsUses(c.engine.config.settings())) {
    return c.reply.Error(
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
        "switching between policies at runtime LRU and LFU data will take some time to adjust.");
  }
  c.reply.Integer(IdleSeconds(entry->access(), c.now_ms()));
}

void ObjectFreq(Context& c) {
  const Entry* entry = Inspect(c);
  if (entry == nullptr) return c.reply.Null();
  const Settings& settings = c.engine.config.settings();
  if (CountsUses(settings)) {
    const LfuRules rules{settings.lfu_log_factor, settings.lfu_decay_minutes};
    return c.reply.Integer(LfuCounter(entry->access(), c.now_ms(), rules));
  }
  c.reply.Error(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
      "when switching between policies at runtime LRU and LFU data will take some time to adjust.");
}

// Values are never shared between keys, but Redis shares the numbers below this one, and tells so:
// unless keys are evicted by their use, which shared values could not remember.
constexpr int64_t kSharedNumbers = 10000;

bool SharesNumbers(const Settings& settings) {
  if (settings.maxmemory == 0) return true;
  const auto policy = static_cast<EvictionPolicy>(int64_t{settings.maxmemory_policy});
  return !CountsUses(settings) && policy != EvictionPolicy::kVolatileLru &&
         policy != EvictionPolicy::kAllkeysLru;
}

void ObjectRefCount(Context& c) {
  const Entry* entry = Inspect(c);
  if (entry == nullptr) return c.reply.Null();
  int64_t number;
  const bool shared = entry->type() == ValueType::kString &&
                      entry->string_encoding() == StringEncoding::kInt &&
                      ParseInt64(entry->short_string(), &number) && number >= 0 &&
                      number < kSharedNumbers && SharesNumbers(c.engine.config.settings());
  c.reply.Integer(shared ? std::numeric_limits<int32_t>::max() : 1);
}

void ObjectHelp(Context& c) {
  ReplyHelp(c,
            {{"ENCODING <key>", "How the value of the key is kept."},
             {"FREQ <key>", "How often the key was used, under an LFU policy for maxmemory."},
             {"IDLETIME <key>", "Seconds since the key was used last."},
             {"REFCOUNT <key>", "References to the value: one, or very many for a small number."}});
}

constexpr Command kCommands[] = {
    {.name = "object",
     .arity = -2,
     .group = "generic",
     .since = "2.2.3",
     .complexity = "Depends on the subcommand",
     .summary = "Looks into how values are kept."},
    {.name = "encoding",
     .parent = "object",
     .arity = 3,
     .flags = kReadOnly,
     .categories = kCatKeyspace,
     .keys = {Keys(2, 2, 1, kRO)},
     .run = ObjectEncoding,
     .group = "generic",
     .syntax = "key",
     .since = "2.2.3",
     .complexity = "O(1)",
     .summary = "Returns how the value of a key is kept.",
     .tips = "nondeterministic_output"},
    {.name = "freq",
     .parent = "object",
     .arity = 3,
     .flags = kReadOnly,
     .categories = kCatKeyspace,
     .keys = {Keys(2, 2, 1, kRO)},
     .run = ObjectFreq,
     .group = "generic",
     .syntax = "key",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Returns how often a key was used.",
     .tips = "nondeterministic_output"},
    {.name = "idletime",
     .parent = "object",
     .arity = 3,
     .flags = kReadOnly,
     .categories = kCatKeyspace,
     .keys = {Keys(2, 2, 1, kRO)},
     .run = ObjectIdleTime,
     .group = "generic",
     .syntax = "key",
     .since = "2.2.3",
     .complexity = "O(1)",
     .summary = "Returns the seconds since a key was used last.",
     .tips = "nondeterministic_output"},
    {.name = "refcount",
     .parent = "object",
     .arity = 3,
     .flags = kReadOnly,
     .categories = kCatKeyspace,
     .keys = {Keys(2, 2, 1, kRO)},
     .run = ObjectRefCount,
     .group = "generic",
     .syntax = "key",
     .since = "2.2.3",
     .complexity = "O(1)",
     .summary = "Returns the number of references to the value of a key.",
     .tips = "nondeterministic_output"},
    {.name = "help",
     .parent = "object",
     .arity = 2,
     .flags = kLoading | kStale,
     .categories = kCatKeyspace,
     .run = ObjectHelp,
     .group = "generic",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of OBJECT."},
};

}  // namespace

std::span<const Command> ObjectCommands() { return kCommands; }

}  // namespace larder
