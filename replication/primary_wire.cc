#include "replication/primary_wire.h"

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

Waited PrimaryWire::WaitFor(int fd, short event, int64_t timeout_ms) const {
  pollfd waits[] = {{interrupter_.fd(), POLLIN, 0}, {fd, event, 0}};
  const int ready = ::poll(waits, 2, static_cast<int>(std::max<int64_t>(timeout_ms, 0)));
  if (waits[0].revents != 0) return Waited::kNotWanted;
  return ready > 0 || (ready < 0 && errno == EINTR) ? Waited::kReady : Waited::kTimeIsOver;
}

bool PrimaryWire::Connect(const std::string& host, int port, const std::string& source_address,
                          int64_t timeout_ms) {
  socket_ = ConnectTo(
      host, port, source_address, [&](int fd) { return WaitFor(fd, POLLOUT, timeout_ms); },
      &error_);
  last_io_ms_ = MonotonicMs();
  return socket_.open();
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
    const Waited waited = WaitFor(fd(), POLLOUT, timeout_ms);
    if (waited == Waited::kNotWanted) return Fail("not wanted any more");
    if (waited == Waited::kTimeIsOver) return TimeOut();
  }
  return true;
}

bool PrimaryWire::Receive(int64_t timeout_ms) {
  input_.DropFront(std::exchange(consumed_, 0));
  if (input_.empty()) input_.ClearKeeping(kKeptBytes);  // a large value is not the usual one
  const Waited waited = WaitFor(fd(), POLLIN, timeout_ms);
  if (waited == Waited::kNotWanted) return Fail("not wanted any more");
  if (waited == Waited::kTimeIsOver) return true;
  const ssize_t received = ::recv(socket_.fd(), input_.Space(kReceiveBytes), kReceiveBytes, 0);
  if (received > 0) input_.Grow(static_cast<size_t>(received));
  if (received == 0) return Fail("connection closed");
  if (received < 0) return errno == EAGAIN || errno == EINTR || Fail(std::strerror(errno));
  received_bytes_.Add(static_cast<uint64_t>(received));
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
