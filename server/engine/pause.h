// Pause: CLIENT PAUSE. While it lasts the dispatcher runs no command, or none that writes;
// connections offer theirs again when it ends. Any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include "server/engine/command.h"

namespace larder {

class Pause {
 public:
  // What it holds.
  enum class Scope : uint8_t { kWrites, kAll };
  // Until a Unix time in milliseconds. A longer or wider pause that is on goes on.
  void Begin(int64_t until_ms, Scope scope, int64_t now_ms) {
    const bool running = now_ms < until_ms_.load();
    all_.store(scope == Scope::kAll || (running && all_.load()));
    until_ms_.store(running ? std::max(until_ms, until_ms_.load()) : until_ms);
  }
  void End() {
    until_ms_.store(0);
    Ended();
  }
  // CLIENT PAUSE alone: a replica's stream stands still too.
  bool by_client(int64_t now_ms) const {
    return now_ms < until_ms_.load(std::memory_order_relaxed);
  }
  // FAILOVER: no writes until it is over, whatever CLIENT UNPAUSE says.
  void BeginFailover() { failover_.store(true); }
  void EndFailover() {
    failover_.store(false);
    Ended();
  }
  // The same while the server is about to stop: what is saved, and what replicas have, is all.
  void BeginStop() { stop_.store(true); }
  void EndStop() {
    stop_.store(false);
    Ended();
  }

  // Called (from the thread that ends it) whenever somebody ends a pause, be there another. Set
  // before threads start; it must not lock or block.
  void OnEnd(std::function<void()> callback) { on_end_ = std::move(callback); }
  // When what it holds is offered again though nobody has ended it: at its time. At the latest in a
  // second: the clock may be set, and what is held may be refused meanwhile, as while a script is
  // busy.
  int64_t RetryMs(int64_t now_ms) const {
    constexpr int64_t kMostMs = 1000;
    const int64_t left_ms = until_ms_.load() - now_ms;
    if (left_ms > 0) return now_ms + std::min(left_ms, kMostMs);
    return by_server() ? now_ms + kMostMs : now_ms;
  }

  // One of these two: the offset of the stream is what is waited for.
  bool by_server() const {
    return failover_.load(std::memory_order_relaxed) || stop_.load(std::memory_order_relaxed);
  }

  // Meanwhile nothing expires, so that what replicas are sent stands still too.
  bool active(int64_t now_ms) const { return by_client(now_ms) || by_server(); }

  // Whether what has these flags (RunFlags::of_any) must wait. REQUIRES: the pause is active.
  bool Holds(uint64_t flags, int64_t now_ms) const {
    const bool paused = now_ms < until_ms_.load();
    return (paused && all_.load()) || (flags & (kWrite | kMayReplicate)) != 0;
  }

 private:
  void Ended() const {
    if (on_end_) on_end_();
  }

  std::atomic<int64_t> until_ms_{0};
  std::atomic<bool> all_{false};
  std::atomic<bool> failover_{false}, stop_{false};
  std::function<void()> on_end_;
};

}  // namespace larder
