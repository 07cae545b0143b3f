// IdBlocks: records in the order of their stream ids, each id once, in blocks of at most
// kMostRecords that copies share until one side changes them. Consumer groups keep what is pending
// in it: it grows at the end and shrinks anywhere. No lock of its own; pointers to records are
// valid until the next change.
//
// Invariant: no block is empty; the ids ascend within a block and from block to block; block_bytes_
// is the memory of all blocks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <tuple>
#include <utility>
#include <vector>

#include "server/store/cow_ptr.h"
#include "server/store/size_class.h"
#include "server/store/stream_id.h"

namespace larder {

// `Record` is trivially copyable and has a member `id`.
template <typename Record>
class IdBlocks {
 public:
  static constexpr size_t kMostRecords = 8 * 1024 / sizeof(Record);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // REQUIRES of both: !empty().
  const Record& front() const { return blocks_.front()->front(); }
  const Record& back() const { return blocks_.back()->back(); }
  // Bytes of heap as the allocator rounds them; blocks shared with a copy count in full. O(1).
  size_t MemoryBytes() const { return HeapBytes(blocks_) + block_bytes_; }

  // Null where there is none.
  const Record* Find(StreamId id) const {
    const auto [block, i] = Locate(id);
    return Holds(block, i, id) ? &(*blocks_[block])[i] : nullptr;
  }
  Record* FindMutable(StreamId id) {
    const auto [block, i] = Locate(id);
    if (!Holds(block, i, id)) return nullptr;
    return &ChangeBlock(block, [](Block&) {})[i];  // perhaps a copy, of another capacity
  }

  // False where the id is there already.
  bool Insert(const Record& record) {
    auto [block, i] = Locate(record.id);
    if (Holds(block, i, record.id)) return false;
    if (blocks_.empty() || (block + 1 == blocks_.size() && i == kMostRecords)) {
      AddBlock(blocks_.size(), Block{record});
    } else {
      if (blocks_[block]->size() == kMostRecords) {
        Split(block);
        std::tie(block, i) = Locate(record.id);
      }
      ChangeBlock(block, [&, at = i](Block& records) {
        // A block doubles, but not beyond what it may ever hold.
        if (records.size() == records.capacity()) {
          records.reserve(std::min(2 * records.size(), kMostRecords));
        }
        records.insert(records.begin() + static_cast<std::ptrdiff_t>(at), record);
      });
    }
    ++size_;
    return true;
  }

  // False where there is no such id.
  bool Erase(StreamId id) {
    const auto [block, i] = Locate(id);
    if (!Holds(block, i, id)) return false;
    const Block& records = ChangeBlock(block, [at = i](Block& change) {
      change.erase(change.begin() + static_cast<std::ptrdiff_t>(at));
    });
    --size_;
    if (records.empty()) {
      RemoveBlock(block);
    } else if (records.size() < kMostRecords / 4) {
      Join(block);
      if (block > 0) Join(block - 1);
    }
    return true;
  }

  // Calls visit(record) for those from `first` on, until it returns false.
  template <typename Visit>
  void ForEachFrom(StreamId first, Visit visit) const {
    auto [block, i] = Locate(first);
    for (; block < blocks_.size(); ++block, i = 0) {
      for (; i < blocks_[block]->size(); ++i) {
        if (!visit((*blocks_[block])[i])) return;
      }
    }
  }

 private:
  using Block = std::vector<Record>;

  // The block that an id belongs in, and the first record there which is not below it: perhaps one
  // behind the block's last.
  std::pair<size_t, size_t> Locate(StreamId id) const {
    const auto above =
        std::upper_bound(blocks_.begin(), blocks_.end(), id,
                         [](StreamId x, const CowPtr<Block>& b) { return x < b->front().id; });
    if (above == blocks_.begin()) return {0, 0};
    const Block& block = **std::prev(above);
    const auto at = std::lower_bound(block.begin(), block.end(), id,
                                     [](const Record& r, StreamId x) { return r.id < x; });
    return {static_cast<size_t>(above - blocks_.begin()) - 1,
            static_cast<size_t>(at - block.begin())};
  }
  bool Holds(size_t block, size_t i, StreamId id) const {
    return block < blocks_.size() && i < blocks_[block]->size() && (*blocks_[block])[i].id == id;
  }

  void Split(size_t block) {
    Block right;
    ChangeBlock(block, [&](Block& left) {
      const auto middle = left.begin() + kMostRecords / 2;
      right.assign(middle, left.end());
      left.erase(middle, left.end());
    });
    AddBlock(block + 1, std::move(right));
  }
  // Joins the block with the next one when both together fill half a block at most.
  void Join(size_t block) {
    if (block + 1 >= blocks_.size()) return;
    const Block& right = *blocks_[block + 1];
    if (blocks_[block]->size() + right.size() > kMostRecords / 2) return;
    ChangeBlock(block, [&](Block& left) {
      left.insert(left.end(), right.begin(), right.end());
      left.shrink_to_fit();
    });
    RemoveBlock(block + 1);
  }

  // All changes of blocks come through these, which count their bytes.
  static size_t BytesOf(const Block& block) { return CowPtr<Block>::BoxBytes() + HeapBytes(block); }
  void AddBlock(size_t before, Block block) {
    block_bytes_ += BytesOf(block);
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(before),
                   CowPtr<Block>(std::move(block)));
  }
  void RemoveBlock(size_t block) {
    block_bytes_ -= BytesOf(*blocks_[block]);
    blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(block));
  }
  template <typename Change>
  Block& ChangeBlock(size_t at, Change change) {
    block_bytes_ -= BytesOf(*blocks_[at]);
    Block& block = blocks_[at].Mutable();
    change(block);
    block_bytes_ += BytesOf(block);
    return block;
  }

  std::vector<CowPtr<Block>> blocks_;
  size_t size_ = 0;
  size_t block_bytes_ = 0;
};

}  // namespace larder
