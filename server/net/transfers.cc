#include "server/net/transfers.h"

#include <cerrno>

#include "server/net/uring.h"

namespace larder {
namespace {

void ReceiveOne(Reception& reception) {
  do {
    reception.result = ::recv(reception.fd, reception.data, reception.size, MSG_DONTWAIT);
  } while (reception.result < 0 && errno == EINTR);
  if (reception.result < 0) reception.result = -errno;
}

void SendOne(Dispatch& dispatch) {
  const msghdr& message = dispatch.message;
  do {
    dispatch.result = message.msg_iovlen == 1
                          ? ::send(dispatch.fd, message.msg_iov->iov_base, message.msg_iov->iov_len,
                                   MSG_DONTWAIT | MSG_NOSIGNAL)
                          : ::sendmsg(dispatch.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (dispatch.result < 0 && errno == EINTR);
  if (dispatch.result < 0) dispatch.result = -errno;
}

}  // namespace

Transfers::Transfers(bool use_ring) : ring_(use_ring ? Uring::Open() : nullptr) {}
Transfers::~Transfers() = default;

void Transfers::Receive(std::span<Reception> receptions) {
  if (ring_ != nullptr && receptions.size() > 1 && ring_->Receive(receptions)) return;
  for (Reception& reception : receptions) ReceiveOne(reception);
}

void Transfers::Send(std::span<Dispatch> dispatches) {
  if (ring_ != nullptr && dispatches.size() > 1 && ring_->Send(dispatches)) return;
  for (Dispatch& dispatch : dispatches) SendOne(dispatch);
}

}  // namespace larder
