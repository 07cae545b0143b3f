// DictSegment: up to 56 KiB of a Dict in one allocation: a header, an index of 16-bit offsets (only
// once there are more records than a linear scan likes), and the records, packed in the order of
// their insertion without gaps:
//
//   [varint key size][varint value size][key][value]        no value size and value in a dict of
//   keys only
//
// Where bytes live follows from their size. Keys of up to 512 and values of fewer than 512 bytes
// lie in the record. Longer ones lie in an exactly sized allocation of their own, the record
// holding its address; so a value of 1 024 bytes takes the allocator's class of 1 024. From
// kBlobMinBytes up it is a Blob.
//
// An index entry holds the record's offset in its low bits and, in the bits that an offset in this
// block leaves free, a tag of the hash, which saves most of the comparisons that would fail. Linear
// probing, at most three quarters full, deletion by shifting back.
//
// Segments are counted: a clone of a dict shares them, and whoever wants to change a shared one
// clones it first. A shared segment is immutable, so any thread may read it; otherwise the owner's
// lock guards it. Positions are offsets of records; they hold until the segment changes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "protocol/blob.h"
#include "server/store/varint.h"

namespace larder {

struct DictRecord {
  std::string_view key;
  BulkView value;  // empty in a dict of keys only
};

class DictSegment {
 public:
  // A block in a directory splits above this: small enough that a change moves little and a
  // snapshot clones little, large enough that the header and the directory do not count.
  static constexpr size_t kMaxBytes = 8 * 1024;
  // A small map of one segment may grow to this, so that a hash within Redis' default limits of a
  // listpack (512 fields, values of at most 64 bytes) keeps the order of insertion.
  static constexpr size_t kMaxSingleBytes = 56 * 1024;
  static constexpr size_t kMaxInlineKey = 512;
  static constexpr size_t kMinOutsideValue = 512;
  static constexpr uint32_t kNone = ~uint32_t{0};

  DictSegment(const DictSegment&) = delete;
  DictSegment& operator=(const DictSegment&) = delete;

  // An empty segment with one reference and room for `count` records of `bytes` in all. Every key
  // of it shares the top `depth` bits of its hash.
  static DictSegment* New(bool keys_only, int depth, size_t bytes, size_t count);
  void Ref() const { references_.fetch_add(1, std::memory_order_relaxed); }
  static void Unref(DictSegment* segment);
  bool shared() const { return references_.load(std::memory_order_acquire) != 1; }
  // A copy of its own, with one reference; Blobs are shared.
  DictSegment* Clone() const;

  size_t count() const { return count_; }
  int depth() const { return depth_; }
  bool indexed() const { return slots_ != 0; }
  // Block plus everything outside it, as the allocator rounds it; Blobs count in full.
  size_t MemoryBytes() const { return block_bytes_ + outside_units_ * kOutsideUnit; }

  // The position of the key's record or kNone. The hash does not matter unless indexed().
  uint32_t Find(std::string_view key, uint64_t hash) const;
  DictRecord At(uint32_t position) const { return Read(position).record(); }
  // A record at random, all with the same probability. REQUIRES: count() > 0. `random` yields 64
  // bits.
  template <typename RandomBits>
  uint32_t RandomPosition(RandomBits&& random) const;
  // fn(const DictRecord&), in the order of insertion.
  template <typename Fn>
  void ForEach(Fn&& fn) const {
    AnyOf([&fn](const DictRecord& record) { return fn(record), false; });
  }
  // The same until fn returns true; whether it did.
  template <typename Fn>
  bool AnyOf(Fn&& fn) const;

  // What a record takes in the block.
  static size_t RecordBytes(bool keys_only, size_t key_size, size_t value_size);
  // By how many bytes the record grows, or shrinks, when its value gets this size.
  ptrdiff_t GrowthFor(uint32_t position, size_t value_size) const;
  // Whether `count` more records of `bytes` in all fit as the segment is.
  bool Fits(size_t bytes, size_t count) const;
  // The block that holds `count` records of `bytes` in all, or that much more.
  static size_t BlockBytes(size_t bytes, size_t count);
  size_t BlockBytesWith(size_t bytes, size_t count) const;
  // True when much less than the block would do.
  bool sparse() const { return BlockBytesWith(0, 0) * 2 <= block_bytes_; }

  // Changes below REQUIRE: !shared().

  // The segment in a block of the right size for that much more; takes the old one. Positions hold.
  static DictSegment* Reshape(DictSegment* segment, size_t bytes, size_t count);
  // REQUIRES: the key is absent, Fits(RecordBytes(...), 1).
  void Append(std::string_view key, const BulkView& value, uint64_t hash);
  // REQUIRES: Fits(GrowthFor(position, value.bytes.size()), 0), and a value that is not of this
  // segment.
  void SetValue(uint32_t position, const BulkView& value);
  void Erase(uint32_t position, uint64_t hash);
  // The records parted by the next bit of their hash; takes the segment.
  static std::pair<DictSegment*, DictSegment*> Split(DictSegment* segment);
  // Both in one, a bit shallower; takes both.
  static DictSegment* Merge(DictSegment* left, DictSegment* right);

