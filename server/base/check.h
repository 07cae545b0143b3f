// CHECK(condition): states an invariant. It is on in every build, release builds included, because
// a store that has lost an invariant must stop before it hands out or replicates wrong data. Never
// on user input: input is answered, not checked. Any thread may call it.
#pragma once

namespace larder {

// Prints the failed condition with its place and a stack trace, then aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace larder

#define CHECK(condition)                                     \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::larder::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)
