#include "replication/primary_wire.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "server/base/check.h"
#include "server/base/clock.h"
#include "server/base/strings.h"

namespace larder {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

AddressList Resolve(const std::string& host, const std::string& port) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) found = nullptr;
  return {found, &freeaddrinfo};
}

}  // namespace

Interrupter::Interrupter() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(event_.open());
}

void Interrupter::Interrupt() {
  const uint64_t one = 1;
  [[maybe_unused]] ssize_t written = ::write(event_.fd(), &one, sizeof(one));
}

void Interrupter::Reset() {
  uint64_t count;
  [[maybe_unused]] ssize_t read = ::read(event_.fd(), &count, sizeof(count));
}

bool Interrupter::Sleep(int64_t milliseconds) const {
  pollfd wait = {event_.fd(), POLLIN, 0};
  return ::poll(&wait, 1, static_cast<int>(milliseconds)) <= 0;
}

bool PrimaryWire::Fail(std::string_view why) {
  error_ = why;
  return false;
}

bool PrimaryWire::TimeOut() {
  timed_out_ = true;
  return Fail("timed out");
}

int PrimaryWire::WaitFor(short event, int64_t timeout_ms) const {
  pollfd waits[] = {{interrupter_.fd(), POLLIN, 0}, {socket_.fd(), event, 0}};
  const int ready = ::poll(waits, 2, static_cast<int>(std::max<int64_t>(timeout_ms, 0)));
  if (waits[0].revents != 0) return -1;
  return ready > 0 || (ready < 0 && errno == EINTR) ? 1 : 0;
}

bool PrimaryWire::Connect(const std::string& host, int port, const std::string& source_address,
                          int64_t timeout_ms) {
  const AddressList list = Resolve(host, std::to_string(port));
  if (list == nullptr) return Fail("the name can't be resolved");
  for (const addrinfo* address = list.get(); address != nullptr; address = address->ai_next) {
    socket_ = Socket(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_.open()) continue;
    if (!source_address.empty()) {
      const AddressList source = Resolve(source_address, "0");
      if (source == nullptr || ::bind(socket_.fd(), source->ai_addr, source->ai_addrlen) != 0) {
        Fail("bind-source-addr can't be used");
        continue;
      }
    }
    int problem = ::connect(socket_.fd(), address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    if (problem == EINPROGRESS) {
      const int ready = WaitFor(POLLOUT, timeout_ms);
      if (ready < 0) return Fail("not wanted any more");
      socklen_t size = sizeof(problem);
      problem = ETIMEDOUT;
      if (ready > 0) ::getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &problem, &size);
    }
    if (problem != 0) {
      Fail(std::strerror(problem));
      continue;
    }
    const int on = 1;
    ::setsockopt(socket_.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    last_io_ms_ = MonotonicMs();
    return true;
  }
  return false;
}

bool PrimaryWire::Send(std::string_view bytes, int64_t timeout_ms) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return Fail(std::strerror(errno));
    const int ready = WaitFor(POLLOUT, timeout_ms);
    if (ready < 0) return Fail("not wanted any more");
    if (ready == 0) return TimeOut();
  }
  return true;
}

bool PrimaryWire::Receive(int64_t timeout_ms) {
  const int ready = WaitFor(POLLIN, timeout_ms);
  if (ready < 0) return Fail("not wanted any more");
  if (ready == 0) return true;
  input_.erase(0, std::exchange(consumed_, 0));
  const size_t before = input_.size();
  input_.resize(before + kReceiveBytes);
  const ssize_t received = ::recv(socket_.fd(), input_.data() + before, kReceiveBytes, 0);
  input_.resize(before + static_cast<size_t>(std::max<ssize_t>(received, 0)));
  if (received == 0) return Fail("connection closed");
  if (received < 0) return errno == EAGAIN || errno == EINTR || Fail(std::strerror(errno));
  last_io_ms_ = MonotonicMs();
  return true;
}

bool PrimaryWire::ReadLine(std::string* line, int64_t timeout_ms) {
  for (;;) {
    while (input().starts_with('\n')) Consume(1);
    const size_t end = input().find('\n');
    if (end != std::string_view::npos) {
      *line = input().substr(0, end);
      Consume(end + 1);
      if (line->ends_with('\r')) line->pop_back();
      return true;
    }
    if (input().size() > kMostLineBytes) return Fail("a line without an end");
    const int64_t before_ms = last_io_ms_;
    if (!Receive(timeout_ms)) return false;
    if (last_io_ms_ == before_ms && MonotonicMs() - before_ms >= timeout_ms) {
      return TimeOut();
    }
  }
}

std::string PrimaryWire::local_address() const {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  ::getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return AddressText(address);
}

std::string PrimaryWire::address() const {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  ::getpeername(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return AddressText(address);
}

}  // namespace larder
