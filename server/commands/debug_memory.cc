#include "server/commands/debug_memory.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cinttypes>
#include <cstdio>

#include "protocol/errors.h"
#include "server/base/log.h"
#include "server/base/strings.h"
#include "server/commands/object.h"
#include "server/engine/engine.h"
#include "server/store/allocator.h"

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

// A name and a short string share one allocation here, in which nothing is kept ready to grow.
void DebugStringLength(Context& c) {
  const Entry* entry = c.PeekEntry(c.key(2));
  if (entry == nullptr) return c.reply.Error(errors::kNoSuchKey);
  if (entry->type() != ValueType::kString || EncodingName(c, *entry) == "int") {
    return c.reply.Error("ERR Not an sds encoded string.");
  }
  const size_t key_size = entry->key().size();
  c.reply.Status(StrCat("key_sds_len:", key_size, ", key_sds_avail:0, key_zmalloc: ", key_size,
                        ", val_sds_len:", entry->string().size(),
                        ", val_sds_avail:0, val_zmalloc: ", entry->MemoryBytes() - key_size));
}

// The log is standard output where there is no file for it.
void DebugListpack(Context& c) {
  const Entry* entry = c.PeekEntry(c.key(2));
  if (entry == nullptr) return c.reply.Error(errors::kNoSuchKey);
  if (EncodingName(c, *entry) != "listpack") {
    return c.reply.Error("ERR Not a listpack encoded object.");
  }
  Log(LogLevel::kWarning, "DEBUG LISTPACK: ", entry->MemoryBytes(), " bytes with their key");
  c.reply.Status("Listpack structure printed on stdout");
}

// In Redis' classes of size, each twice as large as the one before.
void DebugClientEviction(Context& c) {
  constexpr int kLeastBits = 15, kClasses = 19;
  if (c.engine.config.settings().maxmemory_clients == 0) {
    return c.reply.Error("ERR maxmemory-clients is disabled.");
  }
  struct Class {
    uint64_t bytes = 0, clients = 0;
  };
  std::array<Class, kClasses> classes;
  c.engine.clients.ForEach([&classes](const Client& client) {
    const auto bytes = static_cast<uint64_t>(std::max<int64_t>(client.counted_bytes.load(), 0));
    const int bits = static_cast<int>(std::bit_width(bytes));
    Class& its = classes[static_cast<size_t>(std::clamp(bits - kLeastBits, 0, kClasses - 1))];
    its.bytes += bytes;
    ++its.clients;
  });
  std::string text;
  for (int i = 0; i < kClasses; ++i) {
    const Class& each = classes[static_cast<size_t>(i)];
    const uint64_t end = uint64_t{1} << (i + kLeastBits), begin = i == 0 ? 0 : end / 2;
    char line[128];
    std::snprintf(line, sizeof(line), "bucket %10" PRIu64, begin);
    text += line;
    std::snprintf(line, sizeof(line), " - %10" PRIu64 ": ", end - 1);
    text += i == kClasses - 1 ? "+            : " : line;
    std::snprintf(line, sizeof(line), "tot-mem: %10" PRIu64 ", clients: %" PRIu64 "\n", each.bytes,
                  each.clients);
    text += line;
  }
  c.reply.Verbatim("txt", text);
}

}  // namespace larder
