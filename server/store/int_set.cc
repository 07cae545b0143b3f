#include "server/store/int_set.h"

#include <cstring>
#include <limits>

#include "server/store/partition_point.h"
#include "server/store/size_class.h"

namespace larder {
namespace {

template <typename Number>
bool Holds(int64_t number) {
  return number >= std::numeric_limits<Number>::min() &&
         number <= std::numeric_limits<Number>::max();
}

uint8_t WidthOf(int64_t number) {
  if (Holds<int16_t>(number)) return sizeof(int16_t);
  return Holds<int32_t>(number) ? sizeof(int32_t) : sizeof(int64_t);
}

template <typename Number>
int64_t Load(const char* at) {
  Number number;
  std::memcpy(&number, at, sizeof(number));
  return number;
}

template <typename Number>
void Store(char* at, int64_t value) {
  const Number number = static_cast<Number>(value);
  std::memcpy(at, &number, sizeof(number));
}

}  // namespace

int64_t IntSet::At(size_t i) const {
  const char* at = bytes_.data() + i * width_;
  if (width_ == sizeof(int16_t)) return Load<int16_t>(at);
  return width_ == sizeof(int32_t) ? Load<int32_t>(at) : Load<int64_t>(at);
}

void IntSet::Put(size_t i, int64_t number) {
  char* at = bytes_.data() + i * width_;
  if (width_ == sizeof(int16_t)) return Store<int16_t>(at, number);
  return width_ == sizeof(int32_t) ? Store<int32_t>(at, number) : Store<int64_t>(at, number);
}

size_t IntSet::LowerBound(int64_t number) const {
  return PartitionPoint(size(), [&](size_t i) { return At(i) < number; });
}

bool IntSet::Contains(int64_t number) const {
  const size_t i = LowerBound(number);
  return i < size() && At(i) == number;
}

bool IntSet::Add(int64_t number) {
  if (WidthOf(number) > width_) Widen(WidthOf(number));
  const size_t i = LowerBound(number);
  if (i < size() && At(i) == number) return false;
  Grow(size() + 1);
  bytes_.insert(bytes_.begin() + static_cast<ptrdiff_t>(i * width_), width_, '\0');
  Put(i, number);
  return true;
}

bool IntSet::Remove(int64_t number) {
  const size_t i = LowerBound(number);
  if (i == size() || At(i) != number) return false;
  const auto at = bytes_.begin() + static_cast<ptrdiff_t>(i * width_);
  bytes_.erase(at, at + width_);
  if (MuchTooLarge(bytes_.capacity(), bytes_.size())) bytes_.shrink_to_fit();
  return true;
}

void IntSet::Widen(uint8_t width) {
  IntSet wider;
  wider.width_ = width;
  wider.Grow(size() + 1);
  wider.bytes_.resize(size() * width);
  for (size_t i = 0; i < size(); ++i) wider.Put(i, At(i));
  *this = std::move(wider);
}

// By the allocator's classes: doubling would leave a third of a small set unused.
void IntSet::Grow(size_t numbers) {
  if (numbers * width_ > bytes_.capacity()) bytes_.reserve(RoundUpToSizeClass(numbers * width_));
}

}  // namespace larder
