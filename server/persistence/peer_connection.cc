#include "server/persistence/peer_connection.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "server/base/clock.h"

namespace larder {

std::unique_ptr<PeerConnection> PeerConnection::Connect(const std::string& host, int port,
                                                        int64_t timeout_ms) {
  addrinfo hints = {}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return nullptr;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  const int64_t deadline_ms = MonotonicMs() + timeout_ms;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const int fd = socket(each->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    std::unique_ptr<PeerConnection> connection(new PeerConnection(fd));
    if (connect(fd, each->ai_addr, each->ai_addrlen) != 0) {
      if (errno != EINPROGRESS || !connection->WaitFor(POLLOUT, deadline_ms)) continue;
      int error = 0;
      socklen_t size = sizeof(error);
      if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) continue;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return connection;
  }
  return nullptr;
}

PeerConnection::~PeerConnection() { close(fd_); }

bool PeerConnection::WaitFor(int16_t event, int64_t deadline_ms) {
  for (;;) {
    const int64_t left_ms = std::clamp<int64_t>(deadline_ms - MonotonicMs(), 0, INT_MAX);
    pollfd poll_fd = {fd_, event, 0};
    const int ready = poll(&poll_fd, 1, static_cast<int>(left_ms));
    if (ready > 0) return true;
    if (ready < 0 && errno == EINTR) continue;
    timed_out_ = ready == 0;
    return false;
  }
}

bool PeerConnection::Send(std::string_view bytes, int64_t timeout_ms) {
  timed_out_ = false;
  const int64_t deadline_ms = MonotonicMs() + timeout_ms;
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return false;
    } else if (!WaitFor(POLLOUT, deadline_ms)) {
      return false;
    }
  }
  return true;
}

bool PeerConnection::ReadLine(std::string* line, int64_t timeout_ms) {
  timed_out_ = false;
  const int64_t deadline_ms = MonotonicMs() + timeout_ms;
  for (;;) {
    if (const size_t end = input_.find('\n'); end != std::string::npos) {
      *line = input_.substr(0, std::min(end, kMostLineBytes));
      if (!line->empty() && line->back() == '\r') line->pop_back();
      input_.erase(0, end + 1);
      return true;
    }
    if (input_.size() > kMostLineBytes) return false;
    char buffer[4096];
    const size_t size = Receive(buffer, sizeof(buffer), deadline_ms);
    if (size == 0) return false;
    input_.append(buffer, size);
  }
}

size_t PeerConnection::ReadSome(char* to, size_t most, int64_t timeout_ms) {
  timed_out_ = false;
  if (input_.empty()) return Receive(to, most, MonotonicMs() + timeout_ms);
  const size_t size = input_.copy(to, most);
  input_.erase(0, size);
  return size;
}

size_t PeerConnection::Receive(char* to, size_t most, int64_t deadline_ms) {
  for (;;) {
    const ssize_t size = recv(fd_, to, most, 0);
    if (size > 0) return static_cast<size_t>(size);
    if (size == 0 || (errno != EAGAIN && errno != EINTR)) return 0;
    if (!WaitFor(POLLIN, deadline_ms)) return 0;
  }
}

}  // namespace larder
