// ByteBuffer: bytes that grow at their end. What std::string lacks: room that is filled in place,
// without being zeroed before or copied afterwards. An empty one may own memory (capacity()), which
// moves with it. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace larder {

class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(ByteBuffer&& other) noexcept { swap(other); }
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    ByteBuffer taken(std::move(other));
    swap(taken);
    return *this;
  }
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;
  ~ByteBuffer() { std::free(data_); }

  const char* data() const { return data_; }
  char* data() { return data_; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_, size_}; }

  // Room for at least `wanted` more bytes behind the present ones, which may move. What was written
  // there counts from Grow on.
  char* Space(size_t wanted) {
    if (capacity_ - size_ < wanted) [[unlikely]]
      Reallocate(wanted);
    return data_ + size_;
  }
  void Grow(size_t bytes) { size_ += bytes; }

  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Space(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  // REQUIRES: at <= size().
  void Insert(size_t at, std::string_view bytes) {
    if (bytes.empty()) return;
    Space(bytes.size());
    std::memmove(data_ + at + bytes.size(), data_ + at, size_ - at);
    std::memcpy(data_ + at, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  // REQUIRES: bytes <= size().
  void DropFront(size_t bytes) {
    if (bytes == 0) return;
    size_ -= bytes;
    std::memmove(data_, data_ + bytes, size_);
  }
  // REQUIRES: size <= size().
  void TruncateTo(size_t size) { size_ = size; }
  void Clear() { size_ = 0; }
  // Clear, and gives the memory back where it is more than `most` bytes.
  void ClearKeeping(size_t most) {
    if (capacity_ > most) *this = ByteBuffer();
    Clear();
  }

  void swap(ByteBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  static constexpr size_t kLeastBytes = 256;

  void Reallocate(size_t wanted) {
    size_t capacity = capacity_ < kLeastBytes ? kLeastBytes : 2 * capacity_;
    if (capacity < size_ + wanted) capacity = size_ + wanted;
    void* data = std::realloc(data_, capacity);
    if (data == nullptr) throw std::bad_alloc();
    data_ = static_cast<char*>(data);
    capacity_ = capacity;
  }

  char* data_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace larder
