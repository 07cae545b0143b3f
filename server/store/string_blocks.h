// StringBlocks: a string as it lies in its entry, to be read: a sequence of blocks of
// LargeString::kBlockBytes, the last one shorter. What lies inline is seen in such blocks too, so
// that who reads several strings side by side (BITOP) sees them cut at the same places. A view:
// valid until the string changes, under the lock of its shard.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/blob.h"
#include "server/store/large_string.h"

namespace larder {

class StringBlocks {
 public:
  static constexpr size_t kBlockBytes = LargeString::kBlockBytes;

  StringBlocks() = default;  // the empty string
  explicit StringBlocks(std::string_view bytes) : bytes_(bytes) {}
  explicit StringBlocks(const LargeString* large) : large_(large) {}

  size_t size() const { return large_ == nullptr ? bytes_.size() : large_->size(); }
  bool empty() const { return size() == 0; }
  size_t count() const { return (size() + kBlockBytes - 1) / kBlockBytes; }
  // Empty behind the end.
  BulkView block(size_t i) const {
    if (i >= count()) return {};
    return large_ == nullptr ? BulkView{bytes_.substr(i * kBlockBytes, kBlockBytes)}
                             : large_->block(i);
  }
  // REQUIRES: i < size().
  uint8_t At(size_t i) const {
    return static_cast<uint8_t>(block(i / kBlockBytes).bytes[i % kBlockBytes]);
  }

  // True where the string is one piece: then view() is all of it.
  bool contiguous() const { return large_ == nullptr; }
  std::string_view view() const { return bytes_; }

  // Calls visit(const BulkView&) for the parts of the bytes from `offset` on, in order; a part that
  // is a whole block names its blob. REQUIRES: offset + size <= size().
  template <typename Visit>
  void ForEachPart(size_t offset, size_t size, Visit&& visit) const {
    while (size > 0) {
      BulkView part = block(offset / kBlockBytes);
      part.bytes = part.bytes.substr(offset % kBlockBytes, size);
      if (part.blob != nullptr && part.bytes.size() != part.blob->size()) part.blob = nullptr;
      visit(part);
      offset += part.bytes.size();
      size -= part.bytes.size();
    }
  }

  // A copy of some bytes. REQUIRES: offset + size <= size().
  std::string Copy(size_t offset, size_t size) const {
    std::string copy;
    copy.reserve(size);
    ForEachPart(offset, size, [&copy](const BulkView& part) { copy.append(part.bytes); });
    return copy;
  }
  // The string in one piece, for who can read it no other way: the view itself, or, of a large
  // string, a copy in `storage`.
  std::string_view Flatten(std::string* storage) const {
    if (contiguous()) return bytes_;
    *storage = Copy(0, size());
    return *storage;
  }

 private:
  std::string_view bytes_;
  const LargeString* large_ = nullptr;
};

}  // namespace larder
