#include "server/net/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <sstream>

#include "server/base/log.h"
#include "server/base/strings.h"

namespace larder {
namespace {

void SetOption(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof(value));
}

// A dead peer is found after about twice `seconds`, as in Redis: then three probes, a third apart.
void SetKeepAliveOptions(int fd, int64_t seconds) {
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, seconds > 0 ? 1 : 0);
  if (seconds <= 0) return;
  const int idle = static_cast<int>(std::min<int64_t>(seconds, 32767));
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, idle / 3));
  SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

// One word of `bind`.
struct BindWord {
  std::string host;  // empty: every address
  bool optional = false;
  bool v6 = false;
};

std::vector<BindWord> ParseBind(const std::string& text) {
  std::vector<BindWord> words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) {
    BindWord parsed;
    if (word.starts_with('-')) {
      parsed.optional = true;
      word.erase(0, 1);
    }
    parsed.v6 = word.find(':') != word.npos;
    parsed.host = word == "*" || word == "::*" ? "" : word;
    words.push_back(std::move(parsed));
  }
  return words;
}

// A socket that listens on the word's address, or a negative errno.
int ListenOn(const BindWord& word, int port, int backlog) {
  addrinfo hints = {};
  hints.ai_family = word.v6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const char* host = word.host.empty() ? nullptr : word.host.c_str();
  if (::getaddrinfo(host, std::to_string(port).c_str(), &hints, &found) != 0) return -EADDRNOTAVAIL;
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  Socket socket(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.open()) return -errno;
  SetOption(socket.fd(), SOL_SOCKET, SO_REUSEADDR, 1);
  SetOption(socket.fd(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (word.v6) SetOption(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (::bind(socket.fd(), found->ai_addr, found->ai_addrlen) != 0) return -errno;
  if (::listen(socket.fd(), backlog) != 0) return -errno;
  return socket.Release();
}

bool MeansNoSuchFamily(int error) {
  return error == EAFNOSUPPORT || error == EPFNOSUPPORT || error == EPROTONOSUPPORT ||
         error == ENOPROTOOPT || error == ESOCKTNOSUPPORT;
}

int BoundPort(int fd, std::string* text) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  *text = AddressText(address);
  return address.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port)
             : ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

bool Listener::Open(bool anywhere, std::string* error) {
  MutexLock lock(mutex_);
  const int port = static_cast<int>(config_.settings().port);
  if (!BindAddresses(port, anywhere, config_.Text("bind"), &endpoints_, &port_, error) ||
      !BindUnix(error)) {
    endpoints_.clear();
    port_ = 0;
    return false;
  }
  if (endpoints_.empty()) *error = "Configured to not listen anywhere, exiting.";  // Redis' words
  return open_ = !endpoints_.empty();
}

void Listener::Close() {
  MutexLock lock(mutex_);
  open_ = false;
  endpoints_.clear();
  port_ = 0;
  if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
  unix_path_.clear();
  epoll_fd_ = -1;
}

void Listener::Watch(int epoll_fd, uint64_t tag) {
  MutexLock lock(mutex_);
  epoll_fd_ = epoll_fd;
  tag_ = tag;
  for (const Endpoint& endpoint : endpoints_) WatchLocked(endpoint);
}

void Listener::WatchLocked(const Endpoint& endpoint) const {
  if (epoll_fd_ < 0) return;
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = tag_ + static_cast<uint64_t>(endpoint.socket.fd());
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, endpoint.socket.fd(), &event);
}

bool Listener::Rebind(int port, const std::string& addresses, std::string* error) {
  MutexLock lock(mutex_);
  if (!open_) return true;
  // An address that stays can't be bound twice, so the old sockets go first; on failure Config
  // calls this again with the old values.
  std::erase_if(endpoints_, [](const Endpoint& endpoint) { return !endpoint.unix_socket; });
  std::vector<Endpoint> fresh;
  int bound_port = 0;
  const bool bound = BindAddresses(port, false, addresses, &fresh, &bound_port, error);
  if (!bound) fresh.clear();
  port_ = bound ? bound_port : 0;
  for (Endpoint& endpoint : fresh) {
    WatchLocked(endpoint);
    endpoints_.push_back(std::move(endpoint));
  }
  return bound;
}

void Listener::SetKeepAlive(int64_t seconds) {
  MutexLock lock(mutex_);
  for (const Endpoint& endpoint : endpoints_) {
    if (!endpoint.unix_socket) SetKeepAliveOptions(endpoint.socket.fd(), seconds);
  }
}

bool Listener::Find(int fd, bool* unix_socket, std::string* local) const {
  MutexLock lock(mutex_);
  for (const Endpoint& endpoint : endpoints_) {
    if (endpoint.socket.fd() != fd) continue;
    *unix_socket = endpoint.unix_socket;
    *local = endpoint.local;
    return true;
  }
  return false;
}

int Listener::port() const {
  MutexLock lock(mutex_);
  return port_;
}

bool Listener::BindAddresses(int port, bool anywhere, const std::string& addresses,
                             std::vector<Endpoint>* endpoints, int* bound_port,
                             std::string* error) const {
  *bound_port = 0;
  if (port == 0 && !anywhere) return true;
  const int backlog = static_cast<int>(config_.settings().tcp_backlog);
  for (const BindWord& word : ParseBind(addresses)) {
    Endpoint endpoint;
    const int fd = ListenOn(word, *bound_port != 0 ? *bound_port : port, backlog);
    if (fd < 0) {
      const std::string what =
          StrCat("Could not create server TCP listening socket ",
                 word.host.empty() ? "*" : word.host, ":", port, ": ", std::strerror(-fd));
      if (MeansNoSuchFamily(-fd) || (word.optional && fd == -EADDRNOTAVAIL)) {
        Log(LogLevel::kNotice, what);
        continue;
      }
      *error = StrCat(what, ". Failed listening on port ", port, " (TCP), aborting.");
      return false;
    }
    endpoint.socket = Socket(fd);
    SetKeepAliveOptions(fd, config_.settings().tcp_keepalive_s);
    *bound_port = BoundPort(fd, &endpoint.local);
    if (word.host.empty()) endpoint.local.clear();
    endpoints->push_back(std::move(endpoint));
  }
  if (!endpoints->empty()) return true;
  if (ParseBind(addresses).empty()) return true;
  *error = StrCat("Failed listening on port ", port, " (TCP), aborting.");
  return false;
}

bool Listener::BindUnix(std::string* error) {
  const std::string path = config_.Path("unixsocket");
  if (path.empty()) return true;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    *error = StrCat("Opening Unix socket: the path is longer than ", sizeof(address.sun_path) - 1);
    return false;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  ::unlink(path.c_str());
  Endpoint endpoint;
  endpoint.unix_socket = true;
  endpoint.local = config_.Text("unixsocket") + ":0";
  endpoint.socket = Socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int fd = endpoint.socket.fd();
  const mode_t mode = static_cast<mode_t>(config_.settings().unixsocketperm);
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(fd, static_cast<int>(config_.settings().tcp_backlog)) != 0 ||
      (mode != 0 && ::chmod(path.c_str(), mode) != 0)) {
    *error = StrCat("Opening Unix socket: ", path, ": ", std::strerror(errno));
    return false;
  }
  unix_path_ = path;
  endpoints_.push_back(std::move(endpoint));
  return true;
}

}  // namespace larder
