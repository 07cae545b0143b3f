// PersistenceHost: what the dispatcher needs to know of the persistence room above it. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace larder {

class PersistenceHost {
 public:
  virtual ~PersistenceHost() = default;

  // A data set is being loaded: what needs one is answered -LOADING.
  bool loading() const { return loading_.load(std::memory_order_relaxed); }
  // One is loaded as it comes from a primary, beside the old one: COMMAND's no_async_loading.
  bool async_loading() const { return async_loading_.load(std::memory_order_relaxed); }
  void set_async_loading(bool on) { async_loading_.store(on, std::memory_order_relaxed); }
  // Something can't be written: one of the two below.
  bool in_trouble() const { return save_failed() || aof_error() != 0; }
  // The last save failed although there are save points: stop-writes-on-bgsave-error.
  bool save_failed() const { return save_failed_.load(std::memory_order_relaxed); }
  // Up to which offset of the log the append-only file is on disk; kNothing: there is none.
  static constexpr uint64_t kNothing = UINT64_MAX;
  uint64_t synced_offset() const { return synced_offset_.load(std::memory_order_seq_cst); }
  // Why the append-only file can't be written, as errno; 0: it can, or there is none.
  int aof_error() const { return aof_error_.load(std::memory_order_relaxed); }

 protected:
  std::atomic<bool> loading_{false}, async_loading_{false};
  std::atomic<bool> save_failed_{false};
  std::atomic<int> aof_error_{0};
  std::atomic<uint64_t> synced_offset_{kNothing};
};

}  // namespace larder
