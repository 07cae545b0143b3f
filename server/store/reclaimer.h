// Reclaimer: frees what is too large to be freed inside a command, on a thread of its own. Any
// thread may hand something over, also under a shard's lock (the queue's own lock is held for a
// push only). The queue is bounded by what was stored: it holds memory that is waiting to be freed,
// nothing new.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <thread>

#include "server/base/mutex.h"
#include "server/store/table.h"

namespace larder {

class Reclaimer {
 public:
  Reclaimer();
  ~Reclaimer();  // frees what is left

  // `bytes`: what will be free then.
  void Free(Entry* entry, size_t bytes);
  void Free(const Table::Contents& contents);
  // Frees here what waits beyond `most_bytes`, for who can't go on without the memory where the
  // thread gets too little of a core. Stops at what is large. No lock is held.
  void Help(uint64_t most_bytes);

  // Objects waiting, and objects freed so far (INFO's lazyfree_pending_objects, lazyfreed_objects).
  uint64_t pending() const { return pending_.load(std::memory_order_relaxed); }
  uint64_t freed() const { return freed_.load(std::memory_order_relaxed); }
  void ResetFreed() { freed_.store(0, std::memory_order_relaxed); }
  // Bytes of the entries that wait, which are as good as free.
  uint64_t pending_bytes() const { return pending_bytes_.load(std::memory_order_relaxed); }

 private:
  struct Work {
    Entry* entry = nullptr;
    Table::Contents contents;
    size_t bytes = 0;
  };
  // What who helps may be kept busy with: a millisecond or so.
  static constexpr size_t kMostHelpBytes = 1024 * 1024;

  void Push(const Work& work, uint64_t objects);
  bool AwaitWork(Work& work);
  // The next, unless it is larger.
  bool TakeWork(Work& work, size_t most_bytes = SIZE_MAX);
  void Do(const Work& work);
  void Run();

  Mutex mutex_;
  CondVar changed_;
  std::deque<Work> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<uint64_t> pending_{0};
  std::atomic<uint64_t> freed_{0};
  std::atomic<uint64_t> pending_bytes_{0};
  std::thread thread_;
};

// Frees an entry that is in no table any more, null not at all; a large one on the reclaimer's
// thread, and with `lazy` (the lazyfree-lazy-* directives, UNLINK) every one that is more than a
// few allocations.
void FreeEntry(Entry* entry, Reclaimer& reclaimer, bool lazy);

}  // namespace larder
