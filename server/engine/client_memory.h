// ClientMemory: what the buffers of all clients take, and maxmemory-clients: when it is too much
// the clients that use most are closed, until it is not. Each client is counted by its own thread
// whenever its buffers have changed; evicting is for any thread.
//
// Invariant: total() is the sum of what was counted for the clients that are connected.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace larder {

class Client;
class ClientRegistry;
struct Settings;
struct WorkerStats;

class ClientMemory {
 public:
  // Notes what the client uses now. Its own thread.
  void Count(Client& client);
  // The client is gone.
  void Forget(Client& client);

  size_t total() const { return static_cast<size_t>(total_.load(std::memory_order_relaxed)); }

  // Whether maxmemory-clients is set and reached.
  bool Exceeded(const Settings& settings) const;
  // Closes the largest clients that are not protected (CLIENT NO-EVICT) until the limit holds.
  // REQUIRES: no lock is held.
  void Evict(const ClientRegistry& clients, const Settings& settings, WorkerStats& stats);

 private:
  std::atomic<int64_t> total_{0};
  std::atomic<int64_t> leaving_{0};  // of it, what belongs to clients that are being closed
};

}  // namespace larder
