#include "server/store/large_string.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/base/check.h"
#include "server/store/size_class.h"

namespace larder {
namespace {

// One for the process.
const Blob* ZeroBlock() {
  static const Blob* const block = [] {
    Blob* zeros = Blob::NewUninitialized(LargeString::kBlockBytes);
    std::memset(zeros->mutable_data(), 0, zeros->size());
    return zeros;
  }();
  return block;
}

}  // namespace

size_t LargeString::MemoryBytes() const {
  size_t bytes = sizeof(*this);
  if (blocks_.capacity() > 4) bytes += blocks_.capacity() * sizeof(BlobRef);
  if (blocks_.empty()) return bytes;
  return bytes + (blocks_.size() - 1) * (sizeof(Blob) + kBlockBytes) +
         RoundUpToSizeClass(sizeof(Blob) + tail_bytes());
}

char* LargeString::ResizeTail(size_t size) {
  BlobRef& tail = blocks_.back();
  Blob* blob;
  if (tail->unique()) {
    blob = Blob::Resize(const_cast<Blob*>(tail.release()), size);
  } else {
    blob = Blob::NewUninitialized(size);
    std::memcpy(blob->mutable_data(), tail->data(), std::min(size, tail->size()));
  }
  tail = BlobRef::Adopt(blob);
  return blob->mutable_data();
}

char* LargeString::MutableBlock(size_t i) {
  BlobRef& block = blocks_[i];
  if (!block->unique()) block = BlobRef::Adopt(Blob::New(block->view()));
  return const_cast<Blob*>(block.get())->mutable_data();
}

void LargeString::Append(std::string_view bytes) {
  size_ += bytes.size();
  if (const size_t tail = tail_bytes(); tail < kBlockBytes && !bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kBlockBytes - tail);
    std::memcpy(ResizeTail(tail + piece.size()) + tail, piece.data(), piece.size());
    bytes.remove_prefix(piece.size());
  }
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kBlockBytes);
    blocks_.push_back(BlobRef::Adopt(Blob::New(piece)));
    bytes.remove_prefix(piece.size());
  }
}

void LargeString::Grow(size_t size) {
  CHECK(size >= size_);
  size_t left = size - size_;
  size_ = size;
  if (const size_t tail = tail_bytes(); tail < kBlockBytes && left > 0) {
    const size_t piece = std::min(left, kBlockBytes - tail);
    std::memset(ResizeTail(tail + piece) + tail, 0, piece);
    left -= piece;
  }
  blocks_.reserve(blocks_.size() + left / kBlockBytes + 1);
  for (; left >= kBlockBytes; left -= kBlockBytes) blocks_.push_back(BlobRef::Share(ZeroBlock()));
  if (left > 0) {
    blocks_.push_back(BlobRef::Adopt(Blob::New(ZeroBlock()->view().substr(0, left))));
  }
}

void LargeString::Overwrite(size_t offset, std::string_view bytes) {
  CHECK(offset + bytes.size() <= size_);
  while (!bytes.empty()) {
    const size_t at = offset % kBlockBytes;
    const std::string_view piece = bytes.substr(0, kBlockBytes - at);
    std::memcpy(MutableBlock(offset / kBlockBytes) + at, piece.data(), piece.size());
    offset += piece.size();
    bytes.remove_prefix(piece.size());
  }
}

}  // namespace larder
