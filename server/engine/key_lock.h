// KeyLock: the token without which there is no data. It holds the locks of the shards of some keys,
// or stands for the closed gate, which needs none. At most kMostShards: ThreadSanitizer dies above
// 64 held mutexes, and whoever needs more is better off behind the closed gate.
//
// Lock order: shards ascending. One thread; lives on the stack for one command, EXEC or script.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "server/base/check.h"
#include "server/store/keyspace.h"

namespace larder {

// A key of the running command, hashed once: where it is and that its shard is locked.
struct Key {
  std::string_view name;
  uint64_t hash;
  Shard* shard;
  int db;
};

class KeyLock {
 public:
  static constexpr size_t kMostShards = 32;

  struct Exclusive {};
  // Locks nothing yet.
  explicit KeyLock(Keyspace& keyspace) : keyspace_(keyspace) {}
  // REQUIRES: the gate is closed by this thread.
  KeyLock(Keyspace& keyspace, Exclusive) : keyspace_(keyspace), exclusive_(true) {}
  ~KeyLock() { UnlockAll(); }
  KeyLock(const KeyLock&) = delete;
  KeyLock& operator=(const KeyLock&) = delete;

  // Locks the shards of these hashes. False, with nothing locked, when they are more than
  // kMostShards. REQUIRES: nothing is locked yet.
  bool Lock(std::span<const uint64_t> hashes);
  // The same for one key, which is the usual case.
  void LockOne(uint64_t hash);
  void UnlockAll() {
    if (count_ > 0) Unlock();
  }

  // Lets go of what is locked and locks this shard alone, for walks over all shards.
  Shard& Visit(uint32_t shard);

  bool exclusive() const { return exclusive_; }
  bool Covers(uint32_t shard) const {
    return count_ == 1 ? shards_[0] == shard : CoversAmongMany(shard);
  }
  // The shard of a key with this hash; CHECKs that it is covered.
  Shard& shard(uint64_t hash) {
    const uint32_t index = Keyspace::ShardOf(hash);
    CHECK(Covers(index));
    return keyspace_.shard(index);
  }
  Key key(std::string_view name, uint64_t hash, int db) { return {name, hash, &shard(hash), db}; }
  Keyspace& keyspace() { return keyspace_; }

 private:
  void Unlock();
  bool CoversAmongMany(uint32_t shard) const;

  Keyspace& keyspace_;
  bool exclusive_ = false;
  uint8_t count_ = 0;
  uint16_t shards_[kMostShards];  // ascending, unique
};

}  // namespace larder
