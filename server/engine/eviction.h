// Eviction: keeps the memory in use below maxmemory. Every thread asks for room before it runs a
// command, while it holds no lock: it evicts keys, each under the lock of one shard, or says that
// there is no room. Threads need not ask the whole process each time: each may grow by a share of
// what is free before it looks again, and by nothing once nothing is free. So the limit is passed
// by one command of each thread at most, unless commands store more at once than can be evicted in
// the time that maxmemory-eviction-tenacity allows one of them; that is caught up with by the next
// ones and by the keeper. What takes more than a share without asking, as loading a file does, the
// keeper finds in its next round; from then on every thread looks before every command until there
// is room again.
//
// Any thread, each with its own Worker.
#pragma once

#include <atomic>
#include <cstdint>

#include "server/engine/parking.h"
#include "server/store/eviction_pool.h"

namespace larder {

class Engine;
class Worker;

// What one thread knows of its share and of keys to evict. Lives in its Worker.
struct EvictionShare {
  int64_t limit = 0;           // maxmemory when it looked last
  int64_t grows_to = 0;        // ThreadHeapBytes up to which it need not look again
  bool full = false;           // there was no room when it looked last
  bool out_of_memory = false;  // the same for the command that runs now, and for its script
  int64_t searched_at_ms = 0;  // when it found that nothing can be evicted
  bool out_of_time() const { return grows_to == INT64_MIN; }
  // It looks again before the next command. Growth is not all that passes the limit: a replica
  // that is promoted begins to heed it, and more may turn out to be in use than was counted.
  void Forget() {
    limit = -1;
    grows_to = 0;
  }
  EvictionPool pool;
  EvictionPolicy pool_policy = EvictionPolicy::kNoEviction;
};

class Eviction {
 public:
  explicit Eviction(Engine& engine) : engine_(engine) {}

  // Makes room as far as there is time. False: the memory in use is above maxmemory and nothing is
  // left to evict, so commands that need memory must be refused. REQUIRES: no shard is locked.
  // Outside of the gate nothing is evicted.
  bool MakeRoom(Worker& worker);

  // While it is held nothing is evicted, and there is room for everything; what others are about to
  // evict still goes. As in Redis while a data set is loaded.
  void Hold(bool hold) { held_.store(hold, std::memory_order_seq_cst); }

  // Bytes in use that count against maxmemory: not what goes by itself in a moment, in the hands of
  // the reclaimer, of a snapshot, or in mailboxes.
  int64_t CountedBytes() const;
  size_t UncountedBytes() const;

  // How long the memory has been above maxmemory, now and in all, in milliseconds.
  int64_t exceeded_ms() const;
  int64_t total_exceeded_ms() const;
  void ResetStats() { total_exceeded_us_.store(0, std::memory_order_relaxed); }

 private:
  enum class Progress : uint8_t { kDone, kOutOfTime, kNothingLeft };

  Progress EvictDownTo(Worker& worker, int64_t limit);
  Progress EvictSome(Worker& worker, int64_t limit, const EvictionRules& rules, int64_t begin_us);
  bool EvictOne(Worker& worker, const EvictionRules& rules);
  bool FillPool(Worker& worker, const EvictionRules& rules);
  bool Evict(Worker& worker, const EvictionRules& rules, const EvictionPool::Candidate& candidate);
  bool EvictFrom(Worker& worker, Shard& shard, const Slice& slice, const EvictionRules& rules,
                 const EvictionPool::Candidate& candidate, ReadyKeys& ready);
  void NoteExceeded(bool exceeded);
  // There was no room when any thread looked last.
  bool exceeded() const { return exceeded_since_us_.load(std::memory_order_relaxed) != 0; }

  Engine& engine_;
  std::atomic<bool> held_{false};
  std::atomic<int64_t> exceeded_since_us_{0};  // 0: it is not
  std::atomic<int64_t> total_exceeded_us_{0};
};

}  // namespace larder
