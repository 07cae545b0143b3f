// Latencies: how long each kind of round trip and each page took, in nanoseconds. One per visitor;
// merged when the visitors have ended.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "server/base/histogram.h"

namespace larder::bench {

using Clock = std::chrono::steady_clock;

class Latencies {
 public:
  void Record(const std::string& kind, Clock::time_point since) {
    const auto took = Clock::now() - since;
    of_[kind].Record(std::chrono::duration_cast<std::chrono::nanoseconds>(took).count());
  }

  void Merge(const Latencies& other) {
    for (const auto& [kind, histogram] : other.of_) of_[kind].Merge(histogram);
  }

  const std::map<std::string, Histogram>& of() const { return of_; }

 private:
  std::map<std::string, Histogram> of_;
};

}  // namespace larder::bench
