#include "server/commands/debug_memory.h"

#include "server/base/strings.h"
#include "server/engine/engine.h"
#include "server/store/memory.h"

namespace larder {

// The counters of each database against a walk over its entries.
void DebugAccounting(Context& c) {
  for (int db = 0; db < c.engine.keyspace.databases(); ++db) {
    size_t walked = 0;
    for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
      const Slice* slice = c.lock.Visit(i).existing_slice(db);
      if (slice == nullptr) continue;
      slice->table.ForEach([&walked](const Entry* entry) { walked += entry->MemoryBytes(); });
    }
    const size_t counted = c.engine.keyspace.BytesOf(db).entries;
    if (counted == walked) continue;
    return c.reply.Error(
        StrCat("ERR database ", db, " counts ", counted, " bytes, but holds ", walked));
  }
  c.reply.Ok();
}

void DebugMallctl(Context& c) {
  int64_t wanted = 0;
  const bool writes = c.args.size() > 3;
  if (writes && !c.Integer(3, &wanted)) return;
  int64_t value = 0;
  const std::string error =
      AllocatorNumber(std::string(c.args[2]), writes ? &wanted : nullptr, &value);
  if (!error.empty()) return c.reply.Error(StrCat("ERR ", error));
  c.reply.Integer(value);
}

// Only what takes and gives nothing: texts would be addresses.
void DebugMallctlString(Context& c) {
  if (c.args[3] != "VOID") return c.SyntaxError();
  const std::string error = RunAllocatorControl(std::string(c.args[2]));
  if (!error.empty()) return c.reply.Error(StrCat("ERR ", error));
  c.reply.Ok();
}

}  // namespace larder
