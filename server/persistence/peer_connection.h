// PeerConnection: a TCP connection to another server that its owner may block on, for a time that
// is always limited: MIGRATE, imports. One thread; never under a shard's lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "server/base/connect.h"
#include "server/base/socket.h"

namespace larder {

class PeerConnection {
 public:
  // Null when it can't be had within the time; *refused: because the other side said no.
  static std::unique_ptr<PeerConnection> Connect(const std::string& host, int port,
                                                 int64_t timeout_ms, bool* refused = nullptr);
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;

  // False when it failed or took longer; the time is for these bytes.
  bool Send(std::string_view bytes, int64_t timeout_ms);
  // A line without its end, cut at kMostLineBytes. False as above.
  bool ReadLine(std::string* line, int64_t timeout_ms);
  // What has arrived, at most so many bytes; waits for the first. 0: as above, or the end.
  size_t ReadSome(char* to, size_t most, int64_t timeout_ms);
  // The last call failed because its time was over.
  bool timed_out() const { return timed_out_; }

 private:
  static constexpr size_t kMostLineBytes = 1024;

  PeerConnection() = default;
  Waited WaitFor(int fd, int16_t event, int64_t deadline_ms);
  // Bytes from the socket, as ReadSome.
  size_t Receive(char* to, size_t most, int64_t deadline_ms);

  Socket socket_;
  std::string input_;
  bool timed_out_ = false;
};

}  // namespace larder
