// IdleWait: how a loop sleeps: an Asio io_context waits until the loop's private epoll set has an
// event. The sockets themselves are never Asio's: its operations cost 800 instructions a request.
// One thread at a time (whoever runs the loop).
#pragma once

#include <cstdint>
#include <memory>

namespace larder {

class IdleWait {
 public:
  // The epoll set stays the caller's and outlives this.
  explicit IdleWait(int epoll_fd);
  ~IdleWait();

  // Returns when the set has events, or after `timeout_ms`; negative: no limit.
  void Wait(int64_t timeout_ms);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace larder
