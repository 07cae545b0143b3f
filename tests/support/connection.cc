#include "tests/support/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace larder::test {
namespace {

using Clock = std::chrono::steady_clock;

std::runtime_error SystemError(const std::string& what) {
  return std::runtime_error(what + ": " + std::strerror(errno));
}

}  // namespace

Connection::Connection(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) throw SystemError("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0) {
    const std::runtime_error error = SystemError("connect to port " + std::to_string(port));
    close(fd_);
    throw error;
  }
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

Connection::~Connection() { close(fd_); }

std::string Connection::Encode(const Words& words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return out;
}

void Connection::SendRaw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    // A server that closes while we still send is an answer too: Read() tells it.
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return;
    if (sent < 0) throw SystemError("send");
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

bool Connection::Receive(std::chrono::milliseconds wait) {
  pollfd poll_fd{fd_, POLLIN, 0};
  const int timeout_ms = static_cast<int>(std::max<int64_t>(wait.count(), 0));
  if (poll(&poll_fd, 1, timeout_ms) <= 0) return false;
  char bytes[65536];
  const ssize_t received = recv(fd_, bytes, sizeof(bytes), 0);
  if (received > 0) {
    reader_.Feed({bytes, static_cast<size_t>(received)});
  } else {
    closed_ = received == 0 || errno != EINTR;
  }
  return true;
}

bool Connection::Readable(std::chrono::milliseconds wait) {
  const Clock::time_point end = Clock::now() + wait;
  for (;;) {
    if (!next_) next_ = reader_.Next();
    if (next_ || closed_) return true;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    if (!Receive(left) && Clock::now() >= end) return false;
  }
}

std::optional<Value> Connection::Read(std::chrono::milliseconds deadline) {
  if (!Readable(deadline)) {
    throw std::runtime_error("no reply within " + std::to_string(deadline.count()) + " ms");
  }
  std::optional<Value> value = std::move(next_);
  next_.reset();
  return value;
}

Value Connection::Call(const Words& words) {
  Send(words);
  for (;;) {
    std::optional<Value> value = Read();
    if (!value) throw std::runtime_error("the server closed the connection at " + words.front());
    if (!value->IsPush()) return std::move(*value);
  }
}

}  // namespace larder::test
