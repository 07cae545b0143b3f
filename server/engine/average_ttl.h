// AverageTtl: how long the keys that expire have left, by database, for INFO: a running average of
// a few keys at a time, as Redis keeps it. The keeper samples; any thread reads.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace larder {

class Engine;
class Worker;

class AverageTtl {
 public:
  explicit AverageTtl(int databases) : databases_(static_cast<size_t>(databases)) {}

  // In milliseconds; 0 where no key expires.
  int64_t of(int db) const {
    return databases_[static_cast<size_t>(db)].average_ms.load(std::memory_order_relaxed);
  }
  // Looks at some keys of one shard of each database. The worker must be outside the gate.
  void Sample(Engine& engine, Worker& worker);

 private:
  struct Database {
    std::atomic<int64_t> average_ms{0};
    uint32_t next_shard = 0;  // the keeper's
  };
  std::vector<Database> databases_;
};

}  // namespace larder
