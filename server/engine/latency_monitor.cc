#include "server/engine/latency_monitor.h"

#include <algorithm>

#include "server/base/clock.h"

namespace larder {

void LatencyMonitor::Add(std::string_view name, int64_t duration_ms) {
  const int64_t now_s = WallMs() / 1000;
  MutexLock lock(mutex_);
  auto found = events_.find(name);
  if (found == events_.end()) found = events_.emplace(name, Event()).first;
  Event& event = found->second;
  event.max_ms = std::max(event.max_ms, duration_ms);
  if (!event.samples.empty() && event.samples.back().unix_s == now_s) {
    int64_t& worst = event.samples.back().duration_ms;
    worst = std::max(worst, duration_ms);
    return;
  }
  event.samples.push_back({now_s, duration_ms});
  if (event.samples.size() > kMostSamples) event.samples.pop_front();
}

std::vector<std::pair<std::string, LatencyMonitor::Event>> LatencyMonitor::Events() const {
  MutexLock lock(mutex_);
  return {events_.begin(), events_.end()};
}

std::optional<LatencyMonitor::Event> LatencyMonitor::Find(std::string_view name) const {
  MutexLock lock(mutex_);
  auto found = events_.find(name);
  if (found == events_.end()) return std::nullopt;
  return found->second;
}

size_t LatencyMonitor::Reset(std::string_view name) {
  MutexLock lock(mutex_);
  auto found = events_.find(name);
  if (found == events_.end()) return 0;
  events_.erase(found);
  return 1;
}

size_t LatencyMonitor::ResetAll() {
  MutexLock lock(mutex_);
  const size_t count = events_.size();
  events_.clear();
  return count;
}

}  // namespace larder
