// IntSet: a small set of integers as a sorted array of 16, 32 or 64-bit numbers, in the narrowest
// width that holds them all. Insertion moves what lies behind, so it is for up to kMaxBytes; Set
// turns to a Dict beyond.
//
// Guarded like the set that owns it; copies are independent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/store/size_class.h"

namespace larder {

class IntSet {
 public:
  static constexpr size_t kMaxBytes = 16 * 1024;

  size_t size() const { return bytes_.size() / width_; }
  // The i-th in ascending order. REQUIRES: i < size().
  int64_t At(size_t i) const;
  bool Contains(int64_t number) const;
  // True when the number is new.
  bool Add(int64_t number);
  // False when it is absent.
  bool Remove(int64_t number);
  // Whether another number of any width would still fit.
  bool HasRoom() const { return (size() + 1) * sizeof(int64_t) <= kMaxBytes; }
  size_t MemoryBytes() const { return RoundUpToSizeClass(bytes_.capacity()); }

 private:
  // The first index whose number is not less.
  size_t LowerBound(int64_t number) const;
  void Put(size_t i, int64_t number);
  void Widen(uint8_t width);
  void Grow(size_t numbers);

  std::vector<char> bytes_;
  uint8_t width_ = sizeof(int16_t);  // bytes of a number; never shrinks
};

}  // namespace larder
