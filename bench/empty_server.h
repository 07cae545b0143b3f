// EmptyServer: answers whatever comes with the same bytes, and looks for the next request without
// ever sleeping. No server can be sooner, so it tells what a machine allows a serial client: most
// of a turn is the kernel's, and the client's own waking.
#pragma once

#include <sys/types.h>

#include <string>
#include <thread>

#include "server/base/socket.h"

namespace larder::bench {

// Serves one connection after the other on 127.0.0.1, on a thread of its own, from construction to
// destruction. Clients must have left before it is destroyed. Throws std::runtime_error.
class EmptyServer {
 public:
  explicit EmptyServer(std::string reply);
  ~EmptyServer();
  EmptyServer(const EmptyServer&) = delete;
  EmptyServer& operator=(const EmptyServer&) = delete;

  int port() const { return port_; }

 private:
  void Run();
  void Answer(int fd);

  const std::string reply_;
  Socket listener_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace larder::bench
