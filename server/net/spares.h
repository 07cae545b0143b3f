// Spares: memory that was used and is kept for the next use, so that the same few warm pieces serve
// all. What lay unused from one Trim to the next goes then: a steady load keeps all that it uses,
// and what a burst needed is given back. One thread at a time (whoever runs the loop).
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace larder {

template <typename T>
class Spares {
 public:
  // A batch's worth.
  static constexpr size_t kMostKept = 128;

  bool keeps() const { return !kept_.empty(); }
  // REQUIRES: keeps().
  T Take() {
    T taken = std::move(kept_.back());
    kept_.pop_back();
    least_kept_ = std::min(least_kept_, kept_.size());
    return taken;
  }
  void Keep(T spare) {
    if (kept_.size() < kMostKept) kept_.push_back(std::move(spare));
  }
  void Trim() {
    // The last ones kept are taken first: those at the front are the unused ones.
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(least_kept_));
    least_kept_ = kept_.size();
  }

 private:
  std::vector<T> kept_;
  size_t least_kept_ = 0;  // since the last Trim
};

}  // namespace larder
