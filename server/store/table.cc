#include "server/store/table.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/store/size_class.h"

namespace larder {
namespace {

// Slots between the one whose key is hashed and the one whose entry is fetched: as long as memory
// takes to answer.
constexpr size_t kFetchedAhead = 8;
// At an eighth full one in 5000 misses them all.
constexpr int kMostDraws = 64;
// A look ahead that finds nothing costs the lookup a wait: few places are farther from home.
constexpr int kMostProbes = 4;

}  // namespace

Table::Slots* Table::NewSlots(size_t count) {
  CHECK(std::has_single_bit(count));
  void* memory = std::calloc(1, sizeof(Slots) + (count - 1) * sizeof(Slot));
  if (memory == nullptr) throw std::bad_alloc();
  Slots* slots = static_cast<Slots*>(memory);
  slots->count = count;
  return slots;
}

Table::~Table() { std::free(root().slots()); }

Entry* Table::Find(std::string_view key, uint64_t hash) const {
  const Root root = this->root();
  if (!root.exists()) return nullptr;
  const size_t mask = root.mask();
  const uint64_t tag = TagOf(root, hash);
  for (size_t i = root.HomeOf(hash);; i = (i + 1) & mask) {
    const uint64_t word = root.slot(i).load(std::memory_order_relaxed);
    if (word == 0) return nullptr;
    if ((word & ~kPointerMask) != tag) continue;
    Entry* entry = EntryOf(word);
    if (entry->key() == key) return entry;
  }
}

size_t Table::IndexOf(Root root, const Entry* entry, uint64_t hash) const {
  const size_t mask = root.mask();
  for (size_t i = root.HomeOf(hash);; i = (i + 1) & mask) {
    const uint64_t word = root.slot(i).load(std::memory_order_relaxed);
    CHECK(word != 0);
    if ((word & kPointerMask) == reinterpret_cast<uint64_t>(entry)) return i;
  }
}

// False when there is no empty slot near enough to its home.
bool Table::Place(Root root, Entry* entry, uint64_t hash) {
  CHECK((reinterpret_cast<uint64_t>(entry) & ~kPointerMask) == 0);
  const size_t mask = root.mask();
  size_t i = root.HomeOf(hash);
  for (size_t steps = 0; root.slot(i).load(std::memory_order_relaxed) != 0; ++steps) {
    if (steps == kMostSteps - 1) return false;
    i = (i + 1) & mask;
  }
  root.slot(i).store(TagOf(root, hash) | reinterpret_cast<uint64_t>(entry),
                     std::memory_order_relaxed);
  return true;
}

void Table::Insert(Entry* entry, uint64_t hash, Retired& retired) {
  const size_t count = buckets();
  if (!Fits(size() + 1, count)) Resize(count * 2, retired);
  while (!Place(root(), entry, hash)) Resize(buckets() * 2, retired);
  size_.store(size() + 1, std::memory_order_relaxed);
}

void Table::Reserve(size_t entries, Retired& retired) {
  size_t count = std::max(buckets(), kFewestSlots);
  while (!Fits(entries, count)) count *= 2;
  if (count > buckets()) Resize(count, retired);
}

void Table::Replace(const Entry* old, Entry* entry, uint64_t hash) {
  const Root root = this->root();
  root.slot(IndexOf(root, old, hash))
      .store(TagOf(root, hash) | reinterpret_cast<uint64_t>(entry), std::memory_order_relaxed);
}

// Closes the gap by moving back whatever would no longer be found behind it, so no tombstones are
// left.
void Table::Remove(const Entry* entry, uint64_t hash, Retired& retired) {
  const Root root = this->root();
  const size_t mask = root.mask();
  size_t gap = IndexOf(root, entry, hash);
  for (size_t i = (gap + 1) & mask;; i = (i + 1) & mask) {
    const uint64_t word = root.slot(i).load(std::memory_order_relaxed);
    if (word == 0) break;
    // It may stay when its home lies between the gap (exclusive) and its place, counted around the
    // end.
    if (StepsOf(root, word, i) < ((i - gap) & mask)) continue;
    root.slot(gap).store(word, std::memory_order_relaxed);
    gap = i;
  }
  root.slot(gap).store(0, std::memory_order_relaxed);
  size_.store(size() - 1, std::memory_order_relaxed);
  if (mask >= kFewestSlots && size() * 8 <= mask) Resize((mask + 1) / 4, retired);
}

bool Table::PlaceAll(const Slots& from, Root root) {
  for (size_t i = 0; i < from.count; ++i) {
    const size_t later = i + kFetchedAhead;
    __builtin_prefetch(
        EntryOf(later < from.count ? from.slot[later].load(std::memory_order_relaxed) : 0));
    const uint64_t word = from.slot[i].load(std::memory_order_relaxed);
    if (word == 0) continue;
    Entry* entry = EntryOf(word);
    if (!Place(root, entry, HashBytes(entry->key()))) return false;
  }
  return true;
}

void Table::Resize(size_t count, Retired& retired) {
  if (count < kFewestSlots) count = kFewestSlots;
  Slots* old = root().slots();
  Slots* slots = NewSlots(count);
  while (old != nullptr && !PlaceAll(*old, Root(slots))) {
    std::free(slots);
    slots = NewSlots(count *= 2);
  }
  if (old != nullptr) retired.push_back(old);
  set_root(Root(slots));
}

Entry* Table::Random(uint64_t random) const {
  CHECK(size() > 0);
  const Root root = this->root();
  const size_t mask = root.mask();
  // Slots are drawn anew until one is full: walking on from an empty one would favour clusters'
  // heads. The table is at least an eighth full but for tiny ones, so few draws are needed; then it
  // walks.
  for (int draw = 0; draw < kMostDraws; ++draw) {
    const uint64_t word = root.slot(random & mask).load(std::memory_order_relaxed);
    if (word != 0) return EntryOf(word);
    random = random * 6364136223846793005u + 1442695040888963407u;
    random ^= random >> 33;
  }
  for (size_t i = random & mask;; i = (i + 1) & mask) {
    const uint64_t word = root.slot(i).load(std::memory_order_relaxed);
    if (word != 0) return EntryOf(word);
  }
}

Table::Contents Table::Release() {
  Contents contents{root().slots(), size(), 0};
  set_root(Root());
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
  FreeSlots(contents);
}

void Table::FreeSlots(const Contents& contents) { std::free(contents.slots); }

void Table::PrefetchSlot(uint64_t hash) const {
  const Root root = this->root();
  if (root.exists()) __builtin_prefetch(&root.slot(root.HomeOf(hash)));
}

const Entry* Table::Likely(uint64_t hash) const {
  const Root root = this->root();
  if (!root.exists()) return nullptr;
  const size_t mask = root.mask();
  const uint64_t tag = TagOf(root, hash);
  size_t i = root.HomeOf(hash);
  for (int probe = 0; probe < kMostProbes; ++probe, i = (i + 1) & mask) {
    const uint64_t word = root.slot(i).load(std::memory_order_relaxed);
    if (word == 0) break;
    if ((word & ~kPointerMask) == tag) return EntryOf(word);
  }
  return nullptr;
}

void Table::PrefetchEntry(uint64_t hash) const {
  // Header and key, and where a short value goes on.
  const char* entry = reinterpret_cast<const char*>(Likely(hash));
  if (entry == nullptr) return;
  __builtin_prefetch(entry);
  __builtin_prefetch(entry + 64);
}

void Table::PrefetchValue(uint64_t hash) const {
  if (const Entry* entry = Likely(hash)) __builtin_prefetch(entry->outside());
}

void Table::PrefetchContents(uint64_t hash) const {
  if (const Entry* entry = Likely(hash)) __builtin_prefetch(entry->contents());
}

size_t Table::MemoryBytes() const {
  const size_t count = buckets();
  return count == 0 ? 0 : RoundUpToSizeClass(sizeof(Slots) + (count - 1) * sizeof(Slot));
}

}  // namespace larder
