// EvictionPool: the keys that one thread has found to be worth evicting. As in Redis a few keys are
// sampled at a time and the best of all samples are kept, so that what goes is nearly what exact
// LRU or LFU would choose, without an order over all keys. Candidates are remembered by hash and
// looked up again before they go: they may have been used, changed or removed meanwhile.
//
// Belongs to one thread. A Slice is looked at under its shard's lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "server/base/random.h"
#include "server/config/settings.h"
#include "server/store/access.h"
#include "server/store/shard.h"

namespace larder {

// What decides which key goes.
struct EvictionRules {
  EvictionPolicy policy;
  size_t samples;
  LfuRules lfu;
  int64_t now_ms;  // Unix time

  // Under volatile-* only keys with an expiry go.
  bool only_volatile() const { return policy <= EvictionPolicy::kVolatileTtl; }
  bool Allows(const Entry& entry) const { return !only_volatile() || entry.has_expiry(); }
  // How much an entry is worth evicting: the largest goes first.
  uint64_t Score(const Entry& entry) const;
};

class EvictionPool {
 public:
  static constexpr size_t kMost = 16;

  struct Candidate {
    uint64_t score;
    uint64_t hash;  // of the key
    int db;
  };

  // Keys of the slice that might go; read without the lock.
  static size_t Eligible(const Slice& slice, const EvictionRules& rules);
  // Looks at up to rules.samples keys of the slice and keeps the best. Returns how many it saw.
  size_t Sample(Slice& slice, int db, const EvictionRules& rules, Random& random);

  bool empty() const { return size_ == 0; }
  void Clear() { size_ = 0; }
  // REQUIRES: !empty().
  Candidate TakeBest() { return candidates_[--size_]; }

 private:
  void Offer(const Candidate& candidate);

  size_t size_ = 0;
  std::array<Candidate, kMost> candidates_;  // the best last
};

}  // namespace larder
