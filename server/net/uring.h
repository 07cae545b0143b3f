// Uring: an io_uring that submits many receives or sends with one system call and collects all
// their results before it returns. One thread at a time; not bound to one thread, since a loop may
// be adopted.
#pragma once

#include <memory>
#include <span>

#include "server/net/transfers.h"

struct io_uring;
struct io_uring_sqe;

namespace larder {

class Uring {
 public:
  // Null where the kernel, a container or a limit forbids it, or where an operation is missing.
  static std::unique_ptr<Uring> Open();
  ~Uring();
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;

  // Fills in every result. False when the ring could not be used and nothing was done.
  bool Receive(std::span<Reception> receptions);
  bool Send(std::span<Dispatch> dispatches);

 private:
  // Operations of one submission; the ring's memory is locked, so it stays small.
  static constexpr unsigned kEntries = 128;

  explicit Uring(std::unique_ptr<io_uring> ring);
  template <typename Operation, typename Prepare>
  bool Run(std::span<Operation> operations, Prepare prepare);
  template <typename Operation, typename Prepare>
  bool RunSome(std::span<Operation> operations, Prepare prepare);

  std::unique_ptr<io_uring> ring_;
};

}  // namespace larder
