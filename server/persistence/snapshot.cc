#include "server/persistence/snapshot.h"

#include <algorithm>
#include <thread>

#include "server/base/background.h"
#include "server/engine/engine.h"
#include "server/engine/script_host.h"
#include "server/store/heap_counters.h"

namespace larder {
namespace {

// Compressing is most of the work; four threads fill a disk.
constexpr unsigned kMostThreads = 4;

size_t ThreadCount(const RdbSave::Options& options) {
  if (options.key_delay_us != 0) return 1;  // so that the delays add up
  return std::clamp(std::thread::hardware_concurrency(), 1u, kMostThreads);
}

// Calls write(thread, shard number, part) for all shards, in so many threads.
template <typename Write>
void WriteInParts(size_t thread_count, int niceness, RdbParts& parts,
                  const RdbSave::Options& options, const ValueLimits& limits, Write write) {
  std::atomic<uint32_t> next{0};
  const auto run = [&](size_t number) {
    CountThisThread();
    LowerPriority(niceness);
    RdbPart part(parts, options, limits);
    for (uint32_t shard; (shard = next.fetch_add(1)) < Keyspace::kShards;) {
      write(number, shard, part);
    }
    part.Finish();
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < thread_count; ++i) threads.emplace_back(run, i);
  for (std::thread& thread : threads) thread.join();
}

// Inside the gate and under a shard's lock.
class ShardAccess {
 public:
  ShardAccess(Engine& engine, Gate::Slot& slot, Shard& shard) ABSL_NO_THREAD_SAFETY_ANALYSIS
      : gate_(engine.gate),
        slot_(slot),
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

bool WriteKeyspace(Keyspace& keyspace, const RdbFacts& facts, RdbSink& sink,
                   const RdbSave::Options& options, const ValueLimits& limits) {
  RdbSave save(sink, options, limits);
  save.Begin(facts);
  RdbParts parts(save);
  const auto write = [&](size_t, uint32_t number, RdbPart& part) {
    for (int db = 0; db < keyspace.databases() && part.ok(); ++db) {
      const Slice* slice = keyspace.shard(number).existing_slice(db);
      if (slice == nullptr) continue;
      slice->table.ForEach([&](const Entry* entry) { part.Key(db, *entry); });
    }
  };
  WriteInParts(ThreadCount(options), 0, parts, options, limits, write);
  return save.End();
}

bool WriteKeyspace(Keyspace& keyspace, const RdbFacts& facts, CommandSave& save) {
  save.Begin(facts);
  for (int db = 0; db < keyspace.databases(); ++db) {
    keyspace.ForEachSlice(db, [&save, db](const Slice& slice) {
      if (save.ok()) slice.table.ForEach([&save, db](const Entry* entry) { save.Key(db, *entry); });
    });
  }
  return save.End();
}

Snapshot::Snapshot(Engine& engine) : engine_(engine) {
  for (size_t i = 0; i < kMostThreads; ++i) slots_.push_back(&engine.gate.AddSlot());
}

uint64_t Snapshot::Cut(RdbFacts facts) {
  if (running_.exchange(true, std::memory_order_acq_rel)) return 0;
  MutexLock lock(abort_mutex_);
  aborted_.store(false, std::memory_order_relaxed);
  facts_ = std::move(facts);
  facts_.sizes = SizesOf(engine_.keyspace);
  uint64_t keys = 0;
  for (const RdbFacts::DbSize& size : facts_.sizes) keys += size.keys;
  keys_total_.store(keys, std::memory_order_relaxed);
  keys_written_.store(0, std::memory_order_relaxed);
  progress_.Begin();
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) engine_.keyspace.shard(i).CutSnapshot();
  return ++cuts_;
}

uint64_t Snapshot::Take(Worker& worker, absl::FunctionRef<void(RdbFacts&)> at_cut) {
  GateClosed closed(engine_.gate, worker.gate_slot);
  if (running()) return 0;
  RdbFacts facts;
  if (engine_.scripts != nullptr) facts.libraries = engine_.scripts->LibrarySources();
  at_cut(facts);
  return Cut(std::move(facts));
}

template <typename Save>
void Snapshot::WriteShard(Gate::Slot& slot, Shard& shard, Save& save) {
  CoreOffers offers;
  const auto write = [&](int db, const Entry& entry) {
    if (!save.ok() || aborted()) return;
    save.Key(db, entry);
    keys_written_.fetch_add(1, std::memory_order_relaxed);
    offers.WorkDone();
  };
  progress_.At(keys_written(), keys_total());
  ShardWalk walk(shard);
  for (bool last = false; !last && save.ok() && !aborted();) {
    ShardWalk::Step step;
    {
      ShardAccess access(engine_, slot, shard);
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
    engine_.keyspace.snapshot_memory().Remove(step.bytes);
    last = step.last;
  }
}

Snapshot::Outcome Snapshot::Write(RdbSink& sink, RdbSave::Options options) {
  options.aborted = &aborted_;
  const ValueLimits limits(engine_.config.settings());
  RdbSave save(sink, options, limits);
  save.Begin(facts_);
  RdbParts parts(save);
  const auto write = [&](size_t thread, uint32_t number, RdbPart& part) {
    Shard& shard = engine_.keyspace.shard(number);
    if (part.ok() && !aborted()) WriteShard(*slots_[thread], shard, part);
    if (!part.ok() || aborted()) GiveUp(*slots_[thread], shard);
  };
  const size_t threads = ThreadCount(options);
  SnapshotMemory& memory = engine_.keyspace.snapshot_memory();
  memory.Add(threads * RdbPart::kMemoryBytes);
  WriteInParts(threads, kBackgroundNiceness, parts, options, limits, write);
  memory.Remove(threads * RdbPart::kMemoryBytes);
  return End(!aborted() && save.End());
}

Snapshot::Outcome Snapshot::Write(CommandSave& save) {
  std::thread thread([&] {
    CountThisThread();
    LowerPriority(kBackgroundNiceness);
    save.Begin(facts_);
    for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
      Shard& shard = engine_.keyspace.shard(i);
      if (save.ok() && !aborted()) WriteShard(*slots_[0], shard, save);
      if (!save.ok() || aborted()) GiveUp(*slots_[0], shard);
    }
  });
  thread.join();
  return End(!aborted() && save.End());
}

Snapshot::Outcome Snapshot::End(bool whole) {
  const Outcome outcome = whole       ? Outcome::kWritten
                          : aborted() ? Outcome::kAborted
                                      : Outcome::kFailed;
  facts_ = {};
  running_.store(false, std::memory_order_release);
  return outcome;
}

void Snapshot::Abort(uint64_t cut) {
  MutexLock lock(abort_mutex_);
  if (cut == cuts_) Abort();
}

uint64_t Snapshot::kept_bytes() const {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    bytes += engine_.keyspace.shard(i).snapshot().kept_bytes();
  }
  return bytes;
}

// Frees what was kept, and brings all entries to the snapshot's epoch.
void Snapshot::GiveUp(Gate::Slot& slot, Shard& shard) {
  ShardWalk::Step step;
  {
    ShardAccess access(engine_, slot, shard);
    if (!shard.snapshot().running()) return;
    step = ShardWalk(shard).GiveUp();
  }
  for (const SavedEntry& saved : step.entries) Entry::Free(saved.entry);
  for (const SavedTable& saved : step.tables) engine_.keyspace.reclaimer().Free(saved.contents);
  engine_.keyspace.snapshot_memory().Remove(step.bytes);
}

}  // namespace larder
