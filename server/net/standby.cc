#include "server/net/standby.h"

#include <chrono>
#include <utility>

#include "server/base/clock.h"
#include "server/net/gathering.h"
#include "server/net/loop.h"
#include "server/store/heap_counters.h"

namespace larder {

NetWorker::NetWorker(Engine& engine, Standby& standby)
    : Worker(engine.gate, engine.stats.AddWorker()), standby_(standby) {
  watch_asleep_ = &standby_.asleep_;
}

void NetWorker::WakeWatch() { standby_.Wake(); }

void Standby::Start(const std::vector<Loop*>& loops) {
  MutexLock lock(mutex_);
  loops_ = loops.size();
  most_threads_ = loops.size() + kMostSpare;
  for (Loop* loop : loops) AddThread(loop);
  AddThread(nullptr);
}

void Standby::Join() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    while (loops_ > 0) changed_.Wait(mutex_);
    stopping_.store(true, std::memory_order_seq_cst);
    changed_.NotifyAll();
    threads.swap(threads_);
  }
  Wake();
  for (std::thread& thread : threads) thread.join();
}

void Standby::AddThread(Loop* loop) {
  NetWorker& worker = workers_.emplace_back(engine_, *this);
  worker.loop.store(loop, std::memory_order_release);
  threads_.emplace_back([this, &worker, loop] { RunThread(worker, loop); });
}

void Standby::RunThread(NetWorker& worker, Loop* loop) {
  CountThisThread();
  WaitPrecisely();
  if (loop == nullptr) loop = StandBy(worker);
  while (loop != nullptr) {
    worker.loop.store(loop, std::memory_order_release);
    if (loop->Run(worker) == Loop::End::kStopped) {
      worker.loop.store(nullptr, std::memory_order_release);
      MutexLock lock(mutex_);
      --loops_;
      changed_.NotifyAll();
    }
    loop = StandBy(worker);
  }
}

// Returns the loop that this thread has adopted, or null when the server stops.
Loop* Standby::StandBy(NetWorker& worker) {
  // The next closer of the gate waits for those whom the last one turned away: pass it once more.
  if (worker.turned_away && engine_.gate.Enter(worker.gate_slot)) {
    engine_.gate.Leave(worker.gate_slot);
    worker.turned_away = false;
  }
  MutexLock lock(mutex_);
  ++idle_;
  Loop* adopted = nullptr;
  while (adopted == nullptr && !stopping_.load(std::memory_order_relaxed)) {
    if (watched_) {
      changed_.Wait(mutex_);
      continue;
    }
    watched_ = true;
    adopted = Watch();
    watched_ = false;
  }
  --idle_;
  if (adopted != nullptr && idle_ == 0 && workers_.size() < most_threads_) AddThread(nullptr);
  changed_.NotifyAll();
  return adopted;
}

Loop* Standby::Watch() {
  while (!stopping_.load(std::memory_order_relaxed)) {
    bool any_slow = false;
    Loop* adopted = TryAdopt(MonotonicUs(), &any_slow);
    if (adopted != nullptr) return adopted;
    if (any_slow) {
      changed_.WaitFor(mutex_, std::chrono::milliseconds(1));
    } else {
      SleepUntilSlow();
    }
  }
  return nullptr;
}

Loop* Standby::TryAdopt(int64_t now_us, bool* any_slow) {
  for (NetWorker& worker : workers_) {
    const int64_t since_us = worker.slow_since_us();
    if (since_us <= 0 || worker.loop.load(std::memory_order_acquire) == nullptr) continue;
    *any_slow = true;
    if (now_us - since_us < Worker::kSlowUs || !worker.Adopt(since_us)) continue;
    // Its thread is inside a command and finds out only when that returns: the loop can't change.
    return worker.loop.exchange(nullptr, std::memory_order_acq_rel);
  }
  return nullptr;
}

// A command that begins either is seen by the last look here, or sees asleep_ and wakes us.
void Standby::SleepUntilSlow() {
  const uint32_t sequence = sequence_.load(std::memory_order_acquire);
  asleep_.store(true, std::memory_order_seq_cst);
  bool any_slow = stopping_.load(std::memory_order_seq_cst);
  for (NetWorker& worker : workers_) any_slow = any_slow || worker.slow_since_us() > 0;
  if (!any_slow) {
    mutex_.Unlock();
    sequence_.wait(sequence, std::memory_order_acquire);
    mutex_.Lock();
  }
  asleep_.store(false, std::memory_order_relaxed);
}

void Standby::Wake() {
  if (!asleep_.exchange(false, std::memory_order_seq_cst) &&
      !stopping_.load(std::memory_order_relaxed)) {
    return;
  }
  sequence_.fetch_add(1, std::memory_order_release);
  sequence_.notify_all();
}

}  // namespace larder
