// A blocking client connection for the tests. Not thread-safe. Throws std::runtime_error when the
// server cannot be reached, when it says something that is not RESP, and when a deadline passes.
#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/resp.h"

namespace larder::test {

using Words = std::vector<std::string>;

class Connection {
 public:
  // How long a reply may take before a test gives up: far above what a sanitizer build needs.
  static constexpr std::chrono::milliseconds kDeadline{20'000};

  explicit Connection(int port);  // on 127.0.0.1
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Send(const Words& words) { SendRaw(Encode(words)); }
  void SendRaw(std::string_view bytes);

  // The next reply or push, whichever the wire holds; nothing when the server closed the
  // connection. Throws when `deadline` passes.
  std::optional<Value> Read(std::chrono::milliseconds deadline = kDeadline);

  // True when a reply, or the end of the connection, can be read within `wait`.
  bool Readable(std::chrono::milliseconds wait);

  // Send, then the next reply that is not a push. Throws when the connection was closed.
  Value Call(const Words& words);

  static std::string Encode(const Words& words);

 private:
  bool Receive(std::chrono::milliseconds wait);

  int fd_;
  bool closed_ = false;
  RespReader reader_;
  std::optional<Value> next_;
};

}  // namespace larder::test
