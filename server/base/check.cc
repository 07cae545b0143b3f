#include "server/base/check.h"

#include <execinfo.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace larder {

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "larder: CHECK failed at %s:%d: %s\n", file, line, condition);
  void* frames[64];
  backtrace_symbols_fd(frames, backtrace(frames, 64), STDERR_FILENO);
  std::abort();
}

}  // namespace larder
