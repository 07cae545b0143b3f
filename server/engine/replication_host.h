// ReplicationHost: what the engine and the commands need to know of the replication room above
// them. Any thread. Whether this server is a replica is Engine::replica.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace larder {

class InfoWriter;

class ReplicationHost {
 public:
  virtual ~ReplicationHost() = default;

  // Started without its data and not told yet who is primary (protected-restart).
  bool joining() const { return joining_.load(std::memory_order_relaxed); }

  // Replicas whose last acknowledgement is at most min-replicas-max-lag old.
  virtual int good_replicas() const = 0;
  // The primary whose command runs is still the one that is followed. Only for the link's thread.
  virtual bool follows_on() const = 0;
  // This replica has the stream of its primary.
  virtual bool link_up() const = 0;
  // Another id for the stream: who follows it now goes on, who comes back needs a full sync.
  virtual void BeginHistory() = 0;
  // The fields of INFO's section "replication".
  virtual void WriteInfo(InfoWriter& info) const = 0;

  struct Counters {
    size_t replicas;                       // connected
    size_t backlog_bytes, buffered_bytes;  // memory: of the log, and of it what replicas lack
  };
  virtual Counters counters() const = 0;

 protected:
  std::atomic<bool> joining_{false};
};

}  // namespace larder
