#include "server/store/reclaimer.h"

namespace larder {

Reclaimer::Reclaimer() : thread_([this] { Run(); }) {}

Reclaimer::~Reclaimer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyOne();
  thread_.join();
}

void Reclaimer::Free(Entry* entry) { Push({entry, {}}, 1); }

void Reclaimer::Free(const Table::Contents& contents) { Push({nullptr, contents}, contents.size); }

void Reclaimer::Push(const Work& work, uint64_t objects) {
  pending_.fetch_add(objects, std::memory_order_relaxed);
  {
    MutexLock lock(mutex_);
    queue_.push_back(work);
  }
  changed_.NotifyOne();
}

void Reclaimer::Run() {
  for (;;) {
    Work work;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) changed_.Wait(mutex_);
      if (queue_.empty()) return;
      work = queue_.front();
      queue_.pop_front();
    }
    const uint64_t objects = work.entry != nullptr ? 1 : work.contents.size;
    if (work.entry != nullptr) Entry::Free(work.entry);
    Table::FreeContents(work.contents);
    pending_.fetch_sub(objects, std::memory_order_relaxed);
    freed_.fetch_add(objects, std::memory_order_relaxed);
  }
}

}  // namespace larder
