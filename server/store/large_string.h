// LargeString: the bytes of a string of kMinBytes and more, as a directory of counted blocks: every
// block but the last holds kBlockBytes. A reply sends the blocks by reference, a copy of the string
// shares them, and a change touches only the blocks it changes: in place where nobody shares them,
// else in a copy of that block. Zero bytes between the end and something written far behind it are
// references to one block of zeros.
//
// No lock of its own: the caller holds the lock of the shard that owns the string. Blocks that are
// shared may be read by any thread. Views are valid until the string changes. REQUIRES of every
// change: the bytes given do not lie in this string.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "protocol/blob.h"

namespace larder {

class LargeString {
 public:
  // Shorter strings lie in their entry.
  static constexpr size_t kMinBytes = kBlobMinBytes;
  // With its header a block fills the largest of jemalloc's small classes, 14 KiB: what is larger
  // gets pages of its own and one more, so that 16 KiB would take 20.
  static constexpr size_t kBlockBytes = 14 * 1024 - sizeof(Blob);

  explicit LargeString(std::string_view bytes) { Append(bytes); }
  LargeString(const LargeString&) = default;  // shares the blocks
  LargeString& operator=(const LargeString&) = delete;

  size_t size() const { return size_; }
  // Bytes of heap and of this object; shared blocks count in full.
  size_t MemoryBytes() const;

  // REQUIRES: i < block_count().
  BulkView block(size_t i) const { return {blocks_[i]->view(), blocks_[i].get()}; }
  size_t block_count() const { return blocks_.size(); }

  void Append(std::string_view bytes);
  // Adds zero bytes up to `size`, which is at least size().
  void Grow(size_t size);
  // REQUIRES: offset + bytes.size() <= size().
  void Overwrite(size_t offset, std::string_view bytes);

 private:
  size_t tail_bytes() const { return blocks_.empty() ? kBlockBytes : blocks_.back()->size(); }
  // The last block with another size, nobody else's; answers its bytes.
  char* ResizeTail(size_t size);
  // The bytes of a block that nobody shares.
  char* MutableBlock(size_t i);

  size_t size_ = 0;
  absl::InlinedVector<BlobRef, 4> blocks_;
};

}  // namespace larder
