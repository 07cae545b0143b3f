#include "server/base/histogram.h"

#include <cmath>

namespace larder {

int64_t Histogram::HighestIn(int bucket) {
  int group = bucket >> kSplitBits;
  if (group == 0) return bucket;
  int64_t lead = (bucket & ((1 << kSplitBits) - 1)) + (1 << kSplitBits);
  return ((lead + 1) << (group - 1)) - 1;
}

void Histogram::Merge(const Histogram& other) {
  for (int i = 0; i < kBuckets; ++i) {
    Add(counts_[i], other.counts_[i].load(std::memory_order_relaxed));
  }
  Add(sum_, other.sum());
  max_.store(std::max(max(), other.max()), std::memory_order_relaxed);
}

void Histogram::Reset() {
  for (auto& count : counts_) count.store(0, std::memory_order_relaxed);
  sum_.store(0, std::memory_order_relaxed);
  max_.store(0, std::memory_order_relaxed);
}

int64_t Histogram::count() const {
  int64_t total = 0;
  for (const auto& count : counts_) total += count.load(std::memory_order_relaxed);
  return total;
}

int64_t Histogram::Percentile(double percent) const {
  int64_t total = count();
  auto wanted = static_cast<int64_t>(std::ceil(percent / 100 * static_cast<double>(total)));
  wanted = std::max<int64_t>(wanted, 1);
  int64_t seen = 0;
  for (int i = 0; i < kBuckets; ++i) {
    seen += counts_[i].load(std::memory_order_relaxed);
    if (seen >= wanted) return std::min(HighestIn(i), max());
  }
  return max();
}

int64_t Histogram::CountBelow(int64_t limit) const {
  int64_t below = 0;
  for (int i = 0; i < kBuckets && HighestIn(i) < limit; ++i) {
    below += counts_[i].load(std::memory_order_relaxed);
  }
  return below;
}

}  // namespace larder
