// SliceDirectory: where the slices of all shards are, one row for each database. A row of 1024
// pointers stays in the first cache, so that who prefetches, without a lock and for any key, gets
// from the key's hash to its slot with one look at memory that may be far away.
//
// Written under the lock of the shard (or the closed gate), read by any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder {

struct Slice;

class SliceDirectory {
 public:
  SliceDirectory(int databases, uint32_t shards)
      : databases_(databases), shards_(shards), slices_(static_cast<size_t>(databases) * shards) {}

  int databases() const { return databases_; }
  std::atomic<Slice*>& at(int db, uint32_t shard) {
    return slices_[static_cast<size_t>(db) * shards_ + shard];
  }
  // Null where the database never held a key of this shard.
  Slice* slice(int db, uint32_t shard) const {
    return slices_[static_cast<size_t>(db) * shards_ + shard].load(std::memory_order_acquire);
  }

 private:
  const int databases_;
  const uint32_t shards_;
  std::vector<std::atomic<Slice*>> slices_;
};

}  // namespace larder
