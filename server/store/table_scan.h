// The iterations over a Table, which are templates. Included by table.h alone.
#pragma once

#include <algorithm>

#include "server/base/hash.h"

namespace larder {

template <typename Visit>
uint64_t Table::Scan(uint64_t position, size_t most_buckets, Visit visit) const {
  const Root root = this->root();
  if (!root.exists()) return 0;
  const size_t mask = root.mask();
  // A bucket covers the positions whose top bits are its number. A table may have more buckets than
  // there are positions only beyond 2^43 slots, which no memory holds.
  const int bucket_bits = 64 - root.shift();
  const int position_shift = kPositionBits - bucket_bits;
  size_t home = position >> position_shift;
  for (size_t visited = 0; visited < most_buckets && home <= mask; ++visited, ++home) {
    for (size_t i = home;; i = (i + 1) & mask) {
      uint64_t word = root.slot(i).load(std::memory_order_relaxed);
      if (word == 0) break;
      if (!MayBelong(root, word, home)) continue;
      Entry* entry = EntryOf(word);
      uint64_t hash = HashBytes(entry->key());
      if (root.HomeOf(hash) != home) continue;
      if ((hash >> (64 - kPositionBits)) >= position) visit(entry);
    }
  }
  return home > mask ? 0 : static_cast<uint64_t>(home) << position_shift;
}

template <typename Visit>
void Table::ForEach(Visit visit) const {
  ForEachIn(root().slots(), visit);
}

template <typename Visit>
void Table::ForEachIn(const Slots* slots, Visit& visit) {
  if (slots == nullptr) return;
  for (size_t i = 0; i < slots->count; ++i) {
    uint64_t word = slots->slot[i].load(std::memory_order_relaxed);
    if (word != 0) visit(EntryOf(word));
  }
}

template <typename Visit>
void Table::Sample(uint64_t random, size_t most, Visit visit) const {
  const Slots* slots = root().slots();
  if (slots == nullptr) return;
  const size_t mask = slots->count - 1;
  // Like this the entries, which are anywhere, are fetched at the same time.
  constexpr size_t kFetched = 16;
  const Entry* found[kFetched];
  size_t looked = 0;
  while (most > 0 && looked < slots->count) {
    size_t count = 0;
    for (; count < std::min(most, kFetched) && looked < slots->count; ++looked) {
      const uint64_t word = slots->slot[(random + looked) & mask].load(std::memory_order_relaxed);
      if (word == 0) continue;
      found[count++] = EntryOf(word);
      __builtin_prefetch(EntryOf(word));
    }
    for (size_t i = 0; i < count; ++i) visit(found[i]);
    most -= count;
  }
}

template <typename Visit>
bool Table::FindByHashTop(uint32_t hash_top, Visit visit) const {
  const Root root = this->root();
  if (!root.exists()) return false;
  const size_t mask = root.mask();
  // Beyond 2^32 buckets the home is not known from half of the hash alone; no shard has them.
  const size_t home = root.HomeOf(uint64_t{hash_top} << 32);
  for (size_t i = home;; i = (i + 1) & mask) {
    uint64_t word = root.slot(i).load(std::memory_order_relaxed);
    if (word == 0) return false;
    if (!MayBelong(root, word, home)) continue;
    uint64_t hash = HashBytes(EntryOf(word)->key());
    if (hash >> 32 == hash_top && visit(EntryOf(word), hash)) return true;
  }
}

}  // namespace larder
