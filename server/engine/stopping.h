// Stopping: a shutdown that is under way. Until replicas have everything (shutdown-timeout at most)
// and the data set is saved, writes pause, and clients that asked for it (SHUTDOWN) wait: for the
// end of their connection, or for an error if it comes to nothing.
//
// The thread that stops the server calls Begin, then Fail or Decide; the rest is called by any
// thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "server/base/mutex.h"
#include "server/engine/parking.h"

namespace larder {

class Stopping {
 public:
  explicit Stopping(Engine& engine) : engine_(engine) {}

  // Writes pause from here on.
  void Begin();
  // Replicas may take until then, on the monotonic clock; 0: they are not waited for.
  void SetDeadline(int64_t deadline_ms) { deadline_ms_.store(deadline_ms); }
  // Nothing comes of it: the clients are told, and writes go on.
  void Fail();
  // From here on it can't be called off. False: it has been.
  bool Decide();

  // The client of the context waits for what becomes of it.
  void Park(Context& c);
  // Asks for Fail; false where no shutdown is under way.
  bool Abort();
  bool aborted() const { return aborted_.load(); }
  // How long replicas are still waited for; 0: they are not.
  int64_t left_ms() const;

 private:
  Engine& engine_;
  std::atomic<bool> running_{false}, aborted_{false};
  std::atomic<int64_t> deadline_ms_{0};
  Mutex mutex_;
  bool decided_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<WaiterRef> clients_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace larder
