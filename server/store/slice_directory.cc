#include "server/store/slice_directory.h"

#include "server/store/shard.h"

namespace larder {

SliceDirectory::SliceDirectory(int databases, uint32_t shards)
    : databases_(databases), shards_(shards), slices_(static_cast<size_t>(databases) * shards) {}

SliceDirectory::~SliceDirectory() = default;

void SliceDirectory::MakeRow(int db) {
  MutexLock lock(mutex_);
  if (slice(db, 0) != nullptr) return;  // another shard's first key came at the same moment
  Slice* row = rows_.emplace_back(std::make_unique<Slice[]>(shards_)).get();
  // The first pointer last: whoever sees it sees the whole row.
  for (uint32_t shard = shards_; shard-- > 0;) {
    row[shard].saved_as = db;
    at(db, shard).store(&row[shard], std::memory_order_release);
  }
}

}  // namespace larder
