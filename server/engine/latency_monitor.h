// LatencyMonitor: the latest spikes of each kind of event ("command", "fast-command",
// "expire-cycle", "eviction-cycle"), for LATENCY. Engine::NoteDelay compares with
// latency-monitor-threshold before anything is added, so that normal work pays nothing. Any thread.
// Bounded: kMostSamples an event; the names of events are the code's own.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/mutex.h"

namespace larder {

class LatencyMonitor {
 public:
  static constexpr size_t kMostSamples = 160;  // as Redis

  struct Sample {
    int64_t unix_s;
    int64_t duration_ms;
  };
  struct Event {
    std::deque<Sample> samples;  // oldest first; one a second, the worst of it
    int64_t max_ms = 0;          // ever
  };

  void Add(std::string_view event, int64_t duration_ms);

  std::vector<std::pair<std::string, Event>> Events() const;
  std::optional<Event> Find(std::string_view event) const;

  // Forgets one event, or all; returns how many there were.
  size_t Reset(std::string_view event);
  size_t ResetAll();

 private:
  mutable Mutex mutex_;
  std::map<std::string, Event, std::less<>> events_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace larder
