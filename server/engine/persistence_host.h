// PersistenceHost: what the dispatcher needs to know of the persistence room above it. Any thread.
#pragma once

#include <atomic>

namespace larder {

class PersistenceHost {
 public:
  virtual ~PersistenceHost() = default;

  // A data set is being loaded: what needs one is answered -LOADING.
  bool loading() const { return loading_.load(std::memory_order_relaxed); }
  // The last save failed although there are save points: stop-writes-on-bgsave-error.
  bool save_failed() const { return save_failed_.load(std::memory_order_relaxed); }

 protected:
  std::atomic<bool> loading_{false};
  std::atomic<bool> save_failed_{false};
};

}  // namespace larder
