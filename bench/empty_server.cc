#include "bench/empty_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace larder::bench {
namespace {

[[noreturn]] void Fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

}  // namespace

EmptyServer::EmptyServer(std::string reply)
    : reply_(std::move(reply)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (!listener_.open() || ::bind(listener_.fd(), any, size) != 0 ||
      ::listen(listener_.fd(), 1) != 0 || ::getsockname(listener_.fd(), any, &size) != 0) {
    Fail("listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

EmptyServer::~EmptyServer() {
  ::shutdown(listener_.fd(), SHUT_RDWR);  // accept() returns
  thread_.join();
}

void EmptyServer::Run() {
  while (true) {
    const Socket client(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client.open()) return;
    const int on = 1;
    ::setsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    Answer(client.fd());
  }
}

// A serial client's request comes in one piece, so what is received is one.
void EmptyServer::Answer(int fd) {
  std::array<char, 16 * 1024> request;
  while (true) {
    const ssize_t got = ::recv(fd, request.data(), request.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) continue;
    if (got <= 0) return;
    if (::send(fd, reply_.data(), reply_.size(), MSG_NOSIGNAL) < 0) return;
  }
}

}  // namespace larder::bench
