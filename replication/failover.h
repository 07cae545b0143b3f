// Failover: FAILOVER, the handing over of the primary's role without losing a write: writes pause
// until a replica has everything, then this server becomes its replica, asking it to take over. As
// soon as that has agreed it is over: going back would make two primaries.
//
// Begin and Abort are called with the gate closed, so that when writes begin to pause none is on
// its way; Round by Primary's thread, often.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "replication/primary.h"
#include "server/base/mutex.h"
#include "server/engine/context.h"
#include "server/engine/worker.h"

namespace larder {

class Replication;

class Failover {
 public:
  enum class State : uint8_t { kNone, kWaitingForSync, kInProgress };

  // `worker` is that of the thread that calls Round.
  Failover(Engine& engine, Replication& replication, Worker& worker);

  struct Request {
    std::string host;  // empty: whichever replica has everything first
    int port = 0;
    int64_t timeout_ms = 0;  // 0: none
    bool force = false;      // when the time is over: go on rather than give up
  };
  // Returns the error to answer, or "".
  std::string Begin(const Request& request);
  std::string Abort();
  // Looks whether the next step can be taken.
  void Round(int64_t now_ms);

  State state() const { return state_.load(std::memory_order_relaxed); }
  // As INFO's master_failover_state.
  std::string_view state_text() const;

 private:
  // The other one has said that it is primary.
  bool Completed() const;
  void TakeOver(int64_t now_ms);
  std::optional<Primary::ReplicaState> Successor(const Request& request, bool late) const;
  void End(std::string_view why, bool promote);
  void Resume(std::string_view why);

  Engine& engine_;
  Replication& replication_;
  Worker& worker_;
  std::atomic<State> state_{State::kNone};
  Mutex mutex_;
  Request request_ ABSL_GUARDED_BY(mutex_);
  int64_t deadline_ms_ ABSL_GUARDED_BY(mutex_) = 0;  // monotonic; 0: none
};

}  // namespace larder
