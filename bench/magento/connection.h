// Connection: one blocking connection to a server that speaks RESP2, as a PHP process has it:
// requests are added, sent at once, and their replies awaited. One thread at a time. Everything
// that goes wrong on the socket is a std::runtime_error; an error reply is a Reply.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder::bench {

struct Address {
  std::string host = "127.0.0.1";
  int port = 6379;
  std::string unix_path;  // if not empty, instead of host and port
};

struct Reply {
  char kind = '$';  // the first byte on the wire; null is '_'
  int64_t integer = 0;
  std::string text;  // of a bulk, a status or an error
  std::vector<Reply> items;
};

using Words = std::span<const std::string_view>;

class Connection {
 public:
  explicit Connection(const Address& address);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Adds one request to the next round.
  void Add(Words words);

  // Sends what was added and returns one reply for each request, valid until the next round.
  const std::vector<Reply>& Round();

  // Bytes since the last call.
  int64_t TakeReceivedBytes() { return std::exchange(received_bytes_, 0); }
  int64_t TakeSentBytes() { return std::exchange(sent_bytes_, 0); }

 private:
  void Send();
  void Receive();
  void ReadReply(Reply& reply);
  std::string_view ReadLine();
  void ReadBulk(std::string& into, size_t length);

  int fd_ = -1;
  std::string out_;
  std::vector<char> in_;
  size_t begin_ = 0;  // what was received and not yet read is in_[begin_, end_)
  size_t end_ = 0;
  size_t waiting_ = 0;
  std::vector<Reply> replies_;
  int64_t received_bytes_ = 0;
  int64_t sent_bytes_ = 0;
};

}  // namespace larder::bench
