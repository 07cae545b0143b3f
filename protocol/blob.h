// Blob: immutable bytes with a reference count, in one allocation. A value of kBlobMinBytes and
// more is stored as a Blob (a hash's field) or several (a string), so that a reply, a snapshot or a
// replication block sends it without copying it: the holder takes a reference under the shard's
// lock and may read the bytes for as long as it keeps it.
//
// Any thread may read, Ref and Unref a Blob it holds a reference to. The bytes do not change once a
// second holder can see the Blob (mutable_data() and Resize are for who holds it alone).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace larder {

// From this size up handing out a reference costs less than copying (measured at 4 KiB and 16 KiB:
// copying is free at 4 KiB, and costs a tenth of the request at 16 KiB).
inline constexpr size_t kBlobMinBytes = 16 * 1024;

class Blob {
 public:
  Blob(const Blob&) = delete;
  Blob& operator=(const Blob&) = delete;

  // A new Blob with one reference, which the caller owns.
  static Blob* New(std::string_view bytes) {
    Blob* blob = NewUninitialized(bytes.size());
    if (!bytes.empty()) std::memcpy(blob->mutable_data(), bytes.data(), bytes.size());
    return blob;
  }

  // The same with `size` bytes left for the caller to fill in.
  static Blob* NewUninitialized(size_t size) {
    void* memory = std::malloc(sizeof(Blob) + size);
    if (memory == nullptr) throw std::bad_alloc();
    return new (memory) Blob(size);
  }

  // The Blob with another size, at a new place where it does not fit any more; bytes that are new
  // are left for the caller to fill in. REQUIRES: unique().
  static Blob* Resize(Blob* blob, size_t size) {
    void* memory = std::realloc(static_cast<void*>(blob), sizeof(Blob) + size);
    if (memory == nullptr) throw std::bad_alloc();
    blob = static_cast<Blob*>(memory);
    blob->size_ = size;
    return blob;
  }

  void Ref() const { references_.fetch_add(1, std::memory_order_relaxed); }

  // Gives one reference back; the last one frees the Blob.
  void Unref() const {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    this->~Blob();
    std::free(const_cast<Blob*>(this));
  }

  size_t size() const { return size_; }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  char* mutable_data() { return reinterpret_cast<char*>(this + 1); }
  std::string_view view() const { return {data(), size_}; }

  // True when nobody but the caller holds the Blob, so that it may be changed or freed at once.
  bool unique() const { return references_.load(std::memory_order_acquire) == 1; }

 private:
  explicit Blob(size_t size) : size_(size) {}
  ~Blob() = default;

  mutable std::atomic<size_t> references_{1};
  size_t size_;
};

// Owns one reference, or none.
class BlobRef {
 public:
  BlobRef() = default;
  // Takes over the reference that the caller owns, as Blob::New returns it.
  static BlobRef Adopt(const Blob* blob) { return BlobRef(blob); }
  // Takes a reference of its own.
  static BlobRef Share(const Blob* blob) {
    if (blob != nullptr) blob->Ref();
    return BlobRef(blob);
  }

  BlobRef(const BlobRef& other) : blob_(other.blob_) {
    if (blob_ != nullptr) blob_->Ref();
  }
  BlobRef(BlobRef&& other) noexcept : blob_(std::exchange(other.blob_, nullptr)) {}
  BlobRef& operator=(BlobRef other) noexcept {
    std::swap(blob_, other.blob_);
    return *this;
  }
  ~BlobRef() {
    if (blob_ != nullptr) blob_->Unref();
  }

  const Blob* get() const { return blob_; }
  const Blob* operator->() const { return blob_; }
  explicit operator bool() const { return blob_ != nullptr; }
  // Hands the reference to the caller.
  const Blob* release() { return std::exchange(blob_, nullptr); }

 private:
  explicit BlobRef(const Blob* blob) : blob_(blob) {}

  const Blob* blob_ = nullptr;
};

// Bytes as a store hands them out: a view, and the Blob that holds them if they are in one (null
// otherwise). Valid until the owner of the bytes changes; a reader that needs them longer copies
// the bytes or takes a reference to the Blob.
struct BulkView {
  std::string_view bytes;
  const Blob* blob = nullptr;
};

}  // namespace larder
