// ExpiryIndex: which entries of a shard's database are due next. A min-heap of 8-byte records: a
// tick of 100 ms and 32 bits of the key's hash. Records are never searched for: an expiry that
// moves later or goes away leaves its record behind, which is looked at when it comes up, and
// pushed again or dropped. So EXPIRE on a key that is used over and over (a session) costs nothing
// here. Under the shard's lock; next_tick() may be read without.
//
// Invariant: every entry with an expiry has a record whose tick is not after it.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "server/store/size_class.h"

namespace larder {

class ExpiryIndex {
 public:
  static constexpr uint32_t kNever = UINT32_MAX;
  // Ticks count from a moment in 2020, so 32 bits reach for 13 years; what is later comes up then
  // and is pushed again.
  static uint32_t TickOf(int64_t unix_ms);

  // An entry got an expiry it did not have, or an earlier one. `hash` is the key's.
  void Add(int64_t expiry_ms, uint64_t hash);
  // Takes the next record that is due; false where none is. The upper 32 bits of a key's hash tell
  // which entries it may stand for.
  bool PopDue(int64_t now_ms, uint32_t* hash_top);

  // Drops the records that come up first and are stale: is_stale(hash_top) says that no entry with
  // an expiry can have one of them.
  template <typename IsStale>
  void DropStale(IsStale is_stale) {
    while (!heap_.empty() && is_stale(static_cast<uint32_t>(heap_.front()))) PopFront();
  }
  // Calls visit(hash_top) for records that lie together, those that come up first (`from` 0) or
  // others, by a random `from`, until it has returned true `most` times: a record may be stale.
  template <typename Visit>
  void Sample(uint64_t from, size_t most, Visit visit) const {
    const size_t count = heap_.size();
    if (count == 0) return;
    from %= count;
    for (size_t i = 0; i < count && most > 0; ++i) {
      if (visit(static_cast<uint32_t>(heap_[(from + i) % count]))) --most;
    }
  }

  // Number of entries with an expiry, kept by the shard.
  size_t entries() const { return entries_.load(std::memory_order_relaxed); }
  void CountEntries(int64_t change) {
    entries_.store(entries_.load(std::memory_order_relaxed) + static_cast<size_t>(change),
                   std::memory_order_relaxed);
  }
  // True when most records are stale, and the shard should Clear and Add anew.
  bool Bloated() const { return heap_.size() > 64 && heap_.size() > 3 * entries(); }
  void Clear();

  uint32_t next_tick() const { return next_tick_.load(std::memory_order_relaxed); }
  size_t MemoryBytes() const {
    return heap_.capacity() == 0 ? 0 : RoundUpToSizeClass(heap_.capacity() * sizeof(uint64_t));
  }

 private:
  void PopFront();

  std::vector<uint64_t> heap_;  // tick << 32 | top of the hash; least first
  std::atomic<uint32_t> next_tick_{kNever};
  std::atomic<size_t> entries_{0};
};

}  // namespace larder
