// PartitionPoint: binary search among what is read by its index. Pure function: any thread.
#pragma once

#include <cstddef>

namespace larder {

// The first index in [0, size) for which `below` is false, `size` where there is none; it is true
// up to there.
template <typename Below>
size_t PartitionPoint(size_t size, Below below) {
  size_t first = 0;
  while (size > 0) {
    const size_t half = size / 2;
    if (below(first + half)) {
      first += half + 1;
      size -= half + 1;
    } else {
      size = half;
    }
  }
  return first;
}

}  // namespace larder
