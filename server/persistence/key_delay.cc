#include "server/persistence/key_delay.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "server/base/clock.h"

namespace larder {

void RestAfterKey(int64_t delay_us, uint64_t keys, const std::atomic<bool>* aborted) {
  constexpr int64_t kStepUs = 10'000;  // how soon an abort is noticed
  int64_t us = delay_us;
  if (us < 0) us = keys % static_cast<uint64_t>(-us) == 0 ? 1 : 0;
  const int64_t until_us = MonotonicUs() + us;
  for (int64_t left_us = us; left_us > 0; left_us = until_us - MonotonicUs()) {
    if (aborted != nullptr && aborted->load(std::memory_order_relaxed)) return;
    std::this_thread::sleep_for(std::chrono::microseconds(std::min(left_us, kStepUs)));
  }
}

}  // namespace larder
