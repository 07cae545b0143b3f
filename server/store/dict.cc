#include "server/store/dict.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/store/copied_bytes.h"
#include "server/store/size_class.h"

namespace larder {

Dict::Dict(Dict&& other) noexcept
    : address_(other.address_), large_(other.large_), keys_only_(other.keys_only_) {
  other.address_ = 0;
  other.large_ = 0;
}

Dict& Dict::operator=(Dict&& other) noexcept {
  Dict taken(std::move(other));
  Clear();
  address_ = taken.address_;
  large_ = taken.large_;
  keys_only_ = taken.keys_only_;
  taken.address_ = 0;
  taken.large_ = 0;
  return *this;
}

void Dict::set_root(void* root, bool large) {
  const auto address = reinterpret_cast<uintptr_t>(root);
  CHECK(address >> kAddressBits == 0);
  address_ = address & ((uintptr_t{1} << kAddressBits) - 1);
  large_ = large;
}

void Dict::Clear() {
  ForEachSegment([](DictSegment& segment) { DictSegment::Unref(&segment); });
  if (large_) delete &directory();
  set_root(nullptr, false);
}

void Dict::Reserve(size_t records, size_t bytes) {
  if (address_ != 0 || records == 0) return;
  // Those that will be in one block before it splits.
  size_t first = keys_only() ? records : std::min(records, kMostOrdered);
  const size_t most = keys_only() ? DictSegment::kMaxBytes : DictSegment::kMaxSingleBytes;
  const size_t needed = DictSegment::BlockBytes(bytes * first / records, first);
  // Blocks are rounded up by a quarter at most.
  if (needed > most) first = std::max<size_t>(first * (most / 4 * 3) / needed, 1);
  set_root(DictSegment::New(keys_only(), 0, bytes * first / records, first), false);
}

std::optional<BulkView> Dict::Find(std::string_view key) const {
  if (address_ == 0) return std::nullopt;
  return Find(key, large_ || segment()->indexed() ? HashBytes(key) : 0);
}

std::optional<BulkView> Dict::Find(std::string_view key, uint64_t hash) const {
  if (address_ == 0) return std::nullopt;
  const DictSegment* segment = SegmentOf(hash);
  const uint32_t position = segment->Find(key, hash);
  if (position == DictSegment::kNone) return std::nullopt;
  return segment->At(position).value;
}

bool Dict::Set(std::string_view key, uint64_t hash, const BulkView& value) {
  if (address_ == 0) Reserve(1, RecordBytes(key.size(), value.bytes.size()));
  DictSegment* segment = MutableSegmentOf(hash);
  uint32_t position = segment->Find(key, hash);
  if (position == DictSegment::kNone) {
    const size_t bytes = DictSegment::RecordBytes(keys_only(), key.size(), value.bytes.size());
    segment = MakeRoom(hash, bytes, 1);
    const size_t before = segment->MemoryBytes();
    segment->Append(key, value, hash);
    Count(*segment, before, 1);
    return true;
  }
  if (keys_only()) return false;
  const ptrdiff_t growth = segment->GrowthFor(position, value.bytes.size());
  const size_t more = growth > 0 ? static_cast<size_t>(growth) : 0;
  if (!segment->Fits(more, 0)) {
    segment = MakeRoom(hash, more, 0);
    position = segment->Find(key, hash);
  }
  const size_t before = segment->MemoryBytes();
  segment->SetValue(position, value);
  Count(*segment, before, 0);
  if (growth < 0) Tighten(hash);
  return false;
}

bool Dict::Erase(std::string_view key, uint64_t hash) {
  if (address_ == 0) return false;
  const uint32_t position = SegmentOf(hash)->Find(key, hash);
  if (position == DictSegment::kNone) return false;
  DictSegment* segment = MutableSegmentOf(hash);  // a clone has the same positions
  const size_t before = segment->MemoryBytes();
  segment->Erase(position, hash);
  Count(*segment, before, -1);
  Tighten(hash);
  return true;
}

DictSegment* Dict::MutableSegmentOf(uint64_t hash) {
  DictSegment* segment = SegmentOf(hash);
  if (!segment->shared()) return segment;
  DictSegment* clone = segment->Clone();
  NoteCopied(segment->MemoryBytes());
  Place(hash, clone);
  DictSegment::Unref(segment);
  return clone;
}

DictSegment* Dict::MakeRoom(uint64_t hash, size_t bytes, size_t count) {
  DictSegment* segment = SegmentOf(hash);
  while (!segment->Fits(bytes, count)) {
    if (segment->BlockBytesWith(bytes, count) > max_segment_bytes()) {
      Split(hash);
    } else {
      ReshapeAt(hash, bytes, count);
    }
    segment = SegmentOf(hash);
  }
  return segment;
}

void Dict::Place(uint64_t hash, DictSegment* segment) {
  if (!large_) {
    set_root(segment, false);
    return;
  }
  const int covered_bits = directory().depth - segment->depth();
  const size_t first = SlotOf(hash) >> covered_bits << covered_bits;
  std::fill_n(directory().slots.begin() + static_cast<ptrdiff_t>(first), size_t{1} << covered_bits,
              segment);
}

void Dict::ReshapeAt(uint64_t hash, size_t bytes, size_t count) {
  DictSegment* segment = SegmentOf(hash);
  const size_t before = segment->MemoryBytes();
  segment = DictSegment::Reshape(segment, bytes, count);
  Place(hash, segment);
  Count(*segment, before, 0);
}

void Dict::Split(uint64_t hash) {
  if (!large_) {
    set_root(
        new Directory{segment()->count(), segment()->MemoryBytes(), 0, 1, {segment(), segment()}},
        true);
  }
  Directory& directory = this->directory();
  DictSegment* segment = MutableSegmentOf(hash);
  if (segment->depth() == directory.depth) {
    // Twice the slots. Only two of them will be told apart, by the new segments below.
    CHECK(directory.depth < 48);
    std::vector<DictSegment*> slots(directory.slots.size() * 2);
    for (size_t slot = 0; slot < slots.size(); ++slot) slots[slot] = directory.slots[slot / 2];
    directory.slots = std::move(slots);
    ++directory.depth;
    directory.deepest = 0;
  }
  const uint64_t bit = uint64_t{1} << (63 - segment->depth());
  directory.bytes -= segment->MemoryBytes();
  const auto [left, right] = DictSegment::Split(segment);
  directory.bytes += left->MemoryBytes() + right->MemoryBytes();
  Place(hash & ~bit, left);
  Place(hash | bit, right);
  if (left->depth() == directory.depth) directory.deepest += 2;
}

// After an erasure, or a shorter value: gives back what has become too large.
void Dict::Tighten(uint64_t hash) {
  while (large_ && MergeWithBuddy(hash)) {
  }
  if (!large_ && segment()->count() == 0) return Clear();
  if (SegmentOf(hash)->sparse()) ReshapeAt(hash, 0, 0);
}

bool Dict::MergeWithBuddy(uint64_t hash) {
  DictSegment* segment = SegmentOf(hash);
  // Far below the size at which it would split again.
  if (segment->BlockBytesWith(0, 0) > DictSegment::kMaxBytes / 4) return false;
  const uint64_t bit = uint64_t{1} << (64 - segment->depth());
  DictSegment* buddy = SegmentOf(hash ^ bit);
  if (buddy->depth() != segment->depth()) return false;
  if (buddy->BlockBytesWith(0, 0) > DictSegment::kMaxBytes / 4) return false;
  buddy = MutableSegmentOf(hash ^ bit);
  Directory& directory = this->directory();
  if (segment->depth() == directory.depth) directory.deepest -= 2;
  const bool segment_first = (hash & bit) == 0;
  directory.bytes -= segment->MemoryBytes() + buddy->MemoryBytes();
  DictSegment* merged =
      DictSegment::Merge(segment_first ? segment : buddy, segment_first ? buddy : segment);
  directory.bytes += merged->MemoryBytes();
  Place(hash, merged);
  if (directory.deepest == 0) HalveDirectory();
  return true;
}

void Dict::HalveDirectory() {
  Directory& directory = this->directory();
  if (directory.depth == 1) {
    DictSegment* last = directory.slots[0];
    delete &directory;
    set_root(last, false);
    return;
  }
  --directory.depth;
  for (size_t slot = 0; slot < directory.slots.size() / 2; ++slot) {
    directory.slots[slot] = directory.slots[slot * 2];
    if (directory.slots[slot]->depth() == directory.depth) ++directory.deepest;
  }
  directory.slots.resize(directory.slots.size() / 2);
  directory.slots.shrink_to_fit();
}

Dict Dict::Clone() const {
  Dict clone(keys_only() ? Kind::kKeysOnly : Kind::kMap);
  ForEachSegment([](const DictSegment& segment) { segment.Ref(); });
  clone.set_root(large_ ? new Directory(directory()) : root(), large_);
  return clone;
}

size_t Dict::MemoryBytes() const {
  if (address_ == 0) return 0;
  if (!large_) return segment()->MemoryBytes();
  return directory().bytes + RoundUpToSizeClass(sizeof(Directory)) +
         RoundUpToSizeClass(directory().slots.capacity() * sizeof(DictSegment*));
}

}  // namespace larder
