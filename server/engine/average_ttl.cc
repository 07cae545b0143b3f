#include "server/engine/average_ttl.h"

#include <optional>

#include "server/base/random.h"
#include "server/engine/engine.h"
#include "server/engine/worker.h"

namespace larder {
namespace {

constexpr size_t kKeys = 20;     // at a time, as Redis
constexpr int64_t kWeight = 50;  // a new sample counts one part of so many, as there

// The next shard with keys that expire; nothing where no shard has any. Asked without locks.
std::optional<uint32_t> NextShard(const Keyspace& keyspace, int db, uint32_t from) {
  if (keyspace.slice(db, 0) == nullptr) return std::nullopt;  // and so are the others
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    const uint32_t shard = (from + i) % Keyspace::kShards;
    const Slice* slice = keyspace.slice(db, shard);
    if (slice != nullptr && slice->expiry.entries() != 0) return shard;
  }
  return std::nullopt;
}

// Nothing where all that it met were stale records, or due.
std::optional<int64_t> SampleShard(Shard& shard, int db, int64_t now_ms) {
  MutexLock lock(shard.mutex());
  const Slice& slice = *shard.existing_slice(db);
  int64_t average_ms = 0, count = 0;
  slice.expiry.Sample(ThreadRandom().Next(), kKeys, [&](uint32_t hash_top) {
    slice.table.FindByHashTop(hash_top, [&](const Entry* entry, uint64_t) {
      if (!entry->has_expiry()) return false;
      const int64_t left_ms = entry->expiry_ms() - now_ms;
      if (left_ms > 0) average_ms += (left_ms - average_ms) / ++count;
      return true;
    });
    return true;
  });
  if (count == 0) return std::nullopt;
  return average_ms;
}

}  // namespace

void AverageTtl::Sample(Engine& engine, Worker& worker) {
  for (int db = 0; db < engine.keyspace.databases(); ++db) {
    Database& database = databases_[static_cast<size_t>(db)];
    const std::optional<uint32_t> shard = NextShard(engine.keyspace, db, database.next_shard);
    if (!shard) {
      database.average_ms.store(0, std::memory_order_relaxed);
      continue;
    }
    database.next_shard = *shard + 1;
    engine.gate.EnterWaiting(worker.gate_slot);
    const std::optional<int64_t> sample =
        SampleShard(engine.keyspace.shard(*shard), db, worker.now_ms);
    engine.gate.Leave(worker.gate_slot);
    if (!sample) continue;
    const int64_t before = database.average_ms.load(std::memory_order_relaxed);
    const int64_t after = before == 0 ? *sample : before + (*sample - before) / kWeight;
    database.average_ms.store(after, std::memory_order_relaxed);
  }
}

}  // namespace larder
