// Transfers: all receives of a batch, or all its sends, in as few system calls as possible: one
// io_uring_enter for all of them where the kernel offers io_uring, one call each where it does not
// or where there is only one. Nothing waits: what can't be done at once comes back as -EAGAIN.
//
// A ring is only a way to batch here: when a call returns, the kernel holds none of our buffers.
// One thread at a time (whoever runs the loop).
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>

namespace larder {

struct Reception {
  int fd;
  char* data;
  size_t size;
  ssize_t result = 0;  // bytes; 0: the peer has closed; negative: -errno
};

struct Dispatch {
  int fd;
  msghdr message;  // one or more pieces
  ssize_t result = 0;
};

class Uring;

class Transfers {
 public:
  // `use_ring`: try io_uring. Whether it works is found out here; a container may forbid it.
  explicit Transfers(bool use_ring);
  ~Transfers();

  void Receive(std::span<Reception> receptions);
  void Send(std::span<Dispatch> dispatches);
  bool has_ring() const { return ring_ != nullptr; }

 private:
  std::unique_ptr<Uring> ring_;
};

}  // namespace larder
