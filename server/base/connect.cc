#include "server/base/connect.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

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

bool Bind(const Socket& socket, const std::string& source) {
  const AddressList address = Resolve(source, "0");
  return address != nullptr && ::bind(socket.fd(), address->ai_addr, address->ai_addrlen) == 0;
}

// What became of a connect that goes on by itself: 0, or errno.
int Outcome(const Socket& socket) {
  int problem = 0;
  socklen_t size = sizeof(problem);
  return ::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &problem, &size) == 0 ? problem : errno;
}

}  // namespace

Socket ConnectTo(const std::string& host, int port, const std::string& source,
                 absl::FunctionRef<Waited(int fd)> wait, std::string* error) {
  *error = "the name can't be resolved";
  const AddressList list = Resolve(host, std::to_string(port));
  for (const addrinfo* address = list.get(); address != nullptr; address = address->ai_next) {
    Socket socket(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.open()) continue;
    if (!source.empty() && !Bind(socket, source)) {
      *error = "bind-source-addr can't be used";
      continue;
    }
    int problem = ::connect(socket.fd(), address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    if (problem == EINPROGRESS) {
      const Waited waited = wait(socket.fd());
      if (waited == Waited::kNotWanted) {
        *error = "not wanted any more";
        return Socket();
      }
      problem = waited == Waited::kReady ? Outcome(socket) : ETIMEDOUT;
    }
    *error = problem == 0 ? "" : std::strerror(problem);
    if (problem != 0) continue;
    const int on = 1;
    ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return socket;
  }
  return Socket();
}

}  // namespace larder
