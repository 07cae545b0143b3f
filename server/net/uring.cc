#include "server/net/uring.h"

#include <liburing.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "server/base/check.h"

namespace larder {
namespace {

void PrepareReception(io_uring_sqe* sqe, Reception& reception) {
  io_uring_prep_recv(sqe, reception.fd, reception.data, reception.size, MSG_DONTWAIT);
}

void PrepareDispatch(io_uring_sqe* sqe, Dispatch& dispatch) {
  constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  const msghdr& message = dispatch.message;
  if (message.msg_iovlen == 1) {
    io_uring_prep_send(sqe, dispatch.fd, message.msg_iov->iov_base, message.msg_iov->iov_len,
                       kFlags);
  } else {
    io_uring_prep_sendmsg(sqe, dispatch.fd, &message, kFlags);
  }
}

bool Supports(io_uring* ring) {
  io_uring_probe* probe = io_uring_get_probe_ring(ring);
  if (probe == nullptr) return false;
  bool all = true;
  for (int operation : {IORING_OP_RECV, IORING_OP_SEND, IORING_OP_SENDMSG}) {
    all = all && io_uring_opcode_supported(probe, operation) != 0;
  }
  io_uring_free_probe(probe);
  return all;
}

}  // namespace

std::unique_ptr<Uring> Uring::Open() {
  auto ring = std::make_unique<io_uring>();
  if (io_uring_queue_init(kEntries, ring.get(), 0) != 0) return nullptr;
  if (!Supports(ring.get())) {
    io_uring_queue_exit(ring.get());
    return nullptr;
  }
  return std::unique_ptr<Uring>(new Uring(std::move(ring)));
}

Uring::Uring(std::unique_ptr<io_uring> ring) : ring_(std::move(ring)) {}
Uring::~Uring() { io_uring_queue_exit(ring_.get()); }

bool Uring::Receive(std::span<Reception> receptions) { return Run(receptions, PrepareReception); }
bool Uring::Send(std::span<Dispatch> dispatches) { return Run(dispatches, PrepareDispatch); }

template <typename Operation, typename Prepare>
bool Uring::Run(std::span<Operation> operations, Prepare prepare) {
  for (size_t from = 0; from < operations.size(); from += kEntries) {
    const size_t count = std::min<size_t>(kEntries, operations.size() - from);
    if (!RunSome(operations.subspan(from, count), prepare)) {
      if (from == 0) return false;
      // The ring has just worked: the rest is reported as not ready, and is offered again.
      for (Operation& operation : operations.subspan(from)) operation.result = -EAGAIN;
      return true;
    }
  }
  return true;
}

// REQUIRES: at most kEntries operations, and an empty ring.
template <typename Operation, typename Prepare>
bool Uring::RunSome(std::span<Operation> operations, Prepare prepare) {
  for (size_t i = 0; i < operations.size(); ++i) {
    io_uring_sqe* sqe = io_uring_get_sqe(ring_.get());
    CHECK(sqe != nullptr);
    prepare(sqe, operations[i]);
    io_uring_sqe_set_data64(sqe, i);
  }
  size_t submitted = 0, completed = 0;
  while (completed < operations.size()) {
    const unsigned wait = static_cast<unsigned>(operations.size() - completed);
    const int result = io_uring_submit_and_wait(ring_.get(), wait);
    if (result >= 0) {
      submitted += static_cast<size_t>(result);
    } else if (result != -EINTR && result != -EAGAIN && result != -EBUSY) {
      CHECK(submitted == 0);  // otherwise the kernel may still write to our buffers
      return false;
    }
    io_uring_cqe* cqe;
    unsigned head, seen = 0;
    io_uring_for_each_cqe(ring_.get(), head, cqe) {
      operations[io_uring_cqe_get_data64(cqe)].result = cqe->res;
      ++seen;
    }
    io_uring_cq_advance(ring_.get(), seen);
    completed += seen;
  }
  return true;
}

}  // namespace larder
