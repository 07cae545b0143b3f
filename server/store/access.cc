#include "server/store/access.h"

namespace larder {

uint8_t LfuCounter(uint32_t access, int64_t now_ms, const LfuRules& rules) {
  const uint32_t counter = access & 0xff;
  if (rules.decay_minutes == 0) return static_cast<uint8_t>(counter);
  const int64_t minutes = ((now_ms / 60'000) - (access >> 8)) & 0xffff;
  const int64_t periods = minutes / rules.decay_minutes;
  return static_cast<uint8_t>(periods > counter ? 0 : counter - static_cast<uint32_t>(periods));
}

uint32_t LfuUsed(uint32_t access, int64_t now_ms, const LfuRules& rules, Random& random) {
  uint8_t counter = LfuCounter(access, now_ms, rules);
  if (counter < 255) {
    const double above = counter > kLfuStart ? counter - kLfuStart : 0;
    if (random.Unit() * (above * static_cast<double>(rules.log_factor) + 1) < 1) ++counter;
  }
  return LfuAccess(counter, now_ms);
}

}  // namespace larder
