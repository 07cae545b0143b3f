// Connecting over TCP from a thread that may wait.
#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "server/base/socket.h"

namespace larder {

enum class Waited : uint8_t { kReady, kTimeIsOver, kNotWanted };

// A connection to the first address of the host that answers, without Nagle's delay and not
// blocking; closed, with *error, where there is none. `source` is the address to come from, or
// empty. `wait(fd)` waits until the socket can be written to, for as long as the caller will.
Socket ConnectTo(const std::string& host, int port, const std::string& source,
                 absl::FunctionRef<Waited(int fd)> wait, std::string* error);

}  // namespace larder
