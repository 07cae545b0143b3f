// Table: the hash table of one shard and database: open addressing, slots of 8 bytes (a tag of 16
// bits and a 48-bit pointer), home bucket by the top bits of the hash, linear probing. Entries in
// home order are entries in hash order, which is what makes SCAN's cursor a position in hash space.
//
// The tag is the lower 10 bits of the home bucket's number and 6 other bits of the hash: where a
// neighbour belongs is known without a look at it, which would be a look at memory far away.
//
// Everything is called under the shard's lock, but for PrefetchSlot and PrefetchEntry: these read
// the slots as relaxed atomics and only touch caches. Arrays that a resize replaced must therefore
// outlive the batch of every thread: they go to the Retired list that the caller empties.
//
// Invariants: load <= 7/8; an entry lies between its home and the next empty slot, and less than
// kMostSteps behind its home.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/store/entry.h"

namespace larder {

class Table {
 public:
  // Slot arrays that may still be looked at by a prefetch; freed once every thread has left its
  // batch.
  using Retired = std::vector<void*>;

  Table() = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table();  // frees the array, not the entries

  size_t size() const { return size_.load(std::memory_order_relaxed); }
  size_t buckets() const { return empty_array() ? 0 : root().mask() + 1; }

  Entry* Find(std::string_view key, uint64_t hash) const;
  // REQUIRES: no entry with that key.
  void Insert(Entry* entry, uint64_t hash, Retired& retired);
  // So many entries will fit without another resize.
  void Reserve(size_t entries, Retired& retired);
  // Puts `entry` where `old` stood. REQUIRES: `old` is in the table, and both have the same key.
  void Replace(const Entry* old, Entry* entry, uint64_t hash);
  // Takes the entry out without freeing it. REQUIRES: it is in the table.
  void Remove(const Entry* entry, uint64_t hash, Retired& retired);

  // Calls visit(Entry*) for the entries whose hash has its top 43 bits at or above `position`,
  // whole buckets in order, until `most` buckets have been looked at. Returns the position to go on
  // from, or 0 at the end. Whatever is inserted, removed or resized between calls, an entry that
  // stays is visited.
  template <typename Visit>
  uint64_t Scan(uint64_t position, size_t most_buckets, Visit visit) const;
  template <typename Visit>
  void ForEach(Visit visit) const;
  // Calls visit(Entry*, hash) for the entries whose hash has these upper 32 bits, until it returns
  // true. The table must not be changed before it has returned true.
  template <typename Visit>
  bool FindByHashTop(uint32_t hash_top, Visit visit) const;
  // Visits up to `most` entries that lie behind one another from a random slot on: neighbours by
  // hash, hence a random choice, for the price of one look at the slots.
  template <typename Visit>
  void Sample(uint64_t random, size_t most, Visit visit) const;
  // A random entry, uniform but for clustering. REQUIRES: size() > 0.
  Entry* Random(uint64_t random) const;

  // Lets go of everything at once: the array with its entries, to be freed elsewhere.
  struct Contents {
    void* slots = nullptr;
    size_t size = 0;
    size_t bytes = 0;  // of the entries, where the shard knows
  };
  Contents Release();
  // Frees an array and all its entries; any thread, no lock.
  static void FreeContents(const Contents& contents);
  // Frees the array alone.
  static void FreeSlots(const Contents& contents);
  // Calls visit(Entry*) for all of them.
  template <typename Visit>
  static void ForEachIn(const Contents& contents, Visit visit) {
    ForEachIn(static_cast<const Slots*>(contents.slots), visit);
  }

  // Each fetches what the one before has found: the slot, the entry, the value outside of it, and
  // what that one points to. The first two need no lock.
  void PrefetchSlot(uint64_t hash) const;
  void PrefetchEntry(uint64_t hash) const;
  void PrefetchValue(uint64_t hash) const;
  void PrefetchContents(uint64_t hash) const;

  size_t MemoryBytes() const;

  static constexpr int kPositionBits = 43;

 private:
  using Slot = std::atomic<uint64_t>;
  struct Slots {
    size_t count;  // a power of two
    Slot slot[1];
  };
  // An array, and by how much a hash is shifted to be the number of its home bucket: one word, so
  // that one load yields a consistent pair, and nobody looks at the array but where a key may be.
  class Root {
   public:
    Root() = default;
    explicit Root(uint64_t word) : word_(word) {}
    explicit Root(Slots* slots)
        : word_(reinterpret_cast<uint64_t>(slots) |
                static_cast<uint64_t>(64 - std::countr_zero(slots->count)) << 48) {}
    uint64_t word() const { return word_; }
    bool exists() const { return word_ != 0; }
    Slots* slots() const { return reinterpret_cast<Slots*>(word_ & kPointerMask); }
    Slot& slot(size_t i) const { return slots()->slot[i]; }
    int shift() const { return static_cast<int>(word_ >> 48); }
    size_t mask() const { return ~uint64_t{0} >> shift(); }
    size_t HomeOf(uint64_t hash) const { return hash >> shift(); }

   private:
    uint64_t word_ = 0;
  };
  Root root() const { return Root(root_.load(std::memory_order_acquire)); }
  bool empty_array() const { return !root().exists(); }
  void set_root(Root root) { root_.store(root.word(), std::memory_order_release); }
  static Slots* NewSlots(size_t count);
  template <typename Visit>
  static void ForEachIn(const Slots* slots, Visit& visit);
  static Entry* EntryOf(uint64_t word) { return reinterpret_cast<Entry*>(word & kPointerMask); }
  static constexpr uint64_t kPointerMask = (uint64_t{1} << 48) - 1;
  static constexpr size_t kFewestSlots = 8;
  // Tags tell homes apart that are less than this many buckets from each other.
  static constexpr size_t kMostSteps = 1024;
  static uint64_t TagOf(Root root, uint64_t hash) {
    return (root.HomeOf(hash) & (kMostSteps - 1)) << 54 | ((hash >> 12) & 0x3f) << 48;
  }
  // How far behind its home the word in slot `i` lies.
  static size_t StepsOf(Root root, uint64_t word, size_t i) {
    return (i - (word >> 54)) & root.mask() & (kMostSteps - 1);
  }
  // Whether the word in slot `i` may belong into the bucket `home`.
  static bool MayBelong(Root root, uint64_t word, size_t home) {
    return (((word >> 54) ^ home) & root.mask() & (kMostSteps - 1)) == 0;
  }

  static bool Fits(size_t entries, size_t slots) { return entries * 8 <= slots * 7; }
  size_t IndexOf(Root root, const Entry* entry, uint64_t hash) const;
  // The entry that a key with this hash is likely to have, found without a look at it.
  const Entry* Likely(uint64_t hash) const;
  void Resize(size_t count, Retired& retired);
  static bool Place(Root root, Entry* entry, uint64_t hash);
  static bool PlaceAll(const Slots& from, Root root);

  std::atomic<uint64_t> root_{0};
  std::atomic<size_t> size_{0};  // written under the lock, read by DBSIZE without
};

}  // namespace larder

#include "server/store/table_scan.h"
