#include "server/engine/gate.h"

#include <sched.h>

#include <chrono>
#include <thread>

#include "server/base/check.h"
#include "server/base/clock.h"
#include "server/base/pause_cpu.h"

namespace larder {
namespace {

// Looks at a condition. During the quick ones a batch, which takes some microseconds, comes to its
// end; after them the other thread may need this core, and after all of them does something long.
constexpr int kQuickLooks = 200, kLooks = 2000;
constexpr std::chrono::microseconds kNap{50};

// How long a closer lets those through whom the last one has turned away.
constexpr int64_t kMostCourtesyUs = 1000;

// Waits for a condition that another running thread is about to make true.
template <typename Condition>
void SpinUntil(Condition condition) {
  for (int looks = 0; !condition(); ++looks) {
    if (looks < kQuickLooks) {
      PauseCpu();
    } else if (looks < kLooks) {
      sched_yield();
    } else {
      std::this_thread::sleep_for(kNap);
    }
  }
}

}  // namespace

Gate::Slot& Gate::AddSlot() {
  MutexLock lock(mutex_);
  const size_t count = slot_count_.load(std::memory_order_relaxed);
  CHECK(count < kMostSlots);
  slot_count_.store(count + 1, std::memory_order_seq_cst);
  return slots_[count];
}

bool Gate::Enter(Slot& slot) {
  const uint64_t passages = slot.passages_.load(std::memory_order_relaxed);
  CHECK((passages & 1) == 0);
  // Sequentially consistent on both sides: either the closer sees this thread inside, or this
  // thread sees the gate closed.
  slot.passages_.store(passages + 1, std::memory_order_seq_cst);
  if (!closed_.load(std::memory_order_seq_cst)) [[likely]] {
    if (slot.waiting_) {
      slot.waiting_ = false;
      turned_away_.fetch_sub(1, std::memory_order_relaxed);
    }
    return true;
  }
  slot.passages_.store(passages + 2, std::memory_order_release);
  if (!slot.waiting_) {
    slot.waiting_ = true;
    turned_away_.fetch_add(1, std::memory_order_seq_cst);
    // It may have opened in between, without having seen anybody to call back.
    if (!closed_.load(std::memory_order_seq_cst)) return Enter(slot);
  }
  return false;
}

void Gate::Leave(Slot& slot) {
  const uint64_t passages = slot.passages_.load(std::memory_order_relaxed);
  CHECK((passages & 1) == 1);
  slot.passages_.store(passages + 1, std::memory_order_release);
}

void Gate::EnterWaiting(Slot& slot) {
  while (!Enter(slot)) {
    MutexLock lock(mutex_);
    while (closed_.load(std::memory_order_relaxed)) changed_.Wait(mutex_);
  }
}

void Gate::Close() {
  {
    MutexLock lock(mutex_);
    const uint64_t ticket = next_ticket_++;
    while (serving_ != ticket) changed_.Wait(mutex_);
  }
  // Let those through who were turned away by the last closer. Bounded: one of them may be a loop
  // that lost interest, or one that is waiting for a core.
  const int64_t until_us = MonotonicUs() + kMostCourtesyUs;
  SpinUntil([&] {
    return turned_away_.load(std::memory_order_relaxed) == 0 || MonotonicUs() > until_us;
  });
  closed_.store(true, std::memory_order_seq_cst);
  closed_since_us_.store(MonotonicUs(), std::memory_order_relaxed);
  const size_t count = slot_count_.load(std::memory_order_seq_cst);
  for (size_t i = 0; i < count; ++i) {
    SpinUntil([&] { return (slots_[i].passages_.load(std::memory_order_seq_cst) & 1) == 0; });
  }
}

void Gate::Open() {
  closed_since_us_.store(0, std::memory_order_relaxed);
  {
    MutexLock lock(mutex_);
    closed_.store(false, std::memory_order_seq_cst);
    ++serving_;
  }
  changed_.NotifyAll();
  if (turned_away_.load(std::memory_order_seq_cst) > 0 && on_open_) on_open_();
}

void Gate::WaitForBatches() {
  const size_t count = slot_count_.load(std::memory_order_seq_cst);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t seen = slots_[i].passages_.load(std::memory_order_seq_cst);
    if ((seen & 1) == 0) continue;
    SpinUntil([&] { return slots_[i].passages_.load(std::memory_order_acquire) != seen; });
  }
}

GateClosed::GateClosed(Gate& gate, Gate::Slot& own)
    : gate_(gate), own_(own), was_inside_(own.inside()) {
  if (was_inside_) gate_.Leave(own_);
  gate_.Close();
}

GateClosed::~GateClosed() {
  gate_.Open();
  if (was_inside_) gate_.EnterWaiting(own_);
}

}  // namespace larder
