// Until: how the tests in C++ await what another thread or process does. Any thread.
#pragma once

#include <chrono>
#include <thread>

namespace larder::test {

// Whether the condition came true within ten seconds; it is asked every millisecond.
template <typename Condition>
bool Until(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace larder::test
