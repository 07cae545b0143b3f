// Standby: the network threads. Each has a worker; as many as there are loops run one each, and the
// others stand by. A loop is an object: when the command that a thread executes has run
// Worker::kSlowUs, a thread standing by adopts the loop and goes on with the rest of its batch. The
// first thread finishes its command, touches nothing of the loop any more but posts a kFinished
// letter, and stands by itself.
//
// One of the threads standing by is the watch. It sleeps until a command begins that may be slow,
// looks every millisecond while such commands run, and costs nothing when none do. When it adopts a
// loop it hands the watch to another thread, and makes one if there is none, up to kMostSpare more
// than there are loops; with all of them in slow commands, loops wait.
//
// Start and Join: the server's thread. Lock order: mutex_ is held over nothing else.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "server/base/mutex.h"
#include "server/engine/engine.h"
#include "server/engine/worker.h"

namespace larder {

class Loop;
class Standby;

// The worker of a network thread.
class NetWorker final : public Worker {
 public:
  NetWorker(Engine& engine, Standby& standby);

  // The loop that this worker runs; taken away by the thread that adopts it.
  std::atomic<Loop*> loop{nullptr};
  // Found the gate closed and has not been inside since. Its own thread only.
  bool turned_away = false;

 private:
  void WakeWatch() override;

  Standby& standby_;
};

class Standby {
 public:
  explicit Standby(Engine& engine) : engine_(engine) {}
  ~Standby() { Join(); }

  // Threads beyond one per loop. More slow commands at a time than these, and loops wait.
  static constexpr size_t kMostSpare = 8;

  // Starts a thread for each loop, and one to stand by.
  void Start(const std::vector<Loop*>& loops);
  // Returns when every loop has ended and every thread with it.
  void Join();

 private:
  friend class NetWorker;

  void AddThread(Loop* loop) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunThread(NetWorker& worker, Loop* loop);
  Loop* StandBy(NetWorker& worker);
  Loop* Watch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Loop* TryAdopt(int64_t now_us, bool* any_slow) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SleepUntilSlow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Wake();

  Engine& engine_;
  // The watch sleeps on the sequence; whoever clears asleep_ moves it on.
  std::atomic<bool> asleep_{false};
  std::atomic<uint32_t> sequence_{0};
  std::atomic<bool> stopping_{false};

  Mutex mutex_;
  CondVar changed_;
  std::deque<NetWorker> workers_ ABSL_GUARDED_BY(mutex_);  // grows only
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
  size_t loops_ ABSL_GUARDED_BY(mutex_) = 0;  // still running
  size_t most_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t idle_ ABSL_GUARDED_BY(mutex_) = 0;       // threads standing by
  bool watched_ ABSL_GUARDED_BY(mutex_) = false;  // one of them is the watch
};

}  // namespace larder
