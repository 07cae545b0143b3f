#include "server/net/acceptor.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "protocol/errors.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/net/loop.h"

namespace larder {
namespace {

constexpr std::string_view kDenied =
    "DENIED Redis is running in protected mode because protected mode is enabled and no password "
    "is "
    "set for the default user. Until one is set, only clients on this host are answered. Set a "
    "password (requirepass), or say '--protected-mode no' or CONFIG SET protected-mode no from "
    "this "
    "host if nobody else can reach the port.";

Socket OpenSpare() { return Socket(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// The best that can be done for somebody who is not let in: whether it arrives is his luck.
void SendError(const Socket& socket, std::string_view text) {
  const std::string line = "-" + std::string(text) + "\r\n";
  [[maybe_unused]] ssize_t sent =
      ::send(socket.fd(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

Acceptor::Acceptor(Engine& engine, const Listener& listener)
    : engine_(engine), listener_(listener), spare_(OpenSpare()) {}

void Acceptor::Accept(int listening_fd, const Loop& self, uint64_t round, WorkerStats& stats) {
  bool unix_socket = false;
  std::string local;
  if (!listener_.Find(listening_fd, &unix_socket, &local)) return;
  const bool in_a_row = round - std::exchange(last_round_, round) <= 1;
  for (int i = 0; i < (in_a_row ? kMostAtOnce : 1); ++i) {
    sockaddr_storage peer = {};
    socklen_t size = sizeof(peer);
    Socket socket(::accept4(listening_fd, reinterpret_cast<sockaddr*>(&peer), &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.open()) {
      if (errno == ECONNABORTED || errno == EINTR) continue;
      if (errno != EAGAIN) OutOfFiles(listening_fd);
      return;
    }
    if (Refuse(socket, peer, unix_socket, stats)) continue;
    Arrival arrival{std::move(socket), "", local, unix_socket};
    arrival.address = unix_socket ? local : AddressText(peer);
    if (local.empty()) {
      size = sizeof(peer);
      ::getsockname(arrival.socket.fd(), reinterpret_cast<sockaddr*>(&peer), &size);
      arrival.local_address = AddressText(peer);
    }
    Loop& loop = Choose();
    loop.Offer(std::move(arrival));
    if (&loop != &self) loop.Nudge();
  }
}

bool Acceptor::Refuse(Socket& socket, const sockaddr_storage& peer, bool unix_socket,
                      WorkerStats& stats) {
  const Settings& settings = engine_.config.settings();
  size_t connected = 0;
  for (const Loop* loop : loops_) connected += loop->load();
  if (connected >= static_cast<size_t>(int64_t{settings.maxclients})) {
    SendError(socket, errors::kMaxClients);
  } else if (settings.protected_mode && !unix_socket && !IsLoopback(peer) &&
             engine_.users.Default()->needs_no_password()) {
    SendError(socket, kDenied);
  } else {
    return false;
  }
  stats.rejected_connections.Add(1);
  return true;
}

void Acceptor::OutOfFiles(int listening_fd) {
  const int error = errno;
  if (MonotonicMs() - complained_ms_ > 60'000 || complained_ms_ == 0) {
    complained_ms_ = MonotonicMs();
    Log(LogLevel::kWarning, "Error accepting a client connection: ", std::strerror(error));
  }
  spare_.Close();
  Socket socket(::accept4(listening_fd, nullptr, nullptr, SOCK_CLOEXEC));
  if (socket.open()) {
    SendError(socket, errors::kMaxClients);
  } else {
    // Not even that: the system is short of files or memory. Anything but spinning.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  socket.Close();
  spare_ = OpenSpare();
}

Loop& Acceptor::Choose() const {
  size_t connected = 0;
  for (const Loop* loop : loops_) connected += loop->load();
  const size_t in_use = std::min(loops_.size(), 1 + connected / kPerLoop);
  return **std::min_element(loops_.begin(), loops_.begin() + static_cast<std::ptrdiff_t>(in_use),
                            [](const Loop* a, const Loop* b) { return a->load() < b->load(); });
}

}  // namespace larder
