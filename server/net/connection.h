// Connection: one client's socket, what it has sent and not yet got an answer to, and what waits to
// be sent to it. A record of the loop that it belongs to; Loop holds the logic. While a thread that
// lost its loop still runs a command of it, the connection is busy: nobody touches its client, its
// input or its socket until that thread's kFinished letter.
//
// A connection that waits with half a request owns the bytes of it and a few hundred more.
#pragma once

#include <sys/epoll.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/request_parser.h"
#include "server/base/socket.h"
#include "server/engine/client.h"
#include "server/engine/engine.h"
#include "server/engine/mailbox.h"
#include "server/net/held_output.h"
#include "server/net/input_buffer.h"
#include "server/net/lease_pool.h"

namespace larder {

// A socket that was accepted, on its way to its loop.
struct Arrival {
  Socket socket;
  std::string address, local_address;
  bool unix_socket = false;
};

// What a command that another thread finishes needs to stay where it is, and what came meanwhile.
struct BusyState {
  std::vector<std::string_view> args;  // the command's words, in the connection's input
  size_t begin = 0, end = 0;           // of the request, in the input
  std::vector<std::unique_ptr<Letter>> letters;
  size_t letter_bytes = 0;  // which count as output of the client
};

struct Connection {
  // Whose turn it is. Requests are executed only in kReady.
  enum class Turn : uint8_t {
    kReady,
    kParked,  // until a kReply letter
    kAtGate,  // until the gate opens, a pause ends or the offer is answered with -BUSY
    kBusy,    // until a kFinished letter
  };
  enum class Ending : uint8_t {
    kNone,
    kAfterOutput,  // close once everything is sent
    kNow,
  };

  Connection(uint64_t id, Mailbox* home, Socket own_socket)
      : client(id, home), socket(std::move(own_socket)) {}

  Client client;
  Socket socket;
  RequestParser parser;

  // Input. During a batch `input` is the lease or the rest, and `position` where the next request
  // begins; between batches only the rest remains.
  InputBuffer rest;
  Lease lease;
  std::string_view input;
  size_t position = 0;
  bool starved = false;  // the parser needs more bytes to go on at `position`

  void Rewind(size_t to) {
    position = to;
    starved = false;
    parser.Rewind();
  }

  // Output: how much of client.out, as it goes on the wire, has been sent.
  size_t sent = 0;
  size_t unsent() const { return client.out.size() - sent; }
  // What client-output-buffer-limit is about: of a busy client its letters, and what was unsent
  // before.
  size_t waiting_output() const {
    return turn == Turn::kBusy ? client.output_bytes.load(std::memory_order_relaxed) : unsent();
  }
  HeldOutput held;  // what of it must not be sent yet
  size_t sendable() const {
    const size_t free = held.free(client.out.size());
    return free > sent ? free - sent : 0;
  }
  bool output_blocked = false;  // the socket takes no more until epoll says so
  // While the server stops: bytes in the socket that the other side has not taken, and since when.
  int queued = -1;
  int64_t queued_since_ms = 0;
  // Unsent output from which nothing more is read or executed, until it went out or may wait.
  static constexpr size_t kPauseBytes = 1024 * 1024;
  size_t pause_at = kPauseBytes;
  bool paused = false;

  Turn turn = Turn::kReady;
  Ending ending = Ending::kNone;
  bool killed = false;  // told to go by others: gets what its socket takes, and is not waited for
  Engine::Outcome finished =
      Engine::Outcome::kDone;  // of a busy command, from the thread that ran it
  std::unique_ptr<BusyState> busy;

  // In which of the loop's lists it stands.
  bool in_batch = false, in_outbox = false, in_endings = false, in_held = false;
  // What epoll watches for: of one that is served in full kInput, once for each change.
  static constexpr uint32_t kInput = EPOLLIN | EPOLLRDHUP | EPOLLET;
  uint32_t interest = 0;
  bool readable = false;           // its socket may hold input of which epoll tells no more
  bool hung_up = false;            // the other side has ended, behind what it has sent
  bool broken = false;             // in both directions
  int64_t deadline_ms = 0;         // of a parked command, Unix time; 0: none
  int64_t received_ms = 0;         // when it last sent something, Unix time
  int64_t over_soft_since_ms = 0;  // its output has been over the soft limit since; 0: it is not

  // Whether input is taken from its socket: not before what came earlier has been looked at.
  bool receives() const {
    return !in_batch && turn != Turn::kBusy && ending == Ending::kNone && (!paused || broken);
  }
  // When something was last received from it or sent to it.
  int64_t active_ms() const {
    return std::max(received_ms, client.last_sent_ms.load(std::memory_order_relaxed));
  }
  // Whether it is the server's turn, or that of others: such a client is not idle.
  bool waits() const {
    return turn != Turn::kReady || in_batch || in_held || client.subscriptions.any() ||
           client.monitor.load(std::memory_order_relaxed);
  }
  bool runnable() const { return turn == Turn::kReady && ending == Ending::kNone && !paused; }
};

}  // namespace larder
