// OutputBuffer: what waits to be sent to one client: bytes, and between them references to large
// values (blobs) that go out without a copy. One thread at a time owns it. It is bounded by whoever
// fills it: the network closes a client over client-output-buffer-limit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/blob.h"
#include "protocol/byte_buffer.h"

namespace larder {

class OutputBuffer {
 public:
  // A blob that stands in the stream after the first `at` bytes of bytes().
  struct Splice {
    size_t at;
    BlobRef blob;
  };

  ByteBuffer& bytes() { return bytes_; }
  const ByteBuffer& bytes() const { return bytes_; }
  const std::vector<Splice>& splices() const { return splices_; }

  void Append(std::string_view text) { bytes_.Append(text); }
  void AppendBlob(BlobRef blob) {
    blob_bytes_ += blob->size();
    splices_.push_back({bytes_.size(), std::move(blob)});
  }
  // Copies what is in `other`, and shares its blobs.
  void Append(const OutputBuffer& other) {
    for (const Splice& splice : other.splices_) {
      splices_.push_back({bytes_.size() + splice.at, splice.blob});
    }
    bytes_.Append(other.bytes_.view());
    blob_bytes_ += other.blob_bytes_;
  }
  // Moves everything from `other` behind what is here.
  void Take(OutputBuffer&& other) {
    for (Splice& splice : other.splices_) {
      splices_.push_back({bytes_.size() + splice.at, std::move(splice.blob)});
    }
    bytes_.Append(other.bytes_.view());
    blob_bytes_ += other.blob_bytes_;
    other.Clear();
  }

  // All bytes in one string, blobs included: for readers that are no sockets.
  std::string Flatten() const {
    std::string flat;
    flat.reserve(size());
    size_t from = 0;
    for (const Splice& splice : splices_) {
      flat.append(bytes_.data() + from, splice.at - from).append(splice.blob->view());
      from = splice.at;
    }
    return flat.append(bytes_.view().substr(from));
  }

  // Makes a blob of the bytes behind the last one: for what will wait, so that what is added does
  // not move it.
  void Seal() {
    const size_t from = splices_.empty() ? 0 : splices_.back().at;
    if (from == bytes_.size()) return;
    AppendBlob(BlobRef::Adopt(Blob::New(bytes_.view().substr(from))));
    splices_.back().at = from;
    bytes_.TruncateTo(from);
  }

  bool empty() const { return bytes_.empty() && splices_.empty(); }
  // Bytes on the wire, blobs included.
  size_t size() const { return bytes_.size() + blob_bytes_; }

  // A place in the stream, to come back to with TruncateTo (a reply that must not be sent) or
  // InsertAt (a length known only afterwards).
  struct Mark {
    size_t bytes;
    size_t splices;
  };
  Mark mark() const { return {bytes_.size(), splices_.size()}; }
  void TruncateTo(const Mark& mark) {
    for (size_t i = mark.splices; i < splices_.size(); ++i) blob_bytes_ -= splices_[i].blob->size();
    splices_.resize(mark.splices);
    bytes_.TruncateTo(mark.bytes);
  }
  void InsertAt(const Mark& mark, std::string_view text) {
    bytes_.Insert(mark.bytes, text);
    for (size_t i = mark.splices; i < splices_.size(); ++i) splices_[i].at += text.size();
  }
  // Drops bytes of the wire at the front, whole blobs only; returns how many of `bytes` it could
  // drop.
  size_t DropFront(size_t bytes) {
    size_t dropped = 0, text = 0, blobs = 0;
    while (blobs < splices_.size()) {
      const size_t before = splices_[blobs].at - text, size = splices_[blobs].blob->size();
      if (dropped + before + size > bytes) break;
      dropped += before + size;
      text += before;
      blob_bytes_ -= size;
      ++blobs;
    }
    const size_t limit = blobs < splices_.size() ? splices_[blobs].at : bytes_.size();
    const size_t more = std::min(bytes - dropped, limit - text);
    dropped += more;
    text += more;
    splices_.erase(splices_.begin(), splices_.begin() + static_cast<std::ptrdiff_t>(blobs));
    for (Splice& splice : splices_) splice.at -= text;
    bytes_.DropFront(text);
    return dropped;
  }
  void Clear() {
    bytes_.Clear();
    splices_.clear();
    blob_bytes_ = 0;
  }

 private:
  ByteBuffer bytes_;
  std::vector<Splice> splices_;
  size_t blob_bytes_ = 0;
};

}  // namespace larder
