#include "server/store/reclaimer.h"

#include "server/base/background.h"
#include "server/store/allocator.h"
#include "server/store/heap_counters.h"

namespace larder {
namespace {

// Entries above it are handed over; below, freeing costs less than the hand-over.
constexpr size_t kLargeBytes = 64 * 1024;
// Collections above it take more than a few dozen allocations, the effort from which Redis frees
// lazily where it is asked to.
constexpr size_t kLazyBytes = 4 * 1024;

}  // namespace

void FreeEntry(Entry* entry, Reclaimer& reclaimer, bool lazy) {
  if (entry == nullptr) return;
  if (entry->type() == ValueType::kString) return Entry::Free(entry);
  const size_t bytes = entry->MemoryBytes();
  if (bytes > (lazy ? kLazyBytes : kLargeBytes)) return reclaimer.Free(entry, bytes);
  Entry::Free(entry);
}

Reclaimer::Reclaimer() : thread_([this] { Run(); }) {}

Reclaimer::~Reclaimer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyOne();
  thread_.join();
}

void Reclaimer::Free(Entry* entry, size_t bytes) { Push({entry, {}, bytes}, 1); }

void Reclaimer::Free(const Table::Contents& contents) {
  Push({nullptr, contents, contents.bytes}, contents.size);
}

void Reclaimer::Push(const Work& work, uint64_t objects) {
  pending_.fetch_add(objects, std::memory_order_relaxed);
  pending_bytes_.fetch_add(work.bytes, std::memory_order_relaxed);
  {
    MutexLock lock(mutex_);
    queue_.push_back(work);
  }
  changed_.NotifyOne();
}

void Reclaimer::Run() {
  CountThisThread();
  CoreOffers offers;
  for (Work work; AwaitWork(work);) {
    Do(work);
    offers.Offer();
  }
}

// False: there will be none any more.
bool Reclaimer::AwaitWork(Work& work) {
  while (!TakeWork(work)) {
    FlushThreadCache();  // of all that this thread has freed it will use nothing again
    MutexLock lock(mutex_);
    while (queue_.empty() && !stopping_) changed_.Wait(mutex_);
    if (queue_.empty()) return false;
  }
  return true;
}

bool Reclaimer::TakeWork(Work& work, size_t most_bytes) {
  MutexLock lock(mutex_);
  if (queue_.empty() || queue_.front().bytes > most_bytes) return false;
  work = queue_.front();
  queue_.pop_front();
  return true;
}

void Reclaimer::Help(uint64_t most_bytes) {
  for (Work work; pending_bytes() > most_bytes && TakeWork(work, kMostHelpBytes);) Do(work);
}

void Reclaimer::Do(const Work& work) {
  const uint64_t objects = work.entry != nullptr ? 1 : work.contents.size;
  if (work.entry != nullptr) Entry::Free(work.entry);
  Table::FreeContents(work.contents);
  pending_bytes_.fetch_sub(work.bytes, std::memory_order_relaxed);
  pending_.fetch_sub(objects, std::memory_order_relaxed);
  freed_.fetch_add(objects, std::memory_order_relaxed);
}

}  // namespace larder
