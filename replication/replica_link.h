// ReplicaLink: one replica of this server: its socket, how far it is, and what is on its way to it.
// Belongs to the thread of Primary; while a full sync sends it the snapshot (kSnapshot) the socket
// belongs to that. What is atomic is read by any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "protocol/request_parser.h"
#include "replication/log/replication_log.h"
#include "replication/replica_facts.h"
#include "server/base/socket.h"
#include "server/engine/client.h"
#include "server/engine/hand_over.h"
#include "server/engine/stats.h"

namespace larder {

// What a replica asked for.
struct SyncRequest {
  bool psync = true;          // SYNC otherwise: neither ids nor +FULLRESYNC
  std::string history = "?";  // the one it has
  uint64_t next_byte = 0;     // the first byte it has not, counted from 1
};

struct ReplicaLink {
  enum class State : uint8_t {
    kWaiting,       // for a snapshot to begin
    kSnapshot,      // is being sent one
    kLoading,       // has been sent it; no stream before its first ACK
    kOnline,        // gets the stream
    kSnapshotOnly,  // has been sent all it wanted; until it goes
  };

  // `all_drops` counts Primary::DropReplicas; `sent_bytes` what all links have sent, under the lock
  // that Flush is called under.
  ReplicaLink(HandedOver handed, const std::atomic<uint64_t>& all_drops, Tally& sent_bytes,
              Mailbox* home);

  // Whether it may still be used: not closed by the other side, by a limit or by CLIENT KILL.
  bool open() const { return socket.open() && !failed; }
  // Whether it was told to go, by CLIENT KILL or with all that were there.
  bool outdated() const { return drops_ != all_drops_.load() || client.close_after_reply.load(); }
  // Sends what it can; nothing where it is outdated. False: the connection is broken.
  bool Flush();
  // Bytes that were taken for it and not sent yet, and those still in the log.
  size_t waiting_bytes() const;
  std::string ip() const;

  Client client;  // as CLIENT LIST shows it
  Socket socket;
  const ReplicaFacts facts;
  SyncRequest request;
  std::atomic<State> state{State::kWaiting};
  State after_snapshot = State::kOnline;
  std::atomic<bool> gets_file{false};  // in kSnapshot: the file is written, and on its way
  std::atomic<bool> failed{false};     // is to be dropped
  bool blocked = false;                // the socket takes no more until epoll says so
  bool watched_for_room = false;       // epoll was asked to
  std::string head;                    // goes out before the stream
  std::unique_ptr<LogReader> reader;
  std::string input;
  RequestParser parser;
  std::atomic<uint64_t> acknowledged{0};    // offset
  std::atomic<uint64_t> on_disk{0};         // the same for what its disk has
  std::atomic<int64_t> acknowledged_ms{0};  // when it last sent anything, on the monotonic clock
  int64_t since_ms = 0;                     // when it came
  int64_t over_soft_since_ms = 0;           // over the soft limit of its output; 0: it is not

 private:
  void Drop(size_t bytes);

  const std::atomic<uint64_t>& all_drops_;
  Tally& sent_bytes_;
  const uint64_t drops_;  // how many there were when it came

  std::vector<ReplicationLog::Piece> pieces_;  // taken from the log, not sent yet
  size_t sent_ = 0;                            // of `head` and the pieces
};

// As INFO names it.
std::string_view StateText(ReplicaLink::State state, bool gets_file);

}  // namespace larder
