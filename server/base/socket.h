// Socket: owns one file descriptor. And what there is to say of addresses, pure functions.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace larder {

// One thread at a time; closes the descriptor when it goes.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  ~Socket() { Close(); }

  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  // Hands the descriptor to the caller.
  int Release() { return std::exchange(fd_, -1); }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

// "127.0.0.1:50122", "[::1]:50122"; an IPv4 address in IPv6 clothes is written as what it is. Empty
// for other families.
std::string AddressText(const sockaddr_storage& address);
// True for 127.0.0.0/8 and ::1.
bool IsLoopback(const sockaddr_storage& address);

}  // namespace larder
