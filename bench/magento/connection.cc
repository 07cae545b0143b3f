#include "bench/magento/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace larder::bench {
namespace {

constexpr size_t kReceiveBytes = 64 * 1024;  // one recv for most replies of a page

[[noreturn]] void Fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

int ConnectUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) throw std::runtime_error("path is too long");
  std::copy(path.begin(), path.end(), address.sun_path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    Fail("connect to " + path);
  }
  return fd;
}

int ConnectTcp(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    throw std::runtime_error("not an IPv4 address: " + host);
  }
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    Fail("connect to " + host + ":" + std::to_string(port));
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

void AppendHead(std::string& out, char kind, size_t number) {
  out += kind;
  out += std::to_string(number);
  out += "\r\n";
}

int64_t Number(std::string_view digits) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    throw std::runtime_error("not a number in a reply: " + std::string(digits));
  }
  return value;
}

}  // namespace

Connection::Connection(const Address& address) : in_(kReceiveBytes) {
  fd_ = address.unix_path.empty() ? ConnectTcp(address.host, address.port)
                                  : ConnectUnix(address.unix_path);
}

Connection::~Connection() { ::close(fd_); }

void Connection::Add(Words words) {
  AppendHead(out_, '*', words.size());
  for (std::string_view word : words) {
    AppendHead(out_, '$', word.size());
    out_ += word;
    out_ += "\r\n";
  }
  ++waiting_;
}

const std::vector<Reply>& Connection::Round() {
  Send();
  replies_.resize(waiting_);
  for (Reply& reply : replies_) ReadReply(reply);
  waiting_ = 0;
  return replies_;
}

void Connection::Send() {
  for (size_t sent = 0; sent < out_.size();) {
    const ssize_t n = ::send(fd_, out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) Fail("send");
    sent += static_cast<size_t>(n);
  }
  sent_bytes_ += static_cast<int64_t>(out_.size());
  out_.clear();
}

// REQUIRES: begin_ == end_, or a line that is not whole yet.
void Connection::Receive() {
  if (begin_ > 0) {
    std::copy(in_.begin() + static_cast<ptrdiff_t>(begin_),
              in_.begin() + static_cast<ptrdiff_t>(end_), in_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == in_.size()) throw std::runtime_error("a reply line without an end");
  ssize_t n = 0;
  do {
    n = ::recv(fd_, in_.data() + end_, in_.size() - end_, 0);
  } while (n < 0 && errno == EINTR);
  if (n < 0) Fail("recv");
  if (n == 0) throw std::runtime_error("the server closed the connection");
  end_ += static_cast<size_t>(n);
  received_bytes_ += n;
}

void Connection::ReadReply(Reply& reply) {
  const std::string_view line = ReadLine();
  if (line.empty()) throw std::runtime_error("an empty reply line");
  const std::string_view rest = line.substr(1);
  reply.kind = line[0];
  reply.text.clear();
  reply.items.clear();
  switch (reply.kind) {
    case '+':
    case '-':
      reply.text = rest;
      return;
    case ':':
      reply.integer = Number(rest);
      return;
    case '$':
    case '*':
      reply.integer = Number(rest);
      break;
    default:
      throw std::runtime_error("not a reply: " + std::string(line));
  }
  if (reply.integer < 0) {
    reply.kind = '_';
  } else if (reply.kind == '$') {
    ReadBulk(reply.text, static_cast<size_t>(reply.integer));
  } else {
    reply.items.resize(static_cast<size_t>(reply.integer));
    for (Reply& item : reply.items) ReadReply(item);
  }
}

std::string_view Connection::ReadLine() {
  size_t seen = 0;
  for (;;) {
    const std::string_view have(in_.data() + begin_, end_ - begin_);
    const size_t end = have.find('\n', seen);
    if (end != std::string_view::npos && end > 0) {
      begin_ += end + 1;
      return have.substr(0, end - 1);
    }
    seen = have.size();
    Receive();
  }
}

void Connection::ReadBulk(std::string& into, size_t length) {
  for (size_t missing = length + 2; missing > 0;) {
    if (begin_ == end_) Receive();
    const size_t take = std::min(missing, end_ - begin_);
    into.append(in_.data() + begin_, take);
    begin_ += take;
    missing -= take;
  }
  into.resize(length);
}

}  // namespace larder::bench
