// Listener: the sockets that clients connect to: one per address of `bind`, and the Unix socket.
// Options that every connection should have (TCP_NODELAY, keep-alive) are set here, since Linux
// hands them down to what is accepted: no system call per connection.
//
// Threads: Open and Close from the server's thread; Rebind, and everything else, from any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/base/mutex.h"
#include "server/base/socket.h"
#include "server/config/config.h"

namespace larder {

class Listener {
 public:
  struct Endpoint {
    Socket socket;
    bool unix_socket = false;
    std::string local;  // the address as CLIENT LIST prints it; empty for a wildcard
  };

  explicit Listener(Config& config) : config_(config) {}
  ~Listener() { Close(); }

  // Binds what the configuration says; with `anywhere` and port 0, a port of the kernel's choice.
  // False with the reason; then nothing is bound.
  bool Open(bool anywhere, std::string* error);
  // Closes all, and removes the Unix socket's file.
  void Close();
  // From now on events of the sockets, old and new, go to this epoll set, with their descriptor and
  // `tag` added as data.
  void Watch(int epoll_fd, uint64_t tag);
  // Binds the addresses anew after CONFIG SET port or bind; the Unix socket stays. False with the
  // reason; then there is no TCP until it is called with what works. Where nothing is open (any
  // more) nothing is bound: what Open will bind, or nobody.
  bool Rebind(int port, const std::string& addresses, std::string* error);
  // After CONFIG SET tcp-keepalive: for connections that come from now on.
  void SetKeepAlive(int64_t seconds);

  // Whether `fd` is one of ours, and which.
  bool Find(int fd, bool* unix_socket, std::string* local) const;
  int port() const;  // 0: no TCP

 private:
  bool BindAddresses(int port, bool anywhere, const std::string& addresses,
                     std::vector<Endpoint>* endpoints, int* bound_port, std::string* error) const;
  bool BindUnix(std::string* error) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WatchLocked(const Endpoint& endpoint) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Config& config_;
  mutable Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Endpoint> endpoints_ ABSL_GUARDED_BY(mutex_);
  std::string unix_path_ ABSL_GUARDED_BY(mutex_);
  int port_ ABSL_GUARDED_BY(mutex_) = 0;
  int epoll_fd_ ABSL_GUARDED_BY(mutex_) = -1;
  uint64_t tag_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace larder
