// Keeper: the thread that does what no request asks for, ten times a second; at rest a round costs
// some microseconds. It
//
// - removes what is due, and samples the times of the rest for INFO's average;
// - removes on a writable replica what its primary knows nothing of and is due;
// - frees slot arrays that resizes left behind;
// - evicts what commands had no time for, and what a lower maxmemory asks for;
// - tells the log's readers, and who tracks keys, of what it has changed;
// - samples rates and memory for INFO, and gives memory back after a flush.
#pragma once

#include <thread>

#include "server/base/mutex.h"
#include "server/engine/engine.h"

namespace larder {

class Keeper {
 public:
  explicit Keeper(Engine& engine);
  ~Keeper();  // stops the thread
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

 private:
  void Run();
  void Round(Worker& worker);
  void FreeRetiredArrays(Worker& worker);
  void EvictWhatIsLeft(Worker& worker);

  Engine& engine_;
  Worker worker_;
  uint64_t reclaimed_seen_ = 0;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace larder
