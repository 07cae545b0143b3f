#include "server/engine/stats.h"

namespace larder {

WorkerStats::~WorkerStats() {
  for (std::atomic<Histogram*>& histogram : latency) delete histogram.load();
}

Histogram* WorkerStats::NewHistogram(size_t command) {
  Histogram* histogram = new Histogram();
  latency[command].store(histogram, std::memory_order_release);
  return histogram;
}

WorkerStats& Stats::AddWorker() {
  MutexLock lock(mutex_);
  workers_.push_back(std::make_unique<WorkerStats>(commands_));
  return *workers_.back();
}

uint64_t Stats::Sum(Tally WorkerStats::*counter) const {
  MutexLock lock(mutex_);
  uint64_t sum = 0;
  for (const auto& worker : workers_) sum += (worker.get()->*counter).value();
  return sum;
}

Stats::CommandSum Stats::SumCommand(size_t number) const {
  MutexLock lock(mutex_);
  CommandSum sum;
  for (const auto& worker : workers_) {
    const CommandTally& tally = worker->per_command[number];
    sum.calls += tally.calls.value();
    sum.cycles += tally.cycles.value();
    sum.rejected += tally.rejected.value();
    sum.failed += tally.failed.value();
  }
  return sum;
}

bool Stats::Latency(size_t number, Histogram* sum) const {
  MutexLock lock(mutex_);
  bool called = false;
  for (const auto& worker : workers_) {
    const Histogram* histogram = worker->latency[number].load(std::memory_order_acquire);
    if (histogram == nullptr) continue;
    sum->Merge(*histogram);
    called = true;
  }
  return called;
}

void Stats::CountError(std::string_view code) {
  MutexLock lock(mutex_);
  auto found = errors_.find(code);
  if (found != errors_.end()) {
    ++found->second;
  } else if (errors_.size() < kMostErrorCodes) {
    errors_.emplace(code, 1);
  }
}

std::vector<std::pair<std::string, uint64_t>> Stats::ErrorCodes() const {
  MutexLock lock(mutex_);
  return {errors_.begin(), errors_.end()};
}

void Stats::Reset() {
  MutexLock lock(mutex_);
  errors_.clear();
  for (const auto& worker : workers_) {
#define LARDER_COUNTER(member, name) worker->member.Reset();
    LARDER_COUNTERS(LARDER_COUNTER)
#undef LARDER_COUNTER
    for (CommandTally& tally : worker->per_command) {
      tally.calls.Reset();
      tally.cycles.Reset();
      tally.rejected.Reset();
      tally.failed.Reset();
    }
    for (std::atomic<Histogram*>& histogram : worker->latency) {
      if (Histogram* counted = histogram.load(std::memory_order_acquire)) counted->Reset();
    }
  }
}

}  // namespace larder
