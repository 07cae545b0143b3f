// PeerConnection: a TCP connection to another server that its owner may block on, for a time that
// is always limited: MIGRATE, imports. Where a flag was given each wait ends with it too, within a
// moment. One thread, the flag any; never under a shard's lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "server/base/connect.h"
#include "server/base/socket.h"

namespace larder {

class PeerConnection {
 public:
  // Null when it can't be had within the time; *refused: because the other side said no. `stop`:
  // set, every wait ends as if the connection had failed; null for none.
  static std::unique_ptr<PeerConnection> Connect(const std::string& host, int port,
                                                 int64_t timeout_ms, bool* refused,
                                                 const std::atomic<bool>* stop);
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

  // How often a wait looks at the flag: nobody announces it.
  static constexpr int64_t kLookMs = 100;

  explicit PeerConnection(const std::atomic<bool>* stop) : stop_(stop) {}
  Waited WaitFor(int fd, int16_t event, int64_t deadline_ms);
  // Bytes from the socket, as ReadSome.
  size_t Receive(char* to, size_t most, int64_t deadline_ms);

  const std::atomic<bool>* const stop_;
  Socket socket_;
  std::string input_;
  bool timed_out_ = false;
};

}  // namespace larder
