#include "server/net/file_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace larder {

int64_t RaiseFileLimit(int64_t clients) {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return clients;
  const rlim_t wanted = static_cast<rlim_t>(clients + kReservedFiles);
  if (limit.rlim_cur >= wanted) return clients;
  rlimit raised = {wanted, std::max(wanted, limit.rlim_max)};
  if (::setrlimit(RLIMIT_NOFILE, &raised) != 0) {
    raised = {std::min(wanted, limit.rlim_max), limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) != 0) raised = limit;
  }
  const int64_t fit = static_cast<int64_t>(raised.rlim_cur) - kReservedFiles;
  return std::clamp<int64_t>(fit, 1, clients);
}

}  // namespace larder
