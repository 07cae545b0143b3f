// PersistenceHost: what the dispatcher needs to know of the persistence room above it. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "server/config/database_set.h"

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

  // Databases that no file is to hold (database-persist).
  const DatabaseSet& left_out() const { return left_out_; }
  // Both are in the files, or none is. The append-only file follows the directive at its next
  // rewrite, until when it counts as well.
  bool SameSide(int a, int b) const {
    return left_out_.Has(a) == left_out_.Has(b) && aof_left_out_.Has(a) == aof_left_out_.Has(b);
  }
  // A key that goes from one to the other may be new to the append-only file.
  bool EntersFile(int from, int to) const {
    return (left_out_.Has(from) || aof_left_out_.Has(from)) &&
           !(left_out_.Has(to) && aof_left_out_.Has(to));
  }

 protected:
  DatabaseSet left_out_, aof_left_out_;
  std::atomic<bool> loading_{false}, async_loading_{false};
  std::atomic<bool> save_failed_{false};
  std::atomic<int> aof_error_{0};
  std::atomic<uint64_t> synced_offset_{kNothing};
};

}  // namespace larder
