// AckWaits: clients that wait until what they wrote has been acknowledged: by replicas (WAIT), or
// as being on disk, here and at replicas (WAITAOF). They are parked without a key; whoever hears of
// an acknowledgement calls Serve, and Primary from time to time. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "server/base/mutex.h"
#include "server/engine/context.h"

namespace larder {

class AckWaits {
 public:
  // Who has everything before an offset. `local`: this server's disk, 1 or 0.
  struct Tally {
    int64_t local = 0, replicas = 0;
    bool Covers(const Tally& other) const {
      return local >= other.local && replicas >= other.replicas;
    }
    bool operator==(const Tally&) const = default;
  };
  // What a client waits for.
  struct Goal {
    uint64_t offset;
    bool on_disk;  // acknowledged as being on disk: answered with both numbers
    Tally wanted;
  };
  using Count = std::function<Tally(uint64_t offset, bool on_disk)>;

  // Whether the goal can't be reached, as appendonly is off, and what is answered then.
  static bool InVain(const Engine& engine, const Goal& goal);
  static constexpr std::string_view kInVain =
      "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";
  static void ReplyTally(Reply& reply, const Tally& tally, bool on_disk);
  // Parks the client of the context until the goal is reached; when the time is over it is answered
  // what has been.
  void Park(Context& c, const Goal& goal, int64_t timeout_ms, const Count& count);
  // Answers the clients whose wait is over, and forgets those who were answered otherwise. No lock
  // is held.
  void Serve(Engine& engine, const Count& count);
  bool any() const { return any_.load(std::memory_order_seq_cst); }

 private:
  struct Wait {
    WaiterRef waiter;
    Goal goal;
    Tally told;  // in its answer for when the time is over
  };

  std::atomic<bool> any_{false};  // true before the first of them counts
  Mutex mutex_;
  std::vector<Wait> waits_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace larder