 private:
  static constexpr uint16_t kEmpty = 0xffff;
  static constexpr size_t kMaxLinearRecords = 32;
  static constexpr size_t kMaxLinearBytes = 1024;
  // All that lies outside has at least 512 bytes, and such size classes are multiples of this.
  static constexpr size_t kOutsideUnit = 64;

  // A record as it lies in the block.
  struct Raw {
    const char* begin;
    const char* key_slot;    // the key or its address
    const char* value_slot;  // the value or its address
    size_t key_size;
    size_t value_size;
    size_t bytes;  // of the whole record

    std::string_view key() const;
    BulkView value() const;
    DictRecord record() const { return {key(), value()}; }
  };

  DictSegment(bool keys_only, int depth, size_t block_bytes, size_t slots);

  // What a key and a value of these sizes take outside of the block, in kOutsideUnits.
  static uint32_t OutsideUnits(size_t key_size, size_t value_size);
  static size_t SlotsFor(size_t bytes, size_t count);
  static void FreeBlock(DictSegment* segment);

  uint16_t* index() { return reinterpret_cast<uint16_t*>(this + 1); }
  const uint16_t* index() const { return reinterpret_cast<const uint16_t*>(this + 1); }
  char* arena() { return reinterpret_cast<char*>(index() + slots_); }
  const char* arena() const { return reinterpret_cast<const char*>(index() + slots_); }
  size_t capacity() const { return block_bytes_ - sizeof(DictSegment) - slots_ * sizeof(uint16_t); }

  Raw Read(uint32_t position) const;
  uint32_t OffsetOf(uint16_t entry) const { return entry & ((1u << offset_bits_) - 1); }
  uint16_t EntryFor(uint32_t position, uint64_t hash) const {
    const uint64_t tag = hash & ((1u << (16 - offset_bits_)) - 1);
    return static_cast<uint16_t>(tag << offset_bits_ | position);
  }
  size_t HomeOf(uint64_t hash) const { return (hash & 0xffffffff) * slots_ >> 32; }
  size_t NextSlot(size_t slot) const { return slot + 1 == slots_ ? 0 : slot + 1; }

  void Index(uint32_t position, uint64_t hash);
  void IndexAll();
  void Unindex(uint32_t position, uint64_t hash);
  // Moves the records from `from` on by `delta` bytes, and their index entries with them.
  void Shift(uint32_t from, ptrdiff_t delta);
  void AppendRaw(const Raw& raw, uint64_t hash);

  mutable std::atomic<uint32_t> references_{1};
  uint16_t block_bytes_;
  uint16_t used_ = 0;   // bytes of records
  uint16_t count_ = 0;  // records
  uint16_t slots_;      // of the index; 0: none
  uint8_t depth_;
  uint8_t offset_bits_;
  bool keys_only_;
  // Of keys and values that live outside the block; 32 bits reach 256 GiB for at most 56 KiB of
  // records.
  uint32_t outside_units_ = 0;
};
static_assert(sizeof(DictSegment) == 20, "each small hash has one");

namespace dict_internal {

template <typename Pointer>
Pointer LoadPointer(const char* slot) {
  Pointer pointer;
  std::memcpy(&pointer, slot, sizeof(pointer));
  return pointer;
}

}  // namespace dict_internal

inline std::string_view DictSegment::Raw::key() const {
  if (key_size <= kMaxInlineKey) [[likely]]
    return {key_slot, key_size};
  return {dict_internal::LoadPointer<const char*>(key_slot), key_size};
}

inline BulkView DictSegment::Raw::value() const {
  if (value_size < kMinOutsideValue) return {{value_slot, value_size}, nullptr};
  if (value_size < kBlobMinBytes) {
    return {{dict_internal::LoadPointer<const char*>(value_slot), value_size}, nullptr};
  }
  const Blob* blob = dict_internal::LoadPointer<const Blob*>(value_slot);
  return {blob->view(), blob};
}

inline DictSegment::Raw DictSegment::Read(uint32_t position) const {
  Raw raw;
  raw.begin = arena() + position;
  raw.key_slot = ReadVarint(raw.begin, &raw.key_size);
  raw.value_size = 0;
  if (!keys_only_) raw.key_slot = ReadVarint(raw.key_slot, &raw.value_size);
  raw.value_slot = raw.key_slot + (raw.key_size <= kMaxInlineKey ? raw.key_size : sizeof(char*));
  const char* end =
      raw.value_slot + (raw.value_size < kMinOutsideValue ? raw.value_size : sizeof(char*));
  raw.bytes = static_cast<size_t>(end - raw.begin);
  return raw;
}

template <typename Fn>
bool DictSegment::AnyOf(Fn&& fn) const {
  for (uint32_t position = 0; position < used_;) {
    const Raw raw = Read(position);
    if (fn(raw.record())) return true;
    position += static_cast<uint32_t>(raw.bytes);
  }
  return false;
}

template <typename RandomBits>
uint32_t DictSegment::RandomPosition(RandomBits&& random) const {
  if (indexed()) {
    while (true) {
      const uint16_t entry = index()[(random() & 0xffffffff) * slots_ >> 32];
      if (entry != kEmpty) return OffsetOf(entry);
    }
  }
  uint32_t position = 0;
  for (uint64_t skip = (random() & 0xffffffff) * count_ >> 32; skip > 0; --skip) {
    position += static_cast<uint32_t>(Read(position).bytes);
  }
  return position;
}

}  // namespace larder
