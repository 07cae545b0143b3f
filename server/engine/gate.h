// Gate: stands before all shards. Ordinary work passes it once per batch, for the price of one
// store and one load; work on the whole keyspace closes it and is then alone, without a shard's
// lock. A slot belongs to one thread. Being outside also means: looks at no table without its lock,
// so what was retired before a Close may be freed after it.
//
// Order: gate, then shards ascending. A thread leaves before it closes. Closers queue in order;
// between two of them every thread that was waiting gets through once.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include "server/base/mutex.h"

namespace larder {

class Gate {
 public:
  class alignas(64) Slot {
   public:
    bool inside() const { return (passages_.load(std::memory_order_relaxed) & 1) != 0; }

   private:
    friend class Gate;
    std::atomic<uint64_t> passages_{0};  // odd: inside
    bool waiting_ = false;               // was turned away and has not been inside since
  };

  // A thread's slot, valid as long as the gate. At most kMostSlots threads: 64 loops, their
  // stand-bys, the keeper, persistence and replication.
  static constexpr size_t kMostSlots = 96;
  Slot& AddSlot();

  // False when the gate is closed; the caller does without the keyspace, or waits.
  bool Enter(Slot& slot);
  void Leave(Slot& slot);
  // Waits until it is open and enters. For threads that serve nobody meanwhile.
  void EnterWaiting(Slot& slot);

  // Waits for its turn, then until all slots are empty. REQUIRES: the caller's own slot is not
  // inside.
  void Close();
  void Open();
  bool closed() const { return closed_.load(std::memory_order_acquire); }
  // Since when the gate has been closed, in microseconds of the monotonic clock; 0: it is open.
  int64_t closed_since_us() const { return closed_since_us_.load(std::memory_order_relaxed); }

  // Returns when every thread that was inside has left since. REQUIRES: the caller is outside.
  void WaitForBatches();

  // Called (from the thread that opens) whenever the gate opens after somebody was turned away.
  // Set before threads start.
  void OnOpen(std::function<void()> callback) { on_open_ = std::move(callback); }

 private:
  std::array<Slot, kMostSlots> slots_;  // the first slot_count_ are given out
  std::atomic<size_t> slot_count_{0};
  std::atomic<bool> closed_{false};
  std::atomic<int64_t> closed_since_us_{0};
  std::atomic<int> turned_away_{0};  // threads that found it closed and have not been inside since
  std::function<void()> on_open_;

  Mutex mutex_;
  CondVar changed_;
  uint64_t next_ticket_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t serving_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Closes the gate for the length of a scope, leaving and re-entering with the thread's own slot.
class GateClosed {
 public:
  GateClosed(Gate& gate, Gate::Slot& own);
  ~GateClosed();
  GateClosed(const GateClosed&) = delete;
  GateClosed& operator=(const GateClosed&) = delete;

 private:
  Gate& gate_;
  Gate::Slot& own_;
  bool was_inside_;
};

}  // namespace larder
