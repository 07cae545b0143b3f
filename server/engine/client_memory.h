// ClientMemory: what the buffers of all clients take, and maxmemory-clients: when it is too much
// the clients that use most are closed, until it is not. Each client is counted by its own thread
// whenever its buffers have changed; evicting is for any thread.
//
// Invariant: total() is the sum of what was counted for the clients that are connected. From the
// eviction on a client's leaving_bytes is not 0 and its own thread's to write.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "server/base/memory_limit.h"

namespace larder {

class Client;
class ClientRegistry;
struct Settings;
struct WorkerStats;

class ClientMemory {
 public:
  // Notes what the client uses now. Its own thread.
  void Count(Client& client);
  // The same where its command runs elsewhere, so that only the change is known: the thread of its
  // loop.
  void Add(Client& client, int64_t change);
  // The client is gone.
  void Forget(Client& client);

  size_t total() const { return static_cast<size_t>(total_.load(std::memory_order_relaxed)); }

  // Whether replies may wait for a client that does not read them while it sends more: who sends a
  // long pipeline before he reads a single reply can't do otherwise. Up to an eighth of maxmemory,
  // or of the machine's memory where that is not set, and to kMostRepliesBytes.
  bool HasRoom(const Settings& settings) const;

  // Whether maxmemory-clients is set and reached.
  bool Exceeded(const Settings& settings) const;
  // Closes the largest clients that are not protected (CLIENT NO-EVICT) until the limit holds.
  // REQUIRES: no lock is held.
  void Evict(const ClientRegistry& clients, const Settings& settings, WorkerStats& stats);

 private:
  // Replies to some ten million commands; who leaves more unread does not read at all.
  static constexpr int64_t kMostRepliesBytes = 1 << 30;

  const int64_t machine_bytes_ = static_cast<int64_t>(MemoryLimitBytes());  // 0: not known
  std::atomic<int64_t> total_{0};
  std::atomic<int64_t> leaving_{0};  // of it, what belongs to clients that are being closed
};

}  // namespace larder
