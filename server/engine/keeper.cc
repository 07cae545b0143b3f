#include "server/engine/keeper.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "server/base/clock.h"
#include "server/engine/expire.h"
#include "server/store/allocator.h"
#include "server/store/heap_counters.h"
#include "server/store/memory.h"

namespace larder {
namespace {

constexpr std::chrono::milliseconds kRound{100};
// Objects freed in the background after which the pages are given back: a flush, not daily work.
constexpr uint64_t kPurgeAfterObjects = 10000;

}  // namespace

Keeper::Keeper(Engine& engine)
    : engine_(engine), worker_(engine.gate, engine.stats.AddWorker()), thread_([this] { Run(); }) {}

Keeper::~Keeper() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyOne();
  thread_.join();
}

void Keeper::Run() {
  CountThisThread();
  for (;;) {
    {
      MutexLock lock(mutex_);
      if (!stopping_) changed_.WaitFor(mutex_, kRound);
      if (stopping_) return;
    }
    Round(worker_);
  }
}

void Keeper::Round(Worker& worker) {
  worker.now_ms = WallMs();
  if (engine_.active_expire.load(std::memory_order_relaxed) &&
      engine_.RemovesExpired(worker.now_ms)) {
    ExpireDue(engine_, worker);
    engine_.average_ttl.Sample(engine_, worker);
  }
  if (engine_.replica.load(std::memory_order_relaxed)) {
    engine_.local_expiries.RemoveDue(engine_, worker);
  }
  FreeRetiredArrays(worker);
  EvictWhatIsLeft(worker);
  engine_.log.Announce();
  engine_.Settle(worker);
  engine_.rates.Sample(engine_.stats, MonotonicMs());
  SampleMemory();
  const uint64_t freed = engine_.keyspace.reclaimer().freed();
  reclaimed_seen_ = std::min(reclaimed_seen_, freed);  // CONFIG RESETSTAT begins anew
  if (freed - reclaimed_seen_ >= kPurgeAfterObjects &&
      engine_.keyspace.reclaimer().pending() == 0) {
    reclaimed_seen_ = freed;
    PurgeMemory();
  }
}

// What commands had no time for, and what the limit asks for while nobody sends commands.
void Keeper::EvictWhatIsLeft(Worker& worker) {
  worker.eviction.Forget();
  while (engine_.config.settings().maxmemory != 0) {
    engine_.gate.EnterWaiting(worker.gate_slot);
    engine_.eviction.MakeRoom(worker);
    engine_.gate.Leave(worker.gate_slot);
    if (!worker.eviction.out_of_time()) return;
  }
}

void Keeper::FreeRetiredArrays(Worker& worker) {
  Table::Retired retired;
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    Shard& shard = engine_.keyspace.shard(i);
    if (!shard.has_retired()) continue;
    // Who flushes has closed the gate, and takes no lock.
    engine_.gate.EnterWaiting(worker.gate_slot);
    {
      MutexLock lock(shard.mutex());
      shard.TakeRetired(retired);
    }
    engine_.gate.Leave(worker.gate_slot);
  }
  if (retired.empty()) return;
  // A prefetch may still look at them in the batches that are under way.
  engine_.gate.WaitForBatches();
  for (void* array : retired) std::free(array);
}

}  // namespace larder
