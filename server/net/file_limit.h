// The limit of open files. One thread, before clients come or from CONFIG SET.
#pragma once

#include <cstdint>

namespace larder {

// Descriptors that are no clients: listeners, logs, epoll sets, rings, files.
inline constexpr int64_t kReservedFiles = 64;

// Raises the soft limit, and the hard one where that is allowed, until `clients` connections fit.
// Returns how many fit, at least 1 and at most `clients`.
int64_t RaiseFileLimit(int64_t clients);

}  // namespace larder
