#include "server/base/background.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include <atomic>
#include <thread>

namespace larder {
namespace {

// The calling thread and those that it starts, on one core.
void StayOnThisCore() {
  cpu_set_t core;
  CPU_ZERO(&core);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &core);
  ASSERT_EQ(sched_setaffinity(0, sizeof(core), &core), 0);
}

// How often the thread has left its core to another while it could have gone on.
int64_t TimesReplaced() {
  rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

int64_t UsedUs() {
  timespec used;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return used.tv_sec * 1'000'000 + used.tv_nsec / 1000;
}

// Three times in 2 ms: the kernel by itself would do so every 3 ms at most.
TEST(CoreOffers, LetOthersRunInTheMiddleOfTheWork) {
  std::atomic<bool> stopping{false};
  std::thread worker([&] {
    StayOnThisCore();
    std::thread other([&] {
      while (!stopping) {
      }
    });
    CoreOffers offers;
    const int64_t replaced = TimesReplaced(), used_us = UsedUs();
    while (TimesReplaced() - replaced < 3 && UsedUs() - used_us < 2000) offers.WorkDone();
    EXPECT_GE(TimesReplaced() - replaced, 3);
    stopping = true;
    other.join();
  });
  worker.join();
}

}  // namespace
}  // namespace larder
