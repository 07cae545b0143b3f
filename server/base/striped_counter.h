// StripedCounter: a counter that many threads add to without sharing a cache line. Any thread may
// call everything. Sum is exact when nobody adds meanwhile; otherwise it is some value in between.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace larder {

class StripedCounter {
 public:
  void Add(int64_t amount) {
    stripes_[ThreadStripe()].value.fetch_add(amount, std::memory_order_relaxed);
  }
  void Increment() { Add(1); }

  int64_t Sum() const {
    int64_t sum = 0;
    for (const Stripe& stripe : stripes_) sum += stripe.value.load(std::memory_order_relaxed);
    return sum;
  }

  // Additions of other threads meanwhile may be kept or lost.
  void Reset() {
    for (Stripe& stripe : stripes_) stripe.value.store(0, std::memory_order_relaxed);
  }

 private:
  // More threads than stripes share some: still right, only slower.
  static constexpr size_t kStripes = 16;
  static constexpr size_t kCacheLine = 64;

  struct alignas(kCacheLine) Stripe {
    std::atomic<int64_t> value{0};
  };

  static size_t ThreadStripe() {
    static std::atomic<size_t> next{0};
    thread_local const size_t stripe = next.fetch_add(1, std::memory_order_relaxed) % kStripes;
    return stripe;
  }

  std::array<Stripe, kStripes> stripes_;
};

}  // namespace larder
