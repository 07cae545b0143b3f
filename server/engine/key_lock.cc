#include "server/engine/key_lock.h"

#include <algorithm>

namespace larder {

// Which mutexes are held depends on data, so the static analysis stops here; ThreadSanitizer goes
// on.
bool KeyLock::Lock(std::span<const uint64_t> hashes) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  CHECK(count_ == 0 && !exclusive_);
  for (uint64_t hash : hashes) {
    const auto shard = static_cast<uint16_t>(Keyspace::ShardOf(hash));
    uint16_t* end = shards_ + count_;
    uint16_t* place = std::lower_bound(shards_, end, shard);
    if (place != end && *place == shard) continue;
    if (count_ == kMostShards) {
      count_ = 0;
      return false;
    }
    std::copy_backward(place, end, end + 1);
    *place = shard;
    ++count_;
  }
  for (size_t i = 0; i < count_; ++i) keyspace_.shard(shards_[i]).mutex().Lock();
  return true;
}

void KeyLock::LockOne(uint64_t hash) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  CHECK(count_ == 0 && !exclusive_);
  const uint32_t shard = Keyspace::ShardOf(hash);
  shards_[count_++] = static_cast<uint16_t>(shard);
  keyspace_.shard(shard).mutex().Lock();
}

void KeyLock::Unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  while (count_ > 0) keyspace_.shard(shards_[--count_]).mutex().Unlock();
}

Shard& KeyLock::Visit(uint32_t shard) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  Shard& visited = keyspace_.shard(shard);
  if (exclusive_) return visited;
  UnlockAll();
  visited.mutex().Lock();
  shards_[count_++] = static_cast<uint16_t>(shard);
  return visited;
}

bool KeyLock::CoversAmongMany(uint32_t shard) const {
  const uint16_t* end = shards_ + count_;
  return exclusive_ || std::binary_search(shards_, end, static_cast<uint16_t>(shard));
}

}  // namespace larder
