#include "server/store/expiry_index.h"

#include <algorithm>
#include <functional>

namespace larder {
namespace {

constexpr int64_t kEpochMs = 1577836800000;  // 2020-01-01: ticks before it count as due
constexpr int64_t kTickMs = 100;

}  // namespace

uint32_t ExpiryIndex::TickOf(int64_t unix_ms) {
  const int64_t tick = (unix_ms - kEpochMs) / kTickMs;
  return static_cast<uint32_t>(std::clamp<int64_t>(tick, 0, kNever - 1));
}

void ExpiryIndex::Add(int64_t expiry_ms, uint64_t hash) {
  heap_.push_back(uint64_t{TickOf(expiry_ms)} << 32 | hash >> 32);
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  next_tick_.store(static_cast<uint32_t>(heap_.front() >> 32), std::memory_order_relaxed);
}

void ExpiryIndex::PopFront() {
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  heap_.pop_back();
  if (heap_.capacity() > 64 && heap_.size() < heap_.capacity() / 4) heap_.shrink_to_fit();
  next_tick_.store(heap_.empty() ? kNever : static_cast<uint32_t>(heap_.front() >> 32),
                   std::memory_order_relaxed);
}

bool ExpiryIndex::PopDue(int64_t now_ms, uint32_t* hash_top) {
  if (heap_.empty()) return false;
  const uint64_t record = heap_.front();
  // A tick is due when it is over: the entries in it have expired then.
  if (static_cast<uint32_t>(record >> 32) >= TickOf(now_ms)) return false;
  PopFront();
  *hash_top = static_cast<uint32_t>(record);
  return true;
}

void ExpiryIndex::Clear() {
  heap_.clear();
  heap_.shrink_to_fit();
  next_tick_.store(kNever, std::memory_order_relaxed);
}

}  // namespace larder
