// InputBuffer: what a client has sent of a request that is not whole, or cannot run yet. Bytes are
// received behind it and consumed at its front without moving what is between. An empty one owns no
// memory, so that ten thousand waiting connections cost nothing. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace larder {

class InputBuffer {
 public:
  InputBuffer() = default;
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;
  ~InputBuffer() { std::free(memory_); }

  std::string_view view() const { return {memory_ + begin_, end_ - begin_}; }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  size_t capacity() const { return capacity_; }

  void Append(std::string_view bytes) {
    std::memcpy(Space(bytes.size()), bytes.data(), bytes.size());
    end_ += bytes.size();
  }

  // Room for `wanted` more bytes behind the present ones; views become invalid. What was written
  // there is kept with Grow.
  char* Space(size_t wanted) {
    if (capacity_ - end_ < wanted) MakeRoom(wanted);
    return memory_ + end_;
  }
  size_t space() const { return capacity_ - end_; }
  void Grow(size_t bytes) { end_ += bytes; }

  // Drops bytes at the front; the memory goes with the last of them.
  void Consume(size_t bytes) {
    begin_ += bytes;
    if (begin_ != end_) return;
    std::free(std::exchange(memory_, nullptr));
    begin_ = end_ = capacity_ = 0;
  }

 private:
  void MakeRoom(size_t wanted) {
    const size_t size = end_ - begin_;
    // Moving is paid for by the bytes consumed before; otherwise grow by half at least.
    if (begin_ < size || capacity_ - size < wanted) {
      size_t capacity = size + wanted;
      if (capacity < capacity_ + capacity_ / 2) capacity = capacity_ + capacity_ / 2;
      char* memory = static_cast<char*>(std::malloc(capacity));
      if (memory == nullptr) throw std::bad_alloc();
      if (size > 0) std::memcpy(memory, memory_ + begin_, size);
      std::free(std::exchange(memory_, memory));
      capacity_ = capacity;
    } else {
      std::memmove(memory_, memory_ + begin_, size);
    }
    begin_ = 0;
    end_ = size;
  }

  char* memory_ = nullptr;
  size_t begin_ = 0, end_ = 0, capacity_ = 0;
};

}  // namespace larder
