// Dict: the map of byte strings to byte strings beneath hashes, sets and the members of sorted
// sets. Nothing at all while empty; one DictSegment while small; then a directory of segments of at
// most DictSegment::kMaxBytes each (extendible hashing): the top bits of a key's hash choose the
// segment, so that a segment covers one range of hashes. It grows by splitting one segment, never
// by a pause for all.
//
// A small dict keeps the order of insertion (a map of at most kMostOrdered records grows beyond one
// segment at 56 KiB, everything else at 8). Clone() shares the segments, and a later change on
// either side copies the one segment it touches.
//
// Not synchronized: the caller holds the lock of the shard that owns the dict. A clone is a dict of
// its own and may be read and freed on any other thread meanwhile. Views handed out are valid until
// the dict changes. Bytes given must not lie in the dict itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "server/base/hash.h"
#include "server/base/random.h"
#include "server/store/dict_segment.h"

namespace larder {

class Dict {
 public:
  enum class Kind : uint8_t { kMap, kKeysOnly };
  using Visitor = absl::FunctionRef<void(const DictRecord&)>;

  explicit Dict(Kind kind) : keys_only_(kind == Kind::kKeysOnly) {}
  Dict(Dict&& other) noexcept;
  Dict& operator=(Dict&& other) noexcept;
  ~Dict() { Clear(); }

  size_t size() const;
  bool empty() const { return size() == 0; }

  // True when the key is new. Takes a reference where the value is in a Blob.
  bool Set(std::string_view key, const BulkView& value) { return Set(key, HashBytes(key), value); }
  bool Set(std::string_view key, uint64_t hash, const BulkView& value);
  std::optional<BulkView> Find(std::string_view key) const;
  std::optional<BulkView> Find(std::string_view key, uint64_t hash) const;
  bool Contains(std::string_view key) const { return Find(key).has_value(); }
  bool Contains(std::string_view key, uint64_t hash) const { return Find(key, hash).has_value(); }
  // False when the key is absent.
  bool Erase(std::string_view key) { return Erase(key, HashBytes(key)); }
  bool Erase(std::string_view key, uint64_t hash);
  void Clear();

  // Makes the first block of an empty dict large enough for that many records, whose RecordBytes
  // add up to `bytes`, or for as many as a block takes. A hint: never wrong, only better or worse.
  void Reserve(size_t records, size_t bytes);
  size_t RecordBytes(size_t key_size, size_t value_size) const {
    return DictSegment::RecordBytes(keys_only(), key_size, value_size);
  }

  // fn(const DictRecord&) for every record: a small dict in the order of insertion, a large one by
  // segment, hence with keys of similar hashes together: who looks the keys up in another dict
  // finds that one's segment in the cache.
  template <typename Fn>
  void ForEach(Fn&& fn) const {
    AnyOf([&fn](const DictRecord& record) { return fn(record), false; });
  }
  // The same until fn returns true; whether it did.
  template <typename Fn>
  bool AnyOf(Fn&& fn) const;

  // Visits about `count` records from the cursor on and returns the cursor to go on from, 0 at the
  // end. A cursor is a position in the space of hashes (below 2^48): what is present from the first
  // call (with 0) to the last is visited, whatever is added, removed, split or merged meanwhile;
  // what is visited twice shares its position with another. A dict without an index is visited
  // whole.
  uint64_t Scan(uint64_t cursor, size_t count, Visitor visit) const;

  // A record at random. REQUIRES: !empty(). Near enough to uniform: a segment is chosen by its
  // number of records, unless it holds half as many again as the average.
  DictRecord RandomRecord(Random& random) const;
  // `count` different records (all, if there are fewer) in no particular order, at random.
  void Sample(size_t count, Random& random, Visitor visit) const;

  Dict Clone() const;
  // Heap bytes as the allocator rounds them, from a count that is kept; segments shared with a
  // clone count in full.
  size_t MemoryBytes() const;
  // The first block, or the directory, to be prefetched; or null.
  const void* contents() const { return root(); }

 private:
  struct Directory {
    size_t size;                      // records in all segments
    size_t bytes;                     // of all segments
    size_t deepest;                   // segments whose depth is the directory's
    int depth;                        // the directory has 2^depth slots, at least two
    std::vector<DictSegment*> slots;  // a segment of depth d fills 2^(depth - d) slots in a row
  };

  // Redis' default limit of a listpack: so many records of a map keep the order of insertion.
  static constexpr size_t kMostOrdered = 512;

  bool keys_only() const { return keys_only_; }
  size_t max_segment_bytes() const {
    const bool ordered = !large_ && !keys_only() && segment()->count() <= kMostOrdered;
    return ordered ? DictSegment::kMaxSingleBytes : DictSegment::kMaxBytes;
  }
  size_t SlotOf(uint64_t hash) const { return hash >> (64 - directory().depth); }
  // REQUIRES: it is not empty.
  DictSegment* SegmentOf(uint64_t hash) const {
    return large_ ? directory().slots[SlotOf(hash)] : segment();
  }
  // The same, ours alone. REQUIRES: it is not empty.
  DictSegment* MutableSegmentOf(uint64_t hash);
  DictSegment* MakeRoom(uint64_t hash, size_t bytes, size_t count);
  // Puts a segment in the place of all slots its depth covers.
  void Place(uint64_t hash, DictSegment* segment);
  void ReshapeAt(uint64_t hash, size_t bytes, size_t count);
  void Split(uint64_t hash);
  void Tighten(uint64_t hash);
  bool MergeWithBuddy(uint64_t hash);
  void HalveDirectory();
  // After a change of a segment that had `bytes_before`: it has `change` records more.
  void Count(const DictSegment& segment, size_t bytes_before, int change) {
    if (!large_) return;
    directory().size += static_cast<size_t>(change);
    directory().bytes += segment.MemoryBytes() - bytes_before;
  }
  // fn(DictSegment&) for each segment until it returns true; whether it did.
  template <typename Fn>
  bool AnySegment(Fn&& fn) const;
  template <typename Fn>
  void ForEachSegment(Fn&& fn) const {
    AnySegment([&fn](DictSegment& each) { return fn(each), false; });
  }

  // REQUIRES: !large_. Null while empty.
  DictSegment* segment() const { return static_cast<DictSegment*>(root()); }
  // REQUIRES: large_.
  Directory& directory() const { return *static_cast<Directory*>(root()); }

  void* root() const { return reinterpret_cast<void*>(uintptr_t{address_}); }
  void set_root(void* root, bool large);

  // One word, whose last byte an owner can use that declares its Dict [[no_unique_address]]. Linux
  // hands out no address above 2^47 - 1 that is not asked for.
  static constexpr int kAddressBits = 48;
  uintptr_t address_ : kAddressBits = 0;  // of the segment or the directory; 0 while empty
  uintptr_t large_ : 1 = 0;               // it is a directory
  uintptr_t keys_only_ : 1;
};
static_assert(sizeof(Dict) == 8);

inline size_t Dict::size() const {
  if (large_) return directory().size;
  return address_ == 0 ? 0 : segment()->count();
}

template <typename Fn>
bool Dict::AnySegment(Fn&& fn) const {
  if (address_ == 0) return false;
  if (!large_) return fn(*segment());
  for (size_t slot = 0; slot < directory().slots.size();) {
    DictSegment* each = directory().slots[slot];
    slot += size_t{1} << (directory().depth - each->depth());
    if (fn(*each)) return true;
  }
  return false;
}

template <typename Fn>
bool Dict::AnyOf(Fn&& fn) const {
  return AnySegment([&fn](const DictSegment& each) { return each.AnyOf(fn); });
}

}  // namespace larder
