#include "server/engine/rates.h"

#include <numeric>

namespace larder {

void Rates::Rate::Add(uint64_t now, double seconds, size_t place) {
  samples[place] = now >= last ? static_cast<double>(now - last) / seconds : 0;
  last = now;
  per_second.store(std::accumulate(samples.begin(), samples.end(), 0.0) / kSamples,
                   std::memory_order_relaxed);
}

void Rates::Sample(const Stats& stats, int64_t monotonic_ms) {
  const double seconds = static_cast<double>(monotonic_ms - last_ms_) / 1000;
  if (last_ms_ != 0 && seconds > 0) {
    commands_.Add(stats.Sum(&WorkerStats::commands), seconds, next_);
    input_.Add(stats.Sum(&WorkerStats::input_bytes), seconds, next_);
    output_.Add(stats.Sum(&WorkerStats::output_bytes), seconds, next_);
    loop_rounds_.Add(stats.Sum(&WorkerStats::loop_rounds), seconds, next_);
    loop_us_.Add(stats.Sum(&WorkerStats::loop_us), seconds, next_);
    repl_input_.Add(stats.Sum(&WorkerStats::repl_input_bytes), seconds, next_);
    repl_output_.Add(stats.Sum(&WorkerStats::repl_output_bytes), seconds, next_);
    next_ = (next_ + 1) % kSamples;
  }
  last_ms_ = monotonic_ms;
}

}  // namespace larder
