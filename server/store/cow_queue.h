// CowQueue: Ts in a row behind CowPtrs. They come at the back, and go from the front for the price
// of those that go: their places stay until they are half of all. Going elsewhere costs O(size()).
// Room for one is within the object. A copy shares the Ts.
//
// No lock of its own: what CowPtr says of handles holds for it.
#pragma once

#include <cstddef>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "server/store/cow_ptr.h"
#include "server/store/size_class.h"

namespace larder {

template <typename T>
class CowQueue {
 public:
  using Item = CowPtr<T>;

  CowQueue() = default;
  CowQueue(const CowQueue& other) : places_(other.begin(), other.end()) {}
  CowQueue(CowQueue&& other) noexcept
      : places_(std::move(other.places_)), gone_(std::exchange(other.gone_, 0)) {}
  CowQueue& operator=(CowQueue other) noexcept {
    std::swap(places_, other.places_);
    std::swap(gone_, other.gone_);
    return *this;
  }
  ~CowQueue() = default;

  size_t size() const { return places_.size() - gone_; }
  bool empty() const { return size() == 0; }
  const Item* begin() const { return places_.data() + gone_; }
  const Item* end() const { return places_.data() + places_.size(); }
  // REQUIRES of all: there is one.
  const T& operator[](size_t i) const { return *places_[gone_ + i]; }
  const T& front() const { return *places_[gone_]; }
  const T& back() const { return *places_.back(); }
  T& Mutable(size_t i) { return places_[gone_ + i].Mutable(); }

  void Add(T item) { places_.emplace_back(std::move(item)); }
  // REQUIRES: first + n <= size().
  void Remove(size_t first, size_t n) {
    if (first == 0) {
      for (size_t i = 0; i < n; ++i) const Item freed = std::move(places_[gone_ + i]);
      gone_ += n;
    } else {
      Erase(gone_ + first, n);
    }
    if (gone_ >= size()) Erase(0, std::exchange(gone_, 0));
  }

  // Bytes of heap of the places, without those of the Ts.
  size_t PlaceBytes() const {
    return places_.capacity() > 1 ? RoundUpToSizeClass(places_.capacity() * sizeof(Item)) : 0;
  }

 private:
  void Erase(size_t first, size_t n) {
    const auto begin = places_.begin() + static_cast<std::ptrdiff_t>(first);
    places_.erase(begin, begin + static_cast<std::ptrdiff_t>(n));
  }

  absl::InlinedVector<Item, 1> places_;
  size_t gone_ = 0;  // places at the front whose handles are empty: fewer than the others
};

}  // namespace larder
