// AckWaits: clients that wait until replicas have acknowledged what they wrote (WAIT). They are
// parked without a key; whoever hears of an acknowledgement calls Serve. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "server/base/mutex.h"
#include "server/engine/context.h"

namespace larder {

class AckWaits {
 public:
  // How many replicas have acknowledged everything before an offset.
  using Count = std::function<int64_t(uint64_t offset)>;

  // Parks the client of the context until `wanted` replicas have acknowledged `offset`; when the
  // time is over it is answered how many did.
  void Park(Context& c, uint64_t offset, int64_t wanted, int64_t timeout_ms, const Count& count);
  // Answers the clients whose wait is over. No lock is held.
  void Serve(Engine& engine, const Count& count);

 private:
  struct Wait {
    WaiterRef waiter;
    uint64_t offset;
    int64_t wanted;
    int64_t told;  // in its answer for when the time is over
  };

  Mutex mutex_;
  std::vector<Wait> waits_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace larder
