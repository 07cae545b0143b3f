// A whole server in this process, and a plain blocking client, for the tests of the network.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "server/base/socket.h"
#include "server/config/config.h"
#include "server/engine/engine.h"
#include "server/engine/keeper.h"
#include "server/net/net.h"
#include "tests/net/test_commands.h"

namespace larder {

class TestServer {
 public:
  // `words`: directives as on the command line. One thread unless `threads` says otherwise.
  explicit TestServer(std::vector<std::string> words = {}, int threads = 1) {
    std::vector<std::string> all = {"--port", "0", "--bind", "127.0.0.1"};
    all.insert(all.end(), words.begin(), words.end());
    std::string error;
    EXPECT_TRUE(config.Load(all, &error)) << error;
    rows = test_commands::Rows();
    engine = std::make_unique<Engine>(config, rows);
    engine->io_threads = threads;
    keeper = std::make_unique<Keeper>(*engine);
    net = std::make_unique<Net>(*engine);
    net->ListenAnywhere();
    EXPECT_TRUE(net->Listen(&error)) << error;
    net->Start();
  }
  ~TestServer() {
    net->Stop();
    keeper.reset();  // before the net: it opens the gate, which tells the loops
  }

  Config config;
  std::vector<std::span<const Command>> rows;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Keeper> keeper;
  std::unique_ptr<Net> net;
};

class TestClient {
 public:
  explicit TestClient(const TestServer& server) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(server.net->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Connect(reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }
  explicit TestClient(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    Connect(reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  // Exactly `size` bytes, or fewer where the connection ended or 10 s were over.
  std::string Read(size_t size) {
    std::string got(size, '\0');
    size_t have = 0;
    while (have < size) {
      const ssize_t received = ::recv(socket_.fd(), got.data() + have, size - have, 0);
      if (received < 0 && errno == EINTR) continue;  // an io_uring of this process was closed
      if (received <= 0) break;
      have += static_cast<size_t>(received);
    }
    got.resize(have);
    return got;
  }
  std::string ReadLine() {
    std::string line;
    while (!line.ends_with("\r\n")) {
      const std::string byte = Read(1);
      if (byte.empty()) break;
      line += byte;
    }
    return line;
  }
  // Sends an inline command; returns the first line of the reply.
  std::string Ask(std::string_view command) {
    Send(std::string(command) + "\r\n");
    return ReadLine();
  }
  // True when the server has closed the connection and sent nothing more; false after 10 s.
  bool Closed() {
    char byte;
    ssize_t received;
    do {
      received = ::recv(socket_.fd(), &byte, 1, 0);
    } while (received < 0 && errno == EINTR);
    return received == 0 || (received < 0 && errno == ECONNRESET);
  }
  int fd() const { return socket_.fd(); }
  void Close() { socket_.Close(); }

 private:
  void Connect(const sockaddr* address, socklen_t size) {
    const timeval patience = {10, 0};
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    EXPECT_EQ(::connect(socket_.fd(), address, size), 0);
  }

  Socket socket_;
};

}  // namespace larder
