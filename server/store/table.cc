#include "server/store/table.h"

#include <bit>
#include <cstdlib>
#include <new>

#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/store/size_class.h"

namespace larder {

Table::Slots* Table::NewSlots(size_t count) {
  CHECK(std::has_single_bit(count));
  void* memory = std::calloc(1, sizeof(Slots) + (count - 1) * sizeof(Slot));
  if (memory == nullptr) throw std::bad_alloc();
  Slots* slots = static_cast<Slots*>(memory);
  slots->count = count;
  slots->shift = 64 - std::countr_zero(count);
  return slots;
}

Table::~Table() { std::free(slots_.load(std::memory_order_relaxed)); }

Entry* Table::Find(std::string_view key, uint64_t hash) const {
  const Slots* slots = slots_.load(std::memory_order_relaxed);
  if (slots == nullptr) return nullptr;
  const size_t mask = slots->count - 1;
  const uint64_t tag = TagOf(hash);
  for (size_t i = hash >> slots->shift;; i = (i + 1) & mask) {
    const uint64_t word = slots->slot[i].load(std::memory_order_relaxed);
    if (word == 0) return nullptr;
    if ((word & ~kPointerMask) != tag) continue;
    Entry* entry = EntryOf(word);
    if (entry->key() == key) return entry;
  }
}

size_t Table::IndexOf(const Slots* slots, const Entry* entry, uint64_t hash) const {
  const size_t mask = slots->count - 1;
  for (size_t i = hash >> slots->shift;; i = (i + 1) & mask) {
    const uint64_t word = slots->slot[i].load(std::memory_order_relaxed);
    CHECK(word != 0);
    if ((word & kPointerMask) == reinterpret_cast<uint64_t>(entry)) return i;
  }
}

void Table::Place(Slots* slots, uint64_t word, uint64_t hash) {
  const size_t mask = slots->count - 1;
  size_t i = hash >> slots->shift;
  while (slots->slot[i].load(std::memory_order_relaxed) != 0) i = (i + 1) & mask;
  slots->slot[i].store(word, std::memory_order_relaxed);
}

void Table::Insert(Entry* entry, uint64_t hash, Retired& retired) {
  const size_t count = buckets();
  if ((size() + 1) * 8 > count * 7) Resize(count == 0 ? kFewestSlots : count * 2, retired);
  CHECK((reinterpret_cast<uint64_t>(entry) & ~kPointerMask) == 0);
  Place(slots_.load(std::memory_order_relaxed), TagOf(hash) | reinterpret_cast<uint64_t>(entry),
        hash);
  size_.store(size() + 1, std::memory_order_relaxed);
}

void Table::Replace(const Entry* old, Entry* entry, uint64_t hash) {
  Slots* slots = slots_.load(std::memory_order_relaxed);
  slots->slot[IndexOf(slots, old, hash)].store(TagOf(hash) | reinterpret_cast<uint64_t>(entry),
                                               std::memory_order_relaxed);
}

// Closes the gap by moving back whatever would no longer be found behind it, so no tombstones are
// left.
void Table::Remove(const Entry* entry, uint64_t hash, Retired& retired) {
  Slots* slots = slots_.load(std::memory_order_relaxed);
  const size_t mask = slots->count - 1;
  size_t gap = IndexOf(slots, entry, hash);
  for (size_t i = (gap + 1) & mask;; i = (i + 1) & mask) {
    const uint64_t word = slots->slot[i].load(std::memory_order_relaxed);
    if (word == 0) break;
    const size_t home = HashBytes(EntryOf(word)->key()) >> slots->shift;
    // It may stay when its home lies between the gap (exclusive) and its place, counted around the
    // end.
    if (((i - home) & mask) < ((i - gap) & mask)) continue;
    slots->slot[gap].store(word, std::memory_order_relaxed);
    gap = i;
  }
  slots->slot[gap].store(0, std::memory_order_relaxed);
  size_.store(size() - 1, std::memory_order_relaxed);
  if (slots->count > kFewestSlots && size() * 8 < slots->count) Resize(slots->count / 4, retired);
}

void Table::Resize(size_t count, Retired& retired) {
  if (count < kFewestSlots) count = kFewestSlots;
  Slots* old = slots_.load(std::memory_order_relaxed);
  Slots* slots = NewSlots(count);
  if (old != nullptr) {
    for (size_t i = 0; i < old->count; ++i) {
      const uint64_t ahead =
          i + 8 < old->count ? old->slot[i + 8].load(std::memory_order_relaxed) : 0;
      __builtin_prefetch(EntryOf(ahead));
      const uint64_t word = old->slot[i].load(std::memory_order_relaxed);
      if (word != 0) Place(slots, word, HashBytes(EntryOf(word)->key()));
    }
    retired.push_back(old);
  }
  slots_.store(slots, std::memory_order_release);
}

Entry* Table::Random(uint64_t random) const {
  CHECK(size() > 0);
  const Slots* slots = slots_.load(std::memory_order_relaxed);
  const size_t mask = slots->count - 1;
  // Slots are drawn anew until one is full: walking on from an empty one would favour clusters'
  // heads. The table is at least an eighth full but for tiny ones, so few draws are needed; then it
  // walks.
  for (int draw = 0; draw < 64; ++draw) {
    const uint64_t word = slots->slot[random & mask].load(std::memory_order_relaxed);
    if (word != 0) return EntryOf(word);
    random = random * 6364136223846793005u + 1442695040888963407u;
    random ^= random >> 33;
  }
  for (size_t i = random & mask;; i = (i + 1) & mask) {
    const uint64_t word = slots->slot[i].load(std::memory_order_relaxed);
    if (word != 0) return EntryOf(word);
  }
}

Table::Contents Table::Release() {
  Contents contents{slots_.load(std::memory_order_relaxed), size(), 0};
  slots_.store(nullptr, std::memory_order_relaxed);
  size_.store(0, std::memory_order_relaxed);
  return contents;
}

void Table::FreeContents(const Contents& contents) {
  Slots* slots = static_cast<Slots*>(contents.slots);
  if (slots == nullptr) return;
  for (size_t i = 0; i < slots->count; ++i) {
    const uint64_t word = slots->slot[i].load(std::memory_order_relaxed);
    if (word != 0) Entry::Free(EntryOf(word));
  }
  std::free(slots);
}

void Table::PrefetchSlot(uint64_t hash) const {
  const Slots* slots = slots_.load(std::memory_order_acquire);
  if (slots != nullptr) __builtin_prefetch(&slots->slot[hash >> slots->shift]);
}

void Table::PrefetchEntry(uint64_t hash) const {
  const Slots* slots = slots_.load(std::memory_order_acquire);
  if (slots == nullptr) return;
  const size_t mask = slots->count - 1;
  const uint64_t tag = TagOf(hash);
  size_t i = hash >> slots->shift;
  for (int probe = 0; probe < 4; ++probe, i = (i + 1) & mask) {
    const uint64_t word = slots->slot[i].load(std::memory_order_relaxed);
    if (word == 0) return;
    if ((word & ~kPointerMask) != tag) continue;
    // Header and key, and where a short value goes on.
    const char* entry = reinterpret_cast<const char*>(EntryOf(word));
    __builtin_prefetch(entry);
    return __builtin_prefetch(entry + 64);
  }
}

size_t Table::MemoryBytes() const {
  const size_t count = buckets();
  return count == 0 ? 0 : RoundUpToSizeClass(sizeof(Slots) + (count - 1) * sizeof(Slot));
}

}  // namespace larder
