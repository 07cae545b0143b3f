// Rates: operations and bytes per second for INFO's instantaneous fields, averaged over the last 16
// samples, one each 100 ms. The keeper samples; any thread reads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "server/engine/stats.h"

namespace larder {

class Rates {
 public:
  void Sample(const Stats& stats, int64_t monotonic_ms);
  // Per second.
  double commands() const { return commands_.per_second.load(std::memory_order_relaxed); }
  double input_bytes() const { return input_.per_second.load(std::memory_order_relaxed); }
  double output_bytes() const { return output_.per_second.load(std::memory_order_relaxed); }
  double loop_rounds() const { return loop_rounds_.per_second.load(std::memory_order_relaxed); }
  double loop_us() const { return loop_us_.per_second.load(std::memory_order_relaxed); }
  double repl_input_bytes() const { return repl_input_.per_second.load(std::memory_order_relaxed); }
  double repl_output_bytes() const {
    return repl_output_.per_second.load(std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kSamples = 16;
  struct Rate {
    uint64_t last = 0;
    std::array<double, kSamples> samples{};
    std::atomic<double> per_second{0};
    void Add(uint64_t now, double seconds, size_t place);
  };
  Rate commands_, input_, output_, repl_input_, repl_output_, loop_rounds_, loop_us_;
  int64_t last_ms_ = 0;
  size_t next_ = 0;
};

}  // namespace larder
