#include "server/store/shard_snapshot.h"

#include <cstddef>

#include "server/store/heap_counters.h"
#include "server/store/shard.h"

namespace larder {

void ShardWalk::NoticeSwap() {
  if (swaps_ == shard_.swaps()) return;
  swaps_ = shard_.swaps();
  slice_ = 0;
  position_ = 0;
}

ShardWalk::Step ShardWalk::Next() {
  NoticeSwap();
  ShardSnapshot& snapshot = shard_.snapshot();
  Step step{snapshot.TakeEntries(), snapshot.TakeTables(), 0, snapshot.epoch()};
  const HeapGrowth clones;
  for (size_t left = kBucketsPerStep; left > 0 && slice_ < shard_.databases();) {
    const Slice* slice = shard_.existing_slice(slice_);
    if (slice != nullptr) {
      const size_t buckets = std::min(left, slice->table.buckets());
      position_ = slice->table.Scan(position_, buckets, [&](Entry* entry) {
        if (!snapshot.Unsaved(entry)) return;
        step.entries.push_back({slice->saved_as, entry->Clone(entry->key(), entry->expiry_ms())});
        entry->set_epoch(snapshot.epoch());
      });
      left -= buckets;
    }
    if (position_ == 0) ++slice_;
  }
  snapshot.Count(clones.bytes());
  step.bytes = snapshot.TakeCounted();
  step.last = slice_ == shard_.databases();
  if (step.last) snapshot.End();
  return step;
}

ShardWalk::Step ShardWalk::GiveUp() {
  ShardSnapshot& snapshot = shard_.snapshot();
  for (int db = 0; db < shard_.databases(); ++db) {
    const Slice* slice = shard_.existing_slice(db);
    if (slice == nullptr) continue;
    slice->table.ForEach([&](Entry* entry) { entry->set_epoch(snapshot.epoch()); });
  }
  snapshot.End();
  return {snapshot.TakeEntries(), snapshot.TakeTables(), snapshot.TakeCounted(), snapshot.epoch(),
          true};
}

}  // namespace larder
