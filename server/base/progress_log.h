// ProgressLog: tells the log every few seconds how far a long task is, how fast it goes and, where
// its size is known, how long it will still take. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace larder {

// How fast something goes of which `done` was done in `elapsed_ms`; `total` 0: not known.
struct Pace {
  Pace(uint64_t done, uint64_t total, int64_t elapsed_ms);
  uint64_t per_second;
  int64_t seconds_left;  // -1: it can't be told
};

class ProgressLog {
 public:
  struct Unit {
    std::string_view name;
    uint64_t size;
  };
  static constexpr Unit kMegabytes = {"MB", 1024 * 1024};
  static constexpr Unit kKeys = {"keys", 1};

  // `task` and the unit's name are the code's own: "Loading".
  ProgressLog(std::string_view task, Unit unit) : task_(task), unit_(unit) { Begin(); }

  void Begin();
  // So much is done.
  void At(uint64_t done, uint64_t total);
  Pace PaceAt(uint64_t done, uint64_t total) const;

 private:
  static constexpr int64_t kEveryMs = 5000;  // so that what is short says nothing

  const std::string_view task_;
  const Unit unit_;
  std::atomic<int64_t> begin_ms_{0}, told_ms_{0};  // on the monotonic clock
};

}  // namespace larder
