// CowPtr: a handle of a T on the heap. Copying the handle shares the T; Mutable() copies the T
// first when another handle shares it, so what the other handle sees never changes. Handles of one
// T may be used from different threads; one handle is for one thread at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "server/store/copied_bytes.h"
#include "server/store/heap_counters.h"
#include "server/store/size_class.h"

namespace larder {

template <typename T>
class CowPtr {
 public:
  explicit CowPtr(T value) : box_(new Box{std::move(value)}) {}
  CowPtr(const CowPtr& other) : box_(other.box_) {
    box_->references.fetch_add(1, std::memory_order_relaxed);
  }
  CowPtr(CowPtr&& other) noexcept : box_(std::exchange(other.box_, nullptr)) {}
  CowPtr& operator=(CowPtr other) noexcept {
    std::swap(box_, other.box_);
    return *this;
  }
  ~CowPtr() {
    if (box_ == nullptr) return;
    if (box_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete box_;
  }

  const T& operator*() const { return box_->value; }
  const T* operator->() const { return &box_->value; }
  // Bytes of heap that the T takes, without those that it has itself.
  static constexpr size_t BoxBytes() { return RoundUpToSizeClass(sizeof(Box)); }
  T& Mutable() {
    if (box_->references.load(std::memory_order_acquire) != 1) {
      const HeapGrowth copy;
      *this = CowPtr(box_->value);
      NoteCopied(copy.bytes());
    }
    return box_->value;
  }

 private:
  struct Box {
    T value;
    std::atomic<uint32_t> references{1};
  };
  Box* box_;
};

}  // namespace larder
