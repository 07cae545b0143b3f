// A server of its own for a test: a process on a free loopback port, in a fresh temporary folder,
// dead when this object or the test is. Not thread-safe. Throws std::runtime_error when it does not
// start.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace larder::test {

// The larder-server to test: the environment's LARDER_SERVER, or build/larder-server.
std::string LarderServer();

// A TCP port of 127.0.0.1 that nobody listens on at this moment.
int FreePort();

class ServerProcess {
 public:
  // Runs `command` with every "{port}" replaced by the port, and waits until it answers.
  explicit ServerProcess(std::vector<std::string> command);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  int port() const { return port_; }

  // Ends it with SIGTERM and returns its exit status as a shell counts it (128 + signal); a server
  // that is still there after 20 s is killed. A sanitizer's finding shows here.
  int Stop();

  // What it wrote to stdout and stderr so far: the last 8 KiB.
  std::string Output() const;

 private:
  void AwaitPong();

  int port_;
  std::filesystem::path folder_;
  pid_t pid_ = -1;
};

}  // namespace larder::test
