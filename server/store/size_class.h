// The sizes in which the allocator really hands out memory (jemalloc's small classes: multiples of
// 16 up to 128, then four per doubling). A block that is asked for in such a size has no slack that
// nobody uses. Pure functions, any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <string>
#include <vector>

namespace larder {

// The smallest class of at least `bytes`.
constexpr size_t RoundUpToSizeClass(size_t bytes) {
  if (bytes <= 8) return 8;
  if (bytes <= 128) return (bytes + 15) & ~size_t{15};
  const size_t step = std::bit_ceil(bytes) / 8;  // (128, 256] in steps of 32, (256, 512] of 64 ...
  return (bytes + step - 1) / step * step;
}

static_assert(RoundUpToSizeClass(1) == 8 && RoundUpToSizeClass(9) == 16 &&
              RoundUpToSizeClass(113) == 128);
static_assert(RoundUpToSizeClass(129) == 160 && RoundUpToSizeClass(256) == 256);
static_assert(RoundUpToSizeClass(257) == 320 && RoundUpToSizeClass(1025) == 1280);

// Whether to give back what a block of this capacity has beyond its contents: when a third of it
// would do, so that who adds and removes by turns does not copy it each time.
constexpr bool MuchTooLarge(size_t capacity, size_t used) {
  constexpr size_t kWorthShrinking = 128;
  return capacity > kWorthShrinking && used < capacity / 3;
}

// What a string or an array has on the heap, besides the object itself.
inline size_t HeapBytes(const std::string& text) {
  if (text.capacity() <= std::string().capacity()) return 0;  // within the object
  return RoundUpToSizeClass(text.capacity() + 1);             // a terminator
}
template <typename T>
size_t HeapBytes(const std::vector<T>& items) {
  return items.capacity() == 0 ? 0 : RoundUpToSizeClass(items.capacity() * sizeof(T));
}

}  // namespace larder
