#include "server/store/dict_segment.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

#include "absl/container/inlined_vector.h"
#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/store/size_class.h"

namespace larder {
namespace {

char* Allocate(size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return static_cast<char*>(memory);
}

char* CopyOutside(std::string_view bytes) {
  char* copy = Allocate(bytes.size());
  std::memcpy(copy, bytes.data(), bytes.size());
  return copy;
}

template <typename Pointer>
char* StorePointer(char* slot, Pointer* pointer) {
  std::memcpy(slot, &pointer, sizeof(pointer));
  return slot + sizeof(pointer);
}

size_t KeySlotBytes(size_t size) {
  return size <= DictSegment::kMaxInlineKey ? size : sizeof(char*);
}

size_t ValueSlotBytes(size_t size) {
  return size < DictSegment::kMinOutsideValue ? size : sizeof(char*);
}

char* StoreKey(char* slot, std::string_view key) {
  if (key.size() > DictSegment::kMaxInlineKey) return StorePointer(slot, CopyOutside(key));
  if (!key.empty()) std::memcpy(slot, key.data(), key.size());
  return slot + key.size();
}

void StoreValue(char* slot, const BulkView& value) {
  const std::string_view bytes = value.bytes;
  if (bytes.size() < DictSegment::kMinOutsideValue) {
    if (!bytes.empty()) std::memcpy(slot, bytes.data(), bytes.size());
  } else if (bytes.size() < kBlobMinBytes) {
    StorePointer(slot, CopyOutside(bytes));
  } else if (value.blob != nullptr && value.blob->size() == bytes.size()) {
    value.blob->Ref();
    StorePointer(slot, value.blob);
  } else {
    StorePointer(slot, Blob::New(bytes));
  }
}

void FreeValue(const char* slot, size_t size) {
  if (size >= kBlobMinBytes) {
    dict_internal::LoadPointer<const Blob*>(slot)->Unref();
  } else if (size >= DictSegment::kMinOutsideValue) {
    std::free(dict_internal::LoadPointer<char*>(slot));
  }
}

void FreeKey(const char* slot, size_t size) {
  if (size > DictSegment::kMaxInlineKey) std::free(dict_internal::LoadPointer<char*>(slot));
}

}  // namespace

DictSegment::DictSegment(bool keys_only, int depth, size_t block_bytes, size_t slots)
    : block_bytes_(static_cast<uint16_t>(block_bytes)),
      slots_(static_cast<uint16_t>(slots)),
      depth_(static_cast<uint8_t>(depth)),
      offset_bits_(static_cast<uint8_t>(std::bit_width(block_bytes - 1))),
      keys_only_(keys_only) {
  std::fill_n(index(), slots, kEmpty);
}

DictSegment* DictSegment::New(bool keys_only, int depth, size_t bytes, size_t count) {
  size_t slots = SlotsFor(bytes, count);
  size_t block_bytes = BlockBytes(bytes, count);
  if (block_bytes > kMaxSingleBytes) {
    // A full segment was split, and all of its records are in this half (who inserts in the order
    // of the hashes, a copy of another dict, sees that). What held them will hold them again.
    block_bytes = kMaxSingleBytes;
    slots = (block_bytes - sizeof(DictSegment) - bytes) / sizeof(uint16_t);
    CHECK(count * 4 <= slots * 3);
  } else if (slots != 0) {
    // Some room to grow, so that building the index again is paid by many insertions.
    const size_t roomy = BlockBytes(bytes + bytes / 16, count + count / 16);
    block_bytes = std::min(roomy, std::max(block_bytes, kMaxBytes));
    // The rounding up is shared by records and index as they share the rest: 8/3 bytes of index a
    // record.
    const size_t spare = block_bytes - sizeof(DictSegment) - bytes - slots * sizeof(uint16_t);
    const size_t more = count == 0 ? 0 : spare * 3 * count / (3 * bytes + 8 * count);
    slots += more * 4 / 3;
  }
  CHECK(block_bytes <= kMaxSingleBytes);
  return new (Allocate(block_bytes)) DictSegment(keys_only, depth, block_bytes, slots);
}

void DictSegment::Unref(DictSegment* segment) {
  if (segment->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (segment->outside_units_ != 0) {
    for (uint32_t position = 0; position < segment->used_;) {
      const Raw raw = segment->Read(position);
      FreeKey(raw.key_slot, raw.key_size);
      FreeValue(raw.value_slot, raw.value_size);
      position += static_cast<uint32_t>(raw.bytes);
    }
  }
  FreeBlock(segment);
}

void DictSegment::FreeBlock(DictSegment* segment) {
  segment->~DictSegment();
  std::free(static_cast<void*>(segment));
}

DictSegment* DictSegment::Clone() const {
  auto* clone = new (Allocate(block_bytes_)) DictSegment(keys_only_, depth_, block_bytes_, slots_);
  clone->used_ = used_;
  clone->count_ = count_;
  clone->outside_units_ = outside_units_;
  std::copy_n(index(), slots_, clone->index());
  std::memcpy(clone->arena(), arena(), used_);
  if (outside_units_ == 0) return clone;
  for (uint32_t position = 0; position < used_;) {
    const Raw raw = Read(position);
    char* key_slot = clone->arena() + (raw.key_slot - arena());
    if (raw.key_size > kMaxInlineKey) StoreKey(key_slot, raw.key());
    if (raw.value_size >= kMinOutsideValue) {
      StoreValue(clone->arena() + (raw.value_slot - arena()), raw.value());
    }
    position += static_cast<uint32_t>(raw.bytes);
  }
  return clone;
}

uint32_t DictSegment::OutsideUnits(size_t key_size, size_t value_size) {
  size_t bytes = key_size > kMaxInlineKey ? RoundUpToSizeClass(key_size) : 0;
  if (value_size >= kBlobMinBytes) {
    bytes += RoundUpToSizeClass(sizeof(Blob) + value_size);
  } else if (value_size >= kMinOutsideValue) {
    bytes += RoundUpToSizeClass(value_size);
  }
  CHECK(bytes % kOutsideUnit == 0);
  return static_cast<uint32_t>(bytes / kOutsideUnit);
}

uint32_t DictSegment::Find(std::string_view key, uint64_t hash) const {
  if (!indexed()) {
    for (uint32_t position = 0; position < used_;) {
      const Raw raw = Read(position);
      if (raw.key_size == key.size() && raw.key() == key) return position;
      position += static_cast<uint32_t>(raw.bytes);
    }
    return kNone;
  }
  const uint16_t wanted_tag = EntryFor(0, hash);
  const uint16_t tag_mask = static_cast<uint16_t>(0xffff << offset_bits_);
  for (size_t slot = HomeOf(hash); index()[slot] != kEmpty; slot = NextSlot(slot)) {
    const uint16_t entry = index()[slot];
    if ((entry & tag_mask) != wanted_tag) continue;
    if (Read(OffsetOf(entry)).key() == key) return OffsetOf(entry);
  }
  return kNone;
}

size_t DictSegment::RecordBytes(bool keys_only, size_t key_size, size_t value_size) {
  const size_t key_bytes = VarintBytes(key_size) + KeySlotBytes(key_size);
  return keys_only ? key_bytes : key_bytes + VarintBytes(value_size) + ValueSlotBytes(value_size);
}

ptrdiff_t DictSegment::GrowthFor(uint32_t position, size_t value_size) const {
  const Raw raw = Read(position);
  return static_cast<ptrdiff_t>(RecordBytes(keys_only_, raw.key_size, value_size)) -
         static_cast<ptrdiff_t>(raw.bytes);
}

bool DictSegment::Fits(size_t bytes, size_t count) const {
  if (used_ + bytes > capacity()) return false;
  if (count == 0) return true;
  if (indexed()) return (count_ + count) * 4 <= slots_ * size_t{3};
  return SlotsFor(used_ + bytes, count_ + count) == 0;
}

size_t DictSegment::BlockBytesWith(size_t bytes, size_t count) const {
  return BlockBytes(used_ + bytes, count_ + count);
}

size_t DictSegment::SlotsFor(size_t bytes, size_t count) {
  if (count <= kMaxLinearRecords && bytes <= kMaxLinearBytes) return 0;
  return count * 4 / 3 + 2;
}

size_t DictSegment::BlockBytes(size_t bytes, size_t count) {
  return RoundUpToSizeClass(sizeof(DictSegment) + SlotsFor(bytes, count) * sizeof(uint16_t) +
                            bytes);
}

DictSegment* DictSegment::Reshape(DictSegment* segment, size_t bytes, size_t count) {
  DictSegment* result =
      New(segment->keys_only_, segment->depth_, segment->used_ + bytes, segment->count_ + count);
  std::memcpy(result->arena(), segment->arena(), segment->used_);
  result->used_ = segment->used_;
  result->count_ = segment->count_;
  result->outside_units_ = segment->outside_units_;
  result->IndexAll();
  FreeBlock(segment);
  return result;
}

void DictSegment::Append(std::string_view key, const BulkView& value, uint64_t hash) {
  const uint32_t position = used_;
  char* at = WriteVarint(arena() + position, key.size());
  if (!keys_only_) at = WriteVarint(at, value.bytes.size());
  at = StoreKey(at, key);
  if (!keys_only_) {
    StoreValue(at, value);
    at += ValueSlotBytes(value.bytes.size());
  }
  outside_units_ += OutsideUnits(key.size(), keys_only_ ? 0 : value.bytes.size());
  used_ = static_cast<uint16_t>(at - arena());
  ++count_;
  if (indexed()) Index(position, hash);
}

void DictSegment::SetValue(uint32_t position, const BulkView& value) {
  const Raw old = Read(position);
  const size_t size = value.bytes.size();
  FreeValue(old.value_slot, old.value_size);
  const size_t bytes = RecordBytes(keys_only_, old.key_size, size);
  const uint32_t tail = position + static_cast<uint32_t>(old.bytes);
  const ptrdiff_t delta = static_cast<ptrdiff_t>(bytes) - static_cast<ptrdiff_t>(old.bytes);
  if (delta > 0) Shift(tail, delta);
  if (size != old.value_size) {
    // The key moves when the size before it is written in more or fewer bytes.
    char* begin = arena() + position;
    const size_t key_offset = VarintBytes(old.key_size) + VarintBytes(size);
    std::memmove(begin + key_offset, old.key_slot, KeySlotBytes(old.key_size));
    WriteVarint(WriteVarint(begin, old.key_size), size);
  }
  if (delta < 0) Shift(tail, delta);
  StoreValue(arena() + position + bytes - ValueSlotBytes(size), value);
  outside_units_ += OutsideUnits(0, size) - OutsideUnits(0, old.value_size);
}

void DictSegment::Erase(uint32_t position, uint64_t hash) {
  const Raw raw = Read(position);
  if (indexed()) Unindex(position, hash);
  FreeKey(raw.key_slot, raw.key_size);
  FreeValue(raw.value_slot, raw.value_size);
  outside_units_ -= OutsideUnits(raw.key_size, raw.value_size);
  Shift(position + static_cast<uint32_t>(raw.bytes), -static_cast<ptrdiff_t>(raw.bytes));
  --count_;
}

std::pair<DictSegment*, DictSegment*> DictSegment::Split(DictSegment* segment) {
  const int bit = 63 - segment->depth_;
  absl::InlinedVector<uint64_t, 512> hashes;
  size_t bytes[2] = {0, 0};
  size_t counts[2] = {0, 0};
  for (uint32_t position = 0; position < segment->used_;) {
    const Raw raw = segment->Read(position);
    hashes.push_back(HashBytes(raw.key()));
    const size_t side = hashes.back() >> bit & 1;
    bytes[side] += raw.bytes;
    ++counts[side];
    position += static_cast<uint32_t>(raw.bytes);
  }
  DictSegment* halves[2];
  for (size_t side : {0, 1}) {
    halves[side] = New(segment->keys_only_, segment->depth_ + 1, bytes[side], counts[side]);
  }
  uint32_t position = 0;
  for (const uint64_t hash : hashes) {
    const Raw raw = segment->Read(position);
    halves[hash >> bit & 1]->AppendRaw(raw, hash);
    position += static_cast<uint32_t>(raw.bytes);
  }
  FreeBlock(segment);
  return {halves[0], halves[1]};
}

DictSegment* DictSegment::Merge(DictSegment* left, DictSegment* right) {
  DictSegment* result = New(left->keys_only_, left->depth_ - 1, left->used_ + right->used_,
                            left->count_ + right->count_);
  result->outside_units_ = left->outside_units_ + right->outside_units_;
  for (DictSegment* half : {left, right}) {
    std::memcpy(result->arena() + result->used_, half->arena(), half->used_);
    result->used_ = static_cast<uint16_t>(result->used_ + half->used_);
    result->count_ = static_cast<uint16_t>(result->count_ + half->count_);
    FreeBlock(half);
  }
  result->IndexAll();
  return result;
}

void DictSegment::Index(uint32_t position, uint64_t hash) {
  size_t slot = HomeOf(hash);
  while (index()[slot] != kEmpty) slot = NextSlot(slot);
  index()[slot] = EntryFor(position, hash);
}

void DictSegment::IndexAll() {
  if (!indexed()) return;
  for (uint32_t position = 0; position < used_;) {
    const Raw raw = Read(position);
    Index(position, HashBytes(raw.key()));
    position += static_cast<uint32_t>(raw.bytes);
  }
}

void DictSegment::Unindex(uint32_t position, uint64_t hash) {
  const uint16_t entry = EntryFor(position, hash);
  size_t hole = HomeOf(hash);
  while (index()[hole] != entry) {
    CHECK(index()[hole] != kEmpty);
    hole = NextSlot(hole);
  }
  // Move back whatever may move: an entry whose home does not lie behind the hole, seen around the
  // ring.
  for (size_t slot = NextSlot(hole); index()[slot] != kEmpty; slot = NextSlot(slot)) {
    const size_t home = HomeOf(HashBytes(Read(OffsetOf(index()[slot])).key()));
    const size_t from_home = (slot + slots_ - home) % slots_;
    const size_t from_hole = (slot + slots_ - hole) % slots_;
    if (from_home < from_hole) continue;
    index()[hole] = index()[slot];
    hole = slot;
  }
  index()[hole] = kEmpty;
}

void DictSegment::Shift(uint32_t from, ptrdiff_t delta) {
  std::memmove(arena() + from + delta, arena() + from, used_ - from);
  used_ = static_cast<uint16_t>(used_ + delta);
  const uint16_t mask = static_cast<uint16_t>((1u << offset_bits_) - 1);
  const uint16_t first = static_cast<uint16_t>(from);
  const uint16_t change = static_cast<uint16_t>(delta);
  const auto moved = [=](uint16_t entry) {
    const bool behind = (entry & mask) >= first && entry != kEmpty;
    return static_cast<uint16_t>(entry + (behind ? change : 0));
  };
  // In steps of a fixed number, which compilers turn into vector instructions.
  constexpr size_t kStep = 16;
  uint16_t* entry = index();
  uint16_t* const end = entry + slots_;
  for (; entry + kStep <= end; entry += kStep) {
    for (size_t i = 0; i < kStep; ++i) entry[i] = moved(entry[i]);
  }
  for (; entry < end; ++entry) *entry = moved(*entry);
}

void DictSegment::AppendRaw(const Raw& raw, uint64_t hash) {
  const uint32_t position = used_;
  std::memcpy(arena() + position, raw.begin, raw.bytes);
  used_ = static_cast<uint16_t>(used_ + raw.bytes);
  outside_units_ += OutsideUnits(raw.key_size, raw.value_size);
  ++count_;
  if (indexed()) Index(position, hash);
}

}  // namespace larder
