#include "server/persistence/snapshot.h"

#include "server/engine/engine.h"
#include "server/engine/script_host.h"

namespace larder {
namespace {

// Inside the gate and under a shard's lock.
class ShardAccess {
 public:
  ShardAccess(Engine& engine, Worker& worker, Shard& shard) ABSL_NO_THREAD_SAFETY_ANALYSIS
      : gate_(engine.gate),
        slot_(worker.gate_slot),
        shard_(shard) {
    gate_.EnterWaiting(slot_);
    shard_.mutex().Lock();
  }
  ~ShardAccess() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    shard_.mutex().Unlock();
    gate_.Leave(slot_);
  }

 private:
  Gate& gate_;
  Gate::Slot& slot_;
  Shard& shard_;
};

}  // namespace

std::vector<RdbFacts::DbSize> SizesOf(const Keyspace& keyspace) {
  std::vector<RdbFacts::DbSize> sizes;
  for (int db = 0; db < keyspace.databases(); ++db) {
    sizes.push_back({keyspace.Size(db), keyspace.Expires(db)});
  }
  return sizes;
}

void WriteKeyspace(Keyspace& keyspace, RdbSave& save) {
  for (int db = 0; db < keyspace.databases(); ++db) {
    for (uint32_t i = 0; i < Keyspace::kShards && save.ok(); ++i) {
      const Slice* slice = keyspace.shard(i).existing_slice(db);
      if (slice == nullptr) continue;
      slice->table.ForEach([&](const Entry* entry) { save.Key(db, *entry); });
    }
  }
}

bool Snapshot::Cut(RdbFacts facts) {
  if (running_.exchange(true, std::memory_order_acq_rel)) return false;
  aborted_.store(false, std::memory_order_relaxed);
  facts_ = std::move(facts);
  facts_.sizes = SizesOf(engine_.keyspace);
  uint64_t keys = 0;
  for (const RdbFacts::DbSize& size : facts_.sizes) keys += size.keys;
  keys_total_.store(keys, std::memory_order_relaxed);
  keys_written_.store(0, std::memory_order_relaxed);
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) engine_.keyspace.shard(i).CutSnapshot();
  return true;
}

bool Snapshot::Take(Worker& worker, absl::FunctionRef<void(RdbFacts&)> at_cut) {
  GateClosed closed(engine_.gate, worker.gate_slot);
  if (running()) return false;
  RdbFacts facts;
  if (engine_.scripts != nullptr) facts.libraries = engine_.scripts->LibrarySources();
  at_cut(facts);
  return Cut(std::move(facts));
}

bool Snapshot::Write(Worker& worker, RdbSink& sink, RdbSave::Options options) {
  options.aborted = &aborted_;
  RdbSave save(sink, options, ValueLimits(engine_.config.settings()));
  save.Begin(facts_);
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    Shard& shard = engine_.keyspace.shard(i);
    if (save.ok() && !aborted()) WriteShard(worker, shard, save);
    if (!save.ok() || aborted()) GiveUp(worker, shard);
  }
  const bool whole = !aborted() && save.End();
  facts_ = {};
  running_.store(false, std::memory_order_release);
  return whole;
}

uint64_t Snapshot::kept_bytes() const {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    bytes += engine_.keyspace.shard(i).snapshot().kept_bytes();
  }
  return bytes;
}

void Snapshot::WriteShard(Worker& worker, Shard& shard, RdbSave& save) {
  const auto write = [&](int db, const Entry& entry) {
    if (!save.ok() || aborted()) return;
    save.Key(db, entry);
    keys_written_.fetch_add(1, std::memory_order_relaxed);
  };
  ShardWalk walk(shard);
  for (bool last = false; !last && save.ok() && !aborted();) {
    ShardWalk::Step step;
    {
      ShardAccess access(engine_, worker, shard);
      step = walk.Next();
    }
    for (const SavedEntry& saved : step.entries) {
      write(saved.db, *saved.entry);
      Entry::Free(saved.entry);
    }
    for (const SavedTable& saved : step.tables) {
      Table::ForEachIn(saved.contents, [&](const Entry* entry) {
        if (entry->epoch() != step.epoch) write(saved.db, *entry);
      });
      engine_.keyspace.reclaimer().Free(saved.contents);
    }
    last = step.last;
  }
}

// Frees what was kept, and brings all entries to the snapshot's epoch.
void Snapshot::GiveUp(Worker& worker, Shard& shard) {
  ShardWalk::Step step;
  {
    ShardAccess access(engine_, worker, shard);
    if (!shard.snapshot().running()) return;
    step = ShardWalk(shard).GiveUp();
  }
  for (const SavedEntry& saved : step.entries) Entry::Free(saved.entry);
  for (const SavedTable& saved : step.tables) engine_.keyspace.reclaimer().Free(saved.contents);
}

}  // namespace larder
