#include "server/store/heap_counters.h"

#include <atomic>
#include <cstdlib>
#include <vector>

#include "server/base/mutex.h"
#include "server/store/allocator.h"

namespace larder {
namespace {

class ThreadCounters;

class AllThreads {
 public:
  void Add(const ThreadCounters* thread);
  void Remove(const ThreadCounters* thread);
  int64_t Sum();
  void Calibrate(int64_t (*read)());

  std::atomic<bool> calibrated{false};

 private:
  int64_t SumCounted() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  std::vector<const ThreadCounters*> threads_ ABSL_GUARDED_BY(mutex_);
  int64_t others_ ABSL_GUARDED_BY(mutex_) = 0;  // of threads that are not counted, or are gone
};

AllThreads& Threads() {
  static auto* threads = new AllThreads();  // outlives the threads that end with the process
  return *threads;
}

// What jemalloc counts for a thread.
class ThreadCounters {
 public:
  ThreadCounters() { Threads().Add(this); }
  ~ThreadCounters() { Threads().Remove(this); }

  // Read by other threads too: aligned words, whose value is old at worst.
  int64_t net() const {
    return static_cast<int64_t>(__atomic_load_n(counts_.allocated, __ATOMIC_RELAXED) -
                                __atomic_load_n(counts_.freed, __ATOMIC_RELAXED));
  }

 private:
  const ThreadByteCounts counts_ = CountsOfThisThread();
};

thread_local const ThreadCounters* mine = nullptr;

void AllThreads::Add(const ThreadCounters* thread) {
  MutexLock lock(mutex_);
  threads_.push_back(thread);
  others_ -= thread->net();
}

void AllThreads::Remove(const ThreadCounters* thread) {
  MutexLock lock(mutex_);
  std::erase(threads_, thread);
  others_ += thread->net();
}

int64_t AllThreads::SumCounted() {
  int64_t sum = 0;
  for (const ThreadCounters* thread : threads_) sum += thread->net();
  return sum;
}

int64_t AllThreads::Sum() {
  MutexLock lock(mutex_);
  return SumCounted() + others_;
}

// Without the mutex while it reads, which takes long: at the limit of maxmemory every command adds
// up all threads.
void AllThreads::Calibrate(int64_t (*read)()) {
  constexpr int64_t kTolerance = 32 * 1024;
  int64_t before;
  {
    MutexLock lock(mutex_);
    before = SumCounted();
  }
  const int64_t truth = read();
  MutexLock lock(mutex_);
  const int64_t after = SumCounted();
  if (calibrated.load(std::memory_order_relaxed) && std::abs(after - before) > kTolerance) return;
  others_ = truth - after;
  calibrated.store(true, std::memory_order_release);
}

}  // namespace

void CountThisThread() {
  if (!HasJemalloc() || mine != nullptr) return;
  static thread_local ThreadCounters counters;
  mine = &counters;
}

int64_t ThreadHeapBytes() { return mine == nullptr ? 0 : mine->net(); }

bool HeapIsCounted() { return Threads().calibrated.load(std::memory_order_acquire); }

int64_t HeapBytes() { return Threads().Sum(); }

void CalibrateHeapBytes(int64_t (*read)()) {
  if (HasJemalloc()) Threads().Calibrate(read);
}

}  // namespace larder
