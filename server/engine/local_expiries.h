// LocalExpiries: keys of a writable replica to which its own clients gave a time to live. The
// primary knows nothing of them, so it will never say that they are gone. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>

#include "server/base/mutex.h"
#include "server/engine/key_lock.h"

namespace larder {

class Engine;
class Worker;

class LocalExpiries {
 public:
  // Of a key that was changed here. REQUIRES: its lock.
  void Note(const Key& key, int64_t expiry_ms);
  // Removes those whose time is over. REQUIRES: no lock is held.
  void RemoveDue(Engine& engine, Worker& worker);
  // The server is a primary now, which finds all its keys by itself.
  void Clear();

 private:
  // Some hundred megabytes at most; keys beyond stay until somebody writes to them.
  static constexpr size_t kMost = 1'000'000;

  std::atomic<bool> any_{false};
  Mutex mutex_;
  std::set<std::tuple<int64_t, int, std::string>> due_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace larder
