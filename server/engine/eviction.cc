#include "server/engine/eviction.h"

#include <algorithm>
#include <cmath>

#include "server/base/clock.h"
#include "server/engine/engine.h"
#include "server/engine/removal.h"
#include "server/store/heap_counters.h"
#include "server/store/memory.h"

namespace larder {
namespace {

// A thread looks again at the latest when it has grown by this: what other threads may add to the
// same room in the meantime.
constexpr int64_t kMostShare = 64 * 1024;
// What waits to be freed counts as free, as it will be in a moment: unless the reclaimer gets no
// core, when who needs room helps it.
constexpr uint64_t kMostWaiting = 1024 * 1024;

// How long one command may evict, in microseconds: as in Redis half a millisecond at the default of
// 10, without a limit at 100.
int64_t TimeLimitUs(int64_t tenacity) {
  if (tenacity <= 10) return 50 * tenacity;
  if (tenacity >= 100) return INT64_MAX;
  return static_cast<int64_t>(500 * std::pow(1.15, static_cast<double>(tenacity - 10)));
}

EvictionRules RulesOf(const Settings& settings, int64_t now_ms) {
  return {.policy = static_cast<EvictionPolicy>(int64_t{settings.maxmemory_policy}),
          .samples = static_cast<size_t>(int64_t{settings.maxmemory_samples}),
          .lfu = {settings.lfu_log_factor, settings.lfu_decay_minutes},
          .now_ms = now_ms};
}

}  // namespace

bool Eviction::MakeRoom(Worker& worker) {
  const bool ignored = engine_.replica.load(std::memory_order_relaxed) &&
                       engine_.config.settings().replica_ignore_maxmemory;
  if (ignored || held_.load(std::memory_order_relaxed) || engine_.pause.active(worker.now_ms)) {
    worker.eviction.Forget();
    return true;
  }
  EvictionShare& share = worker.eviction;
  const int64_t limit = engine_.config.settings().maxmemory;
  // A thread that has not grown has taken nothing, which is enough as long as there is room. Where
  // growth is not counted, always look.
  if (limit == share.limit && !share.full && !exceeded() && ThreadHeapBytes() <= share.grows_to &&
      HeapIsCounted()) [[likely]] {
    return true;
  }
  const bool policy_evicts = engine_.config.settings().maxmemory_policy !=
                             static_cast<int64_t>(EvictionPolicy::kNoEviction);
  if (policy_evicts && !worker.gate_slot.inside()) return true;
  engine_.keyspace.reclaimer().Help(kMostWaiting);
  int64_t room = limit - CountedBytes();
  Progress progress = Progress::kDone;
  if (room < 0) {
    progress = policy_evicts ? EvictDownTo(worker, limit) : Progress::kNothingLeft;
    room = limit - CountedBytes();
  }
  NoteExceeded(progress != Progress::kDone);
  share.limit = limit;
  share.full = progress == Progress::kNothingLeft;
  const int64_t threads = engine_.io_threads + 1;
  // Whoever ran out of time goes on with the next command, whatever that is.
  share.grows_to = progress == Progress::kOutOfTime
                       ? INT64_MIN
                       : ThreadHeapBytes() + std::clamp<int64_t>(room / threads, 0, kMostShare);
  return !share.full;
}

Eviction::Progress Eviction::EvictDownTo(Worker& worker, int64_t limit) {
  EvictionShare& share = worker.eviction;
  const EvictionRules rules = RulesOf(engine_.config.settings(), WallMs());
  if (std::exchange(share.pool_policy, rules.policy) != rules.policy) share.pool.Clear();
  // Finding nothing in all shards takes some microseconds: not for every command.
  if (share.full && share.searched_at_ms == rules.now_ms) return Progress::kNothingLeft;
  const int64_t begin_us = MonotonicUs();
  const Progress progress = EvictSome(worker, limit, rules, begin_us);
  if (progress == Progress::kNothingLeft) share.searched_at_ms = rules.now_ms;
  engine_.NoteDelaySince("eviction-cycle", begin_us);
  return progress;
}

Eviction::Progress Eviction::EvictSome(Worker& worker, int64_t limit, const EvictionRules& rules,
                                       int64_t begin_us) {
  // Looking at the clock costs as much as a sampled key.
  constexpr int kKeysPerLook = 8;
  const int64_t most_us = TimeLimitUs(engine_.config.settings().eviction_tenacity);
  for (int evicted = 1; CountedBytes() > limit; ++evicted) {
    if (!EvictOne(worker, rules)) return Progress::kNothingLeft;
    if (evicted % kKeysPerLook == 0 && MonotonicUs() - begin_us >= most_us) {
      return Progress::kOutOfTime;
    }
  }
  return Progress::kDone;
}

// False when there is nothing to evict.
bool Eviction::EvictOne(Worker& worker, const EvictionRules& rules) {
  EvictionPool& pool = worker.eviction.pool;
  // Candidates fail that other threads evict or clients use meanwhile; they are few, so whoever
  // fails over and over is in a keyspace that others are just emptying.
  constexpr int kMostTries = 1000;
  for (int tries = 0; tries < kMostTries; ++tries) {
    if (!FillPool(worker, rules) && pool.empty()) return false;
    while (!pool.empty()) {
      if (Evict(worker, rules, pool.TakeBest())) return true;
    }
  }
  return false;
}

// Samples keys from one shard chosen at random, or from several where they hold few. False: there
// are no keys that the policy allows to evict.
bool Eviction::FillPool(Worker& worker, const EvictionRules& rules) {
  const auto start = static_cast<uint32_t>(ThreadRandom().Below(Keyspace::kShards));
  size_t seen = 0;
  for (uint32_t i = 0; i < Keyspace::kShards && seen < rules.samples; ++i) {
    Shard& shard = engine_.keyspace.shard((start + i) % Keyspace::kShards);
    for (int db = 0; db < engine_.keyspace.databases(); ++db) {
      Slice* slice = shard.existing_slice(db);
      if (slice == nullptr || EvictionPool::Eligible(*slice, rules) == 0) continue;
      MutexLock lock(shard.mutex());
      seen += worker.eviction.pool.Sample(*slice, db, rules, ThreadRandom());
    }
  }
  return seen > 0;
}

// False when the candidate is gone, or is worth less than when it was sampled: it was used since.
bool Eviction::Evict(Worker& worker, const EvictionRules& rules,
                     const EvictionPool::Candidate& candidate) {
  Shard& shard = engine_.keyspace.shard(Keyspace::ShardOf(candidate.hash));
  const Slice* slice = shard.existing_slice(candidate.db);
  if (slice == nullptr) return false;
  ReadyKeys ready;
  if (!EvictFrom(worker, shard, *slice, rules, candidate, ready)) return false;
  if (!ready.empty()) Parking::Serve(engine_, worker, std::move(ready));
  return true;
}

bool Eviction::EvictFrom(Worker& worker, Shard& shard, const Slice& slice,
                         const EvictionRules& rules, const EvictionPool::Candidate& candidate,
                         ReadyKeys& ready) {
  MutexLock lock(shard.mutex());
  Entry* found = nullptr;
  slice.table.FindByHashTop(static_cast<uint32_t>(candidate.hash >> 32),
                            [&](Entry* entry, uint64_t hash) {
                              if (hash == candidate.hash) found = entry;
                              return found != nullptr;
                            });
  if (found == nullptr || !rules.Allows(*found) || rules.Score(*found) < candidate.score) {
    return false;
  }
  RemoveKey(engine_, worker, shard, candidate.db, found, candidate.hash, Removal::kEvicted, ready);
  engine_.CommitApart(worker);
  return true;
}

int64_t Eviction::CountedBytes() const {
  const auto used = static_cast<int64_t>(UsedMemory());
  return used - static_cast<int64_t>(UncountedBytes());
}

// If the invalidations of what was evicted counted, or what replicas are told of it and have not
// taken yet, or what a snapshot keeps of it, they would have more evicted.
size_t Eviction::UncountedBytes() const {
  const auto backlog = static_cast<size_t>(engine_.config.settings().repl_backlog_bytes);
  const size_t log = engine_.log.memory_bytes();
  return engine_.keyspace.reclaimer().pending_bytes() + engine_.keyspace.snapshot_memory().bytes() +
         engine_.MailBytes() + (log > backlog ? log - backlog : 0);
}

void Eviction::NoteExceeded(bool exceeded) {
  int64_t since_us = exceeded_since_us_.load(std::memory_order_relaxed);
  if (exceeded == (since_us != 0)) return;
  const int64_t now_us = MonotonicUs();
  if (!exceeded_since_us_.compare_exchange_strong(since_us, exceeded ? now_us : 0)) return;
  if (!exceeded) total_exceeded_us_.fetch_add(now_us - since_us, std::memory_order_relaxed);
}

int64_t Eviction::exceeded_ms() const {
  const int64_t since_us = exceeded_since_us_.load(std::memory_order_relaxed);
  return since_us == 0 ? 0 : (MonotonicUs() - since_us) / 1000;
}

int64_t Eviction::total_exceeded_ms() const {
  return total_exceeded_us_.load(std::memory_order_relaxed) / 1000 + exceeded_ms();
}

}  // namespace larder
