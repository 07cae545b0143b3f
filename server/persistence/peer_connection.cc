#include "server/persistence/peer_connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "server/base/clock.h"

namespace larder {

std::unique_ptr<PeerConnection> PeerConnection::Connect(const std::string& host, int port,
                                                        int64_t timeout_ms, bool* refused,
                                                        const std::atomic<bool>* stop) {
  std::unique_ptr<PeerConnection> connection(new PeerConnection(stop));
  const int64_t deadline_ms = MonotonicMs() + timeout_ms;
  std::string ignored;
  bool answered = false;
  const auto wait = [&](int fd) {
    const Waited waited = connection->WaitFor(fd, POLLOUT, deadline_ms);
    answered = waited == Waited::kReady;
    return waited;
  };
  connection->socket_ = ConnectTo(host, port, "", wait, &ignored);
  if (refused != nullptr) *refused = answered && !connection->socket_.open();
  return connection->socket_.open() ? std::move(connection) : nullptr;
}

Waited PeerConnection::WaitFor(int fd, int16_t event, int64_t deadline_ms) {
  for (;;) {
    if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) return Waited::kNotWanted;
    const int64_t left_ms = std::max<int64_t>(deadline_ms - MonotonicMs(), 0);
    pollfd poll_fd = {fd, event, 0};
    const int ready = poll(&poll_fd, 1, static_cast<int>(std::min(left_ms, kLookMs)));
    if (ready > 0) return Waited::kReady;
    if (ready < 0 && errno != EINTR) return Waited::kTimeIsOver;
    timed_out_ = ready == 0 && left_ms <= kLookMs;
    if (timed_out_) return Waited::kTimeIsOver;
  }
}

bool PeerConnection::Send(std::string_view bytes, int64_t timeout_ms) {
  timed_out_ = false;
  const int64_t deadline_ms = MonotonicMs() + timeout_ms;
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return false;
    } else if (WaitFor(socket_.fd(), POLLOUT, deadline_ms) != Waited::kReady) {
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
    const ssize_t size = recv(socket_.fd(), to, most, 0);
    if (size > 0) return static_cast<size_t>(size);
    if (size == 0 || (errno != EAGAIN && errno != EINTR)) return 0;
    if (WaitFor(socket_.fd(), POLLIN, deadline_ms) != Waited::kReady) return 0;
  }
}

}  // namespace larder
