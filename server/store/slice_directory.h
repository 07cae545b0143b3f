// SliceDirectory: where the slices of all shards are, one row for each database. A row of 1024
// pointers stays in the first cache, so that who prefetches, without a lock and for any key, gets
// from the key's hash to its slot with one look at memory that may be far away.
//
// Invariant: a row has all its slices or none: its memory, some 200 KB, is taken when the database
// holds its first key, and not bit by bit while it fills up to a limit (maxmemory).
//
// MakeRow may be called by whoever holds the lock of one of the shards; swapping rows (Shard) needs
// the closed gate; reading is for any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/base/mutex.h"

namespace larder {

struct Slice;

class SliceDirectory {
 public:
  SliceDirectory(int databases, uint32_t shards);
  ~SliceDirectory();

  int databases() const { return databases_; }
  std::atomic<Slice*>& at(int db, uint32_t shard) {
    return slices_[static_cast<size_t>(db) * shards_ + shard];
  }
  // Makes the slices of a database that has none.
  void MakeRow(int db);
  // Null where the database never held a key.
  Slice* slice(int db, uint32_t shard) const {
    return slices_[static_cast<size_t>(db) * shards_ + shard].load(std::memory_order_acquire);
  }

 private:
  const int databases_;
  const uint32_t shards_;
  std::vector<std::atomic<Slice*>> slices_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Slice[]>> rows_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace larder
