// ReplyHold: up to where the replication log is safe. What a command has changed is in the log at
// an offset; where a reply must not leave before that is in the append-only file, or on disk
// (`appendfsync always`), the loop holds it until safe() is beyond. Later commands of the
// connection go on meanwhile. Whoever else makes bytes safe, as replicas do that acknowledge them,
// is a second voice: safe is what all of them have, and this is where that is decided.
//
// safe() by any thread; SetSafe by one thread at a time, which has made it so.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

namespace larder {

class ReplyHold {
 public:
  static constexpr uint64_t kEverything = UINT64_MAX;  // nothing is held

  uint64_t safe() const { return safe_.load(std::memory_order_seq_cst); }
  // Replies that wait for bytes before `offset` may leave. May go back to a smaller offset, for
  // what comes from now on.
  void SetSafe(uint64_t offset) {
    if (safe_.exchange(offset, std::memory_order_seq_cst) != offset && on_change_) on_change_();
  }
  // Called by SetSafe on its thread; must be quick. Before threads start.
  void OnChange(std::function<void()> callback) { on_change_ = std::move(callback); }

 private:
  std::atomic<uint64_t> safe_{kEverything};
  std::function<void()> on_change_;
};

}  // namespace larder
