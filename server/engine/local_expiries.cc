#include "server/engine/local_expiries.h"

#include <utility>

#include "server/base/hash.h"
#include "server/engine/engine.h"
#include "server/engine/removal.h"

namespace larder {

void LocalExpiries::Note(const Key& key, int64_t expiry_ms) {
  MutexLock lock(mutex_);
  if (due_.size() < kMost) due_.emplace(expiry_ms, key.db, key.name);
  any_.store(true, std::memory_order_relaxed);
}

// A key that has another expiry by now, or none, was noted anew or is nobody's here any more.
void LocalExpiries::RemoveDue(Engine& engine, Worker& worker) {
  if (!any_.load(std::memory_order_relaxed)) return;
  for (;;) {
    std::tuple<int64_t, int, std::string> next;
    {
      MutexLock lock(mutex_);
      if (due_.empty() || std::get<0>(*due_.begin()) > worker.now_ms) return;
      next = std::move(due_.extract(due_.begin()).value());
    }
    const auto& [expiry_ms, db, name] = next;
    const uint64_t hash = HashBytes(name);
    ReadyKeys ready;
    engine.gate.EnterWaiting(worker.gate_slot);
    {
      KeyLock lock(engine.keyspace);
      lock.LockOne(hash);
      Shard& shard = lock.shard(hash);
      Entry* entry = shard.Find(db, name, hash);
      if (entry != nullptr && entry->has_expiry() && entry->expiry_ms() == expiry_ms) {
        RemoveKey(engine, worker, shard, db, entry, hash, Removal::kExpired, ready);
      }
      engine.CommitApart(worker);
    }
    if (!ready.empty()) Parking::Serve(engine, worker, std::move(ready));
    engine.gate.Leave(worker.gate_slot);
  }
}

void LocalExpiries::Clear() {
  MutexLock lock(mutex_);
  due_.clear();
  any_.store(false, std::memory_order_relaxed);
}

}  // namespace larder
