// Histogram: how long things took, log-linear, in 4 KB. Every power of two is split into 16 equal
// buckets, so that a percentile is at most 6 % too high; values from 2^36 on count as 2^36 - 1 (69
// s in nanoseconds). One thread records; any thread may read or merge meanwhile and sees a count
// that is a few records old.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace larder {

class Histogram {
 public:
  // Negative values count as 0.
  void Record(int64_t value) {
    value = std::clamp<int64_t>(value, 0, (int64_t{1} << kMaxBits) - 1);
    Add(counts_[BucketOf(value)], 1);
    Add(sum_, value);
    if (value > max()) max_.store(value, std::memory_order_relaxed);
  }

  // Adds the other's counts to this one's. Only the recording thread of this one.
  void Merge(const Histogram& other);

  // Only the recording thread, or while nobody records: a racing record may survive in part.
  void Reset();

  int64_t count() const;
  int64_t sum() const { return sum_.load(std::memory_order_relaxed); }
  int64_t max() const { return max_.load(std::memory_order_relaxed); }

  // The smallest value that at least `percent` (0 to 100) of the records do not exceed; 0 when
  // empty.
  int64_t Percentile(double percent) const;

  // How many records are below `limit`, exact where limit is a power of two.
  int64_t CountBelow(int64_t limit) const;

 private:
  static constexpr int kSplitBits = 4;
  static constexpr int kMaxBits = 36;
  static constexpr int kBuckets = (kMaxBits - kSplitBits + 1) << kSplitBits;

  // One writer: a load and a store do what a locked add would do at ten times the price.
  static void Add(std::atomic<int64_t>& cell, int64_t amount) {
    cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  // Below 2^kSplitBits a bucket per value; above, the leading bit says which group and the next
  // kSplitBits bits say which bucket of it.
  static size_t BucketOf(int64_t value) {
    const auto bits = static_cast<uint64_t>(value);
    if (bits < (1u << kSplitBits)) return bits;
    const int shift = static_cast<int>(std::bit_width(bits)) - 1 - kSplitBits;
    return (static_cast<size_t>(shift) << kSplitBits) + (bits >> shift);
  }
  static int64_t HighestIn(int bucket);

  std::array<std::atomic<int64_t>, kBuckets> counts_{};
  std::atomic<int64_t> sum_{0};
  std::atomic<int64_t> max_{0};
};

}  // namespace larder
