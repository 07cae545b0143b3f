// What threads do that work in the background, so that those who serve clients hardly notice them.
// Any thread, each for itself.
#pragma once

#include <cstdint>

namespace larder {

// So much less of a busy core than others get: background work takes what they leave.
inline constexpr int kBackgroundNiceness = 10;

// The calling thread's, as Linux has it; without the right to it nothing is lost.
void LowerPriority(int niceness);

// Lets those run who wait for this core. However low its priority, a thread that computes goes on
// until the kernel's next tick, up to 4 ms later, whoever is woken meanwhile; so it offers the core
// itself, after some 20 us of work. Costs 0.3 us where nobody waits.
class CoreOffers {
 public:
  // A key, or what takes as long, is done.
  void WorkDone() {
    if (++done_ % kWorkPerOffer == 0) Offer();
  }
  void Offer();

 private:
  static constexpr unsigned kWorkPerOffer = 16;
  // Where others need the core all the time, who offers it gets it back late. Then it does more
  // before it offers again, so that the work comes to an end; less than a client would notice.
  static constexpr int64_t kMostWaitingPerWork = 8;
  static constexpr int64_t kMostWorkNs = 200'000;

  unsigned done_ = 0;
  int64_t not_before_ns_ = 0;
};

}  // namespace larder
