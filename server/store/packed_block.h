// PackedBlock: an ordered sequence of short byte strings in one heap block of at most 16 KiB. Lists
// and sorted sets are built of them, so that their growth never copies more than one block, and a
// snapshot shares blocks instead of copying values.
//
// A PackedBlock is a handle. Copying it shares the block (one count up); the first change through a
// handle that shares its block copies the block, so what another handle sees never changes. Handles
// of one block may be used from different threads; one handle is for one thread at a time (for a
// stored value: the holder of its shard's lock).
//
// Layout: header | index of 16-bit offsets, growing up | free | records, growing down from the end.
// An offset is the distance of a record's start from the end, so a block grows by two copies.
// Inserting and erasing in the middle move only offsets; the space of an erased record is won back
// when the block next runs out of room. An element over MaxInline() lies in a Blob of its own and
// its record holds the pointer.
//
// Views into a block are valid until it changes. REQUIRES of every change: the bytes given do not
// lie in this block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "protocol/blob.h"

namespace larder {

class PackedBlock {
 public:
  // kScored: every element carries a double.
  enum class Kind : uint8_t { kPlain, kScored };

  static constexpr size_t kMaxBytes = 16 * 1024;

  // The longest element kept in the block itself, in bytes. At most a quarter of the block sizes
  // that lists and sorted sets choose, so that half a block always has room for one more.
  static constexpr size_t MaxInline(Kind kind) { return kind == Kind::kPlain ? 2048 : 512; }
  // What an element of `size` bytes takes of a block: its record and its place in the index.
  static size_t Footprint(Kind kind, size_t size);

  explicit PackedBlock(Kind kind);
  PackedBlock(const PackedBlock& other);
  PackedBlock(PackedBlock&& other) noexcept : rep_(std::exchange(other.rep_, nullptr)) {}
  PackedBlock& operator=(PackedBlock other) noexcept {
    std::swap(rep_, other.rep_);
    return *this;
  }
  ~PackedBlock();

  Kind kind() const;
  size_t count() const;
  // Bytes in use: header, index and the records that are alive.
  size_t used_bytes() const;
  // How many of `more` bytes fit in, behind an element of `size` bytes, where the block may use
  // `most`.
  size_t RoomAhead(size_t size, size_t more, size_t most) const;
  // Bytes of heap as the allocator rounds them: the block and the Blobs its elements lie in.
  size_t MemoryBytes() const;

  // The blob is named from kBlobMinBytes up. REQUIRES: i < count().
  BulkView At(size_t i) const;
  // REQUIRES: i < count(), kind() is kScored.
  double ScoreAt(size_t i) const;

  // Puts an element before the i-th; i == count() appends. Where the block has to grow, it gets
  // room for Footprints of `more` bytes that will follow. REQUIRES: used_bytes() +
  // Footprint(element) + more <= kMaxBytes / 2.
  void Insert(size_t i, std::string_view element, double score = 0, size_t more = 0);
  // Removes n elements from the i-th on. REQUIRES: i + n <= count().
  void Erase(size_t i, size_t n = 1);
  void SetScore(size_t i, double score);

  // Moves the elements from the i-th on into a new block.
  PackedBlock SplitTail(size_t i);
  // Appends the elements of `other`, a block of the same kind; their Blobs are shared.
  void Append(const PackedBlock& other);

 private:
  struct Rep;

  explicit PackedBlock(Rep* rep) : rep_(rep) {}
  // Copies elements [first, last) of `from` into a fresh block with room for `spare` bytes more.
  static Rep* CopyOf(const Rep& from, size_t first, size_t last, size_t spare);
  static void Release(Rep* rep);
  // Makes the block ours alone, with `bytes` of contiguous room; `more` where it has to grow.
  void MakeRoom(size_t bytes, size_t more = 0);
  void Unshare();

  Rep* rep_;
};

}  // namespace larder
