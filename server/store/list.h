// List: a sequence of byte strings that is cheap to push and pop at both ends. A directory of
// packed blocks of up to kBlockBytes: a small list is one exactly sized block, a large one never
// copies more than a block at a time, and finding an index skips whole blocks from the nearer end.
//
// No lock of its own: the caller holds the lock of the shard that owns the list. Copying a list
// copies the directory and shares the blocks; a later change copies one block (see packed_block.h).
// Views are valid until the list changes. REQUIRES of every change: the bytes given do not lie in
// this list.
//
// Invariants: no block is empty; size() is the sum of the blocks' counts, block_bytes_ that of
// their MemoryBytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "protocol/blob.h"
#include "server/store/packed_block.h"

namespace larder {

class List {
 public:
  // Large enough that the directory stays small (one slot for some 600 short elements), small
  // enough that a change after a snapshot's cut copies it in about a microsecond.
  static constexpr size_t kBlockBytes = 8 * 1024;

  enum class End : uint8_t { kFront, kBack };

  // A place in the list that moves both ways. Invalid once the list changes.
  class Cursor {
   public:
    bool valid() const { return slot_ < list_->slots_.size(); }
    // REQUIRES of all: valid().
    BulkView operator*() const { return list_->slots_[slot_].block.At(offset_); }
    void Next();
    void Previous();

   private:
    friend class List;
    Cursor(const List* list, size_t slot, size_t offset)
        : list_(list), slot_(slot), offset_(offset) {}

    const List* list_;
    size_t slot_;
    size_t offset_;
  };

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Bytes of heap and of this object, from a count that is kept.
  size_t MemoryBytes() const;

  // `more`: Footprints (packed_block.h) of what will be pushed there next, which the block gets
  // room for at once. A hint.
  void Push(End end, std::string_view element, size_t more = 0);
  // REQUIRES: !empty().
  BulkView Peek(End end) const { return At(end == End::kFront ? 0 : size_ - 1); }
  void Pop(End end);

  // REQUIRES: index < size().
  BulkView At(size_t index) const { return *CursorAt(index); }
  // An invalid cursor for an index out of range.
  Cursor CursorAt(size_t index) const;
  void Set(size_t index, std::string_view element);
  // Puts the element before the one at `index`; index == size() appends.
  void Insert(size_t index, std::string_view element);
  // Removes `count` elements from `start` on. REQUIRES: start + count <= size().
  void RemoveRange(size_t start, size_t count);

  // Removes up to `limit` elements (0: all) equal to `element`, starting from the given end, and
  // returns how many it removed.
  size_t RemoveEqual(std::string_view element, End from, size_t limit);

  // Calls `found` with the index of every element equal to `element`, starting from the given end,
  // among the first `compare_limit` (0: all), until it returns false.
  void Find(std::string_view element, End from, size_t compare_limit,
            absl::FunctionRef<bool(size_t index)> found) const;

 private:
  struct Slot {
    PackedBlock block;
    size_t count;  // block.count(), here so that skipping does not touch the block
  };
  struct Position {
    size_t slot;
    size_t offset;
  };

  // REQUIRES: index < size_.
  Position Locate(size_t index) const;
  static bool Fits(const PackedBlock& block, std::string_view element);
  void InsertAt(Position at, std::string_view element);
  void AddSlot(size_t before, PackedBlock block);
  // Removes elements of one slot; drops the slot when it is empty and returns true then.
  bool EraseAt(Position at, size_t count);
  // Calls change(PackedBlock&) and counts what that does to the block's memory.
  template <typename Change>
  void ChangeBlock(Slot& slot, Change change) {
    block_bytes_ -= slot.block.MemoryBytes();
    change(slot.block);
    block_bytes_ += slot.block.MemoryBytes();
  }
  // Joins the slot with its right neighbour when both together fill half a block at most.
  void JoinWithNext(size_t slot);

  size_t size_ = 0;
  size_t block_bytes_ = 0;
  absl::InlinedVector<Slot, 1> slots_;
};

}  // namespace larder
