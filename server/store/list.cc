#include "server/store/list.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "server/base/check.h"
#include "server/store/size_class.h"

namespace larder {

void List::Cursor::Next() {
  if (++offset_ < list_->slots_[slot_].count) return;
  ++slot_;
  offset_ = 0;
}

void List::Cursor::Previous() {
  if (offset_ > 0) {
    --offset_;
  } else if (slot_ > 0) {
    offset_ = list_->slots_[--slot_].count - 1;
  } else {
    slot_ = list_->slots_.size();
  }
}

size_t List::MemoryBytes() const {
  const size_t bytes = RoundUpToSizeClass(sizeof(*this)) + block_bytes_;
  if (slots_.capacity() <= 1) return bytes;
  return bytes + RoundUpToSizeClass(slots_.capacity() * sizeof(Slot));
}

bool List::Fits(const PackedBlock& block, std::string_view element) {
  const size_t footprint = PackedBlock::Footprint(PackedBlock::Kind::kPlain, element.size());
  return block.used_bytes() + footprint <= kBlockBytes;
}

void List::AddSlot(size_t before, PackedBlock block) {
  const size_t count = block.count();
  block_bytes_ += block.MemoryBytes();
  slots_.insert(slots_.begin() + static_cast<std::ptrdiff_t>(before),
                Slot{std::move(block), count});
}

void List::Push(End end, std::string_view element, size_t more) {
  const bool front = end == End::kFront;
  if (slots_.empty() || !Fits((front ? slots_.front() : slots_.back()).block, element)) {
    AddSlot(front ? 0 : slots_.size(), PackedBlock(PackedBlock::Kind::kPlain));
  }
  Slot& slot = front ? slots_.front() : slots_.back();
  const size_t at = front ? 0 : slot.count;
  ChangeBlock(slot, [&](PackedBlock& block) {
    block.Insert(at, element, 0, block.RoomAhead(element.size(), more, kBlockBytes));
  });
  ++slot.count;
  ++size_;
}

void List::Pop(End end) {
  CHECK(size_ > 0);
  if (end == End::kFront) {
    EraseAt({0, 0}, 1);
  } else {
    EraseAt({slots_.size() - 1, slots_.back().count - 1}, 1);
  }
}

List::Position List::Locate(size_t index) const {
  if (index <= size_ / 2) {
    size_t slot = 0;
    while (index >= slots_[slot].count) index -= slots_[slot++].count;
    return {slot, index};
  }
  size_t slot = slots_.size() - 1;
  size_t from_end = size_ - index;  // at least 1
  while (from_end > slots_[slot].count) from_end -= slots_[slot--].count;
  return {slot, slots_[slot].count - from_end};
}

List::Cursor List::CursorAt(size_t index) const {
  if (index >= size_) return Cursor(this, slots_.size(), 0);
  const Position at = Locate(index);
  return Cursor(this, at.slot, at.offset);
}

void List::Set(size_t index, std::string_view element) {
  CHECK(index < size_);
  const Position at = Locate(index);
  if (slots_[at.slot].count > 1) {
    EraseAt(at, 1);
    InsertAt(at, element);
  } else {  // the only element of its slot: the new one first, so that the slot stays
    InsertAt(at, element);
    RemoveRange(index + 1, 1);
  }
}

void List::Insert(size_t index, std::string_view element) {
  CHECK(index <= size_);
  if (index == size_) return Push(End::kBack, element);
  InsertAt(Locate(index), element);
}

void List::InsertAt(Position at, std::string_view element) {
  if (!Fits(slots_[at.slot].block, element)) {
    const bool inside = at.offset > 0 && at.offset < slots_[at.slot].count;
    if (inside) {
      // Of the two halves of a full block one has room for any element.
      std::optional<PackedBlock> tail;
      ChangeBlock(slots_[at.slot], [&](PackedBlock& block) { tail = block.SplitTail(at.offset); });
      slots_[at.slot].count = at.offset;
      AddSlot(at.slot + 1, *std::move(tail));
      if (!Fits(slots_[at.slot].block, element)) at = {at.slot + 1, 0};
    } else {
      at = {at.offset > 0 ? at.slot + 1 : at.slot, 0};
      AddSlot(at.slot, PackedBlock(PackedBlock::Kind::kPlain));
    }
  }
  Slot& slot = slots_[at.slot];
  ChangeBlock(slot, [&](PackedBlock& block) { block.Insert(at.offset, element); });
  ++slot.count;
  ++size_;
}

bool List::EraseAt(Position at, size_t count) {
  Slot& slot = slots_[at.slot];
  size_ -= count;
  if (slot.count == count) {
    block_bytes_ -= slot.block.MemoryBytes();
    slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(at.slot));
    return true;
  }
  ChangeBlock(slot, [&](PackedBlock& block) { block.Erase(at.offset, count); });
  slot.count -= count;
  return false;
}

