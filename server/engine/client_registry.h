// ClientRegistry: all connected clients, for CLIENT LIST, CLIENT KILL and INFO. Any thread; a
// client may be looked at only inside ForEach or With, which keep it from going away meanwhile.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/container/btree_map.h"
#include "server/base/mutex.h"
#include "server/engine/client.h"

namespace larder {

class ClientRegistry {
 public:
  // Ids count from 1 and are never used again.
  uint64_t NewId() { return next_id_.fetch_add(1, std::memory_order_relaxed); }
  void Add(Client& client);
  void Remove(Client& client);
  size_t size() const { return size_.load(std::memory_order_relaxed); }

  // In the order of their ids. `visit` must not lock anything but the client's label_mutex; it may
  // Post.
  void ForEach(const std::function<void(Client&)>& visit) const;
  // False where there is no such client.
  bool With(uint64_t id, const std::function<void(Client&)>& visit) const;

 private:
  std::atomic<uint64_t> next_id_{1};
  std::atomic<size_t> size_{0};
  mutable Mutex mutex_;
  absl::btree_map<uint64_t, Client*> clients_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace larder
