// Acceptor: decides who comes in, and which loop gets the connection. Runs on the loop that watches
// the listening sockets; one thread at a time.
//
// Few connections share few loops, so that they do not wake many threads: a second loop is used
// from kPerLoop connections on, and so forth; among the loops in use the one with the fewest gets
// the next.
#pragma once

#include <cstdint>
#include <vector>

#include "server/base/socket.h"
#include "server/engine/engine.h"
#include "server/net/connection.h"
#include "server/net/listener.h"

namespace larder {

class Loop;

class Acceptor {
 public:
  // All outlive this.
  Acceptor(Engine& engine, const Listener& listener);
  // The loops to choose from. Before threads start.
  void SetLoops(std::vector<Loop*> loops) { loops_ = std::move(loops); }

  // Takes connections that wait at a listening socket and hands them over. `self`: the loop that
  // calls, which need not be woken; `round`: its count of rounds.
  void Accept(int listening_fd, const Loop& self, uint64_t round, WorkerStats& stats);

 private:
  static constexpr size_t kPerLoop = 8;
  // At one event; more wait for the next round, so that a flood does not starve the connected.
  // Where the last round had no event, one: it is nearly always alone, and to find that out would
  // take a system call.
  static constexpr int kMostAtOnce = 256;

  bool Refuse(Socket& socket, const sockaddr_storage& peer, bool unix_socket, WorkerStats& stats);
  void OutOfFiles(int listening_fd);
  Loop& Choose() const;

  Engine& engine_;
  const Listener& listener_;
  std::vector<Loop*> loops_;
  // Given up for a moment when files run out, to accept and close what waits: left in the queue it
  // would wake the loop for ever.
  Socket spare_;
  uint64_t last_round_ = 0;  // that had an event
  int64_t complained_ms_ = 0;
};

}  // namespace larder