void List::JoinWithNext(size_t slot) {
  if (slot + 1 >= slots_.size()) return;
  Slot& left = slots_[slot];
  const Slot& right = slots_[slot + 1];
  if (left.block.used_bytes() + right.block.used_bytes() > kBlockBytes / 2) return;
  ChangeBlock(left, [&](PackedBlock& block) { block.Append(right.block); });
  left.count += right.count;
  block_bytes_ -= right.block.MemoryBytes();
  slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(slot) + 1);
}

void List::RemoveRange(size_t start, size_t count) {
  CHECK(start + count <= size_);
  if (count == 0) return;
  Position at = Locate(start);
  // Whole slots go in one move of the directory.
  if (at.offset > 0) {
    const size_t n = std::min(count, slots_[at.slot].count - at.offset);
    EraseAt(at, n);
    count -= n;
    at = {at.slot + 1, 0};
  }
  size_t last = at.slot;
  while (last < slots_.size() && count >= slots_[last].count) {
    count -= slots_[last].count;
    block_bytes_ -= slots_[last].block.MemoryBytes();
    size_ -= slots_[last++].count;
  }
  slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(at.slot),
               slots_.begin() + static_cast<std::ptrdiff_t>(last));
  if (count > 0) EraseAt(at, count);
  JoinWithNext(at.slot > 0 ? at.slot - 1 : 0);
}

size_t List::RemoveEqual(std::string_view element, End from, size_t limit) {
  if (limit == 0) limit = size_;
  const bool front = from == End::kFront;
  size_t removed = 0;
  // `left` slots are still to be looked at; dropping or joining a slot behind them moves none.
  for (size_t left = slots_.size(); left > 0 && removed < limit; --left) {
    const size_t slot = front ? slots_.size() - left : left - 1;
    size_t offset = front ? 0 : slots_[slot].count;
    bool dropped = false;
    while (!dropped && removed < limit && (front ? offset < slots_[slot].count : offset > 0)) {
      if (!front) --offset;
      if (slots_[slot].block.At(offset).bytes == element) {
        dropped = EraseAt({slot, offset}, 1);
        ++removed;
      } else if (front) {
        ++offset;
      }
    }
    if (dropped) continue;
    if (!front) JoinWithNext(slot);
    if (front && slot > 0) JoinWithNext(slot - 1);
  }
  return removed;
}

void List::Find(std::string_view element, End from, size_t compare_limit,
                absl::FunctionRef<bool(size_t index)> found) const {
  const size_t limit = compare_limit == 0 ? size_ : std::min(compare_limit, size_);
  const bool front = from == End::kFront;
  Cursor cursor = CursorAt(front ? 0 : size_ - 1);
  for (size_t i = 0; i < limit; ++i) {
    const size_t index = front ? i : size_ - 1 - i;
    if ((*cursor).bytes == element && !found(index)) return;
    front ? cursor.Next() : cursor.Previous();
  }
}

}  // namespace larder
