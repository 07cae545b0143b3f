#include "server/store/eviction_pool.h"

#include <algorithm>

#include "server/base/hash.h"

namespace larder {

uint64_t EvictionRules::Score(const Entry& entry) const {
  switch (policy) {
    case EvictionPolicy::kVolatileLru:
    case EvictionPolicy::kAllkeysLru:
      return IdleSeconds(entry.access(), now_ms);
    case EvictionPolicy::kVolatileLfu:
    case EvictionPolicy::kAllkeysLfu:
      return uint64_t{255} - LfuCounter(entry.access(), now_ms, lfu);
    case EvictionPolicy::kVolatileTtl:
      return UINT64_MAX - static_cast<uint64_t>(entry.expiry_ms());
    default:
      return 0;  // one is as good as another
  }
}

size_t EvictionPool::Eligible(const Slice& slice, const EvictionRules& rules) {
  return rules.only_volatile() ? slice.expiry.entries() : slice.table.size();
}

size_t EvictionPool::Sample(Slice& slice, int db, const EvictionRules& rules, Random& random) {
  size_t seen = 0;
  const auto look = [&](const Entry* entry, uint64_t hash) {
    ++seen;
    Offer({rules.Score(*entry), hash, db});
  };
  if (!rules.only_volatile()) {
    slice.table.Sample(random.Next(), rules.samples,
                       [&](const Entry* entry) { look(entry, HashBytes(entry->key())); });
    return seen;
  }
  const auto look_up = [&](uint32_t hash_top) {
    return slice.table.FindByHashTop(hash_top, [&](const Entry* entry, uint64_t hash) {
      if (entry->has_expiry()) look(entry, hash);
      return entry->has_expiry();
    });
  };
  // What the index has in front expires first, but for expiries that were moved later since. What
  // was evicted has left its records there.
  if (rules.policy == EvictionPolicy::kVolatileTtl) {
    const auto has_expiry = [](const Entry* entry, uint64_t) { return entry->has_expiry(); };
    slice.expiry.DropStale(
        [&](uint32_t hash_top) { return !slice.table.FindByHashTop(hash_top, has_expiry); });
    slice.expiry.Sample(0, rules.samples, look_up);
  }
  slice.expiry.Sample(random.Next(), rules.samples, look_up);
  return seen;
}

void EvictionPool::Offer(const Candidate& candidate) {
  Candidate* begin = candidates_.data();
  Candidate* end = begin + size_;
  Candidate* known = std::find_if(begin, end, [&candidate](const Candidate& each) {
    return each.hash == candidate.hash && each.db == candidate.db;
  });
  if (known != end) {
    std::copy(known + 1, end--, known);
  } else if (size_ == kMost) {
    if (candidate.score <= begin->score) return;
    std::copy(begin + 1, end--, begin);
  }
  Candidate* place =
      std::upper_bound(begin, end, candidate,
                       [](const Candidate& a, const Candidate& b) { return a.score < b.score; });
  std::copy_backward(place, end, end + 1);
  *place = candidate;
  size_ = static_cast<size_t>(end + 1 - begin);
}

}  // namespace larder
