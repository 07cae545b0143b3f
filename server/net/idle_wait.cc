#include "server/net/idle_wait.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>

namespace larder {

namespace asio = boost::asio;

struct IdleWait::Parts {
  explicit Parts(int epoll_fd) : set(context, epoll_fd) {}

  // Never used by two threads at a time, so that Asio needs no locks.
  asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
  asio::posix::stream_descriptor set;
  bool waiting = false;
};

IdleWait::IdleWait(int epoll_fd) : parts_(std::make_unique<Parts>(epoll_fd)) {}

IdleWait::~IdleWait() { parts_->set.release(); }

void IdleWait::Wait(int64_t timeout_ms) {
  Parts& parts = *parts_;
  if (!parts.waiting) {
    parts.waiting = true;
    parts.set.async_wait(asio::posix::stream_descriptor::wait_read,
                         [&parts](const boost::system::error_code&) { parts.waiting = false; });
  }
  parts.context.restart();
  if (timeout_ms < 0) {
    parts.context.run_one();
  } else {
    // The clock's nanoseconds would not hold the end of the longest ones.
    constexpr int64_t kMostMs = 24 * 60 * 60 * 1000;
    parts.context.run_one_for(std::chrono::milliseconds(std::min(timeout_ms, kMostMs)));
  }
}

}  // namespace larder
