// PrimaryWire: the connection of a replica to its primary, which its thread may block on: always
// for a limited time, and only until Interrupt. One thread; Interrupt any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/byte_buffer.h"
#include "server/base/connect.h"
#include "server/base/socket.h"
#include "server/engine/stats.h"

namespace larder {

// What ends every wait of a thread: an eventfd that stays readable until Reset.
class Interrupter {
 public:
  Interrupter();
  void Interrupt();
  void Reset();
  int fd() const { return event_.fd(); }
  // Sleeps; false when interrupted.
  bool Sleep(int64_t milliseconds) const;

 private:
  Socket event_;
};

class PrimaryWire {
 public:
  // `received_bytes` counts what comes.
  PrimaryWire(const Interrupter& interrupter, Tally& received_bytes, Socket socket = Socket())
      : interrupter_(interrupter), received_bytes_(received_bytes), socket_(std::move(socket)) {}

  // Each returns false when it failed: error() says why.
  bool Connect(const std::string& host, int port, const std::string& source_address,
               int64_t timeout_ms);
  bool Send(std::string_view bytes, int64_t timeout_ms);
  // A line without its end; keep-alive newlines before it are passed over. The time counts from the
  // last byte that came.
  bool ReadLine(std::string* line, int64_t timeout_ms);
  // Waits up to `timeout_ms` for bytes and appends them to input(). True with nothing new: the time
  // is over.
  bool Receive(int64_t timeout_ms);

  // Received and not consumed yet.
  std::string_view input() const { return input_.view().substr(consumed_); }
  void Consume(size_t bytes) { consumed_ += bytes; }
  int64_t last_io_ms() const { return last_io_ms_; }  // monotonic
  const std::string& error() const { return error_; }
  bool timed_out() const { return timed_out_; }
  std::string local_address() const;
  std::string address() const;
  int fd() const { return socket_.fd(); }

 private:
  static constexpr size_t kMostLineBytes = 16 * 1024;
  static constexpr size_t kReceiveBytes = 64 * 1024;
  static constexpr size_t kKeptBytes = 1024 * 1024;  // of memory while nothing waits in it

  bool Fail(std::string_view why);
  bool TimeOut();
  Waited WaitFor(int fd, short event, int64_t timeout_ms) const;

  const Interrupter& interrupter_;
  Tally& received_bytes_;
  Socket socket_;
  ByteBuffer input_;
  size_t consumed_ = 0;
  int64_t last_io_ms_ = 0;
  std::string error_;
  bool timed_out_ = false;
};

}  // namespace larder
