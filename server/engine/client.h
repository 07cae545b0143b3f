// Client: what the server knows of one client while it is connected: its database, protocol
// version, identity, transaction, output. The connection (server/net) owns the client and its
// socket.
//
// The client belongs to the thread that runs its loop, or, while a command of it is executed by
// another thread (an adopted loop, a parked command that is woken), to that thread. What CLIENT
// LIST shows of other loops' clients is atomic; name and library are behind `label_mutex`.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/output_buffer.h"
#include "server/acl/user.h"
#include "server/base/mutex.h"
#include "server/config/settings.h"
#include "server/engine/command.h"
#include "server/engine/hand_over.h"
#include "server/engine/mailbox.h"
#include "server/pubsub/subscriptions.h"
#include "server/store/shard.h"

namespace larder {

// A transaction between MULTI and EXEC, and the keys watched for it.
struct Transaction {
  struct Queued {
    const Command* command;
    uint64_t flags;  // of the call (FlagsOf)
    std::vector<std::string> words;
  };
  // What EXEC must know of the whole queue before it runs it; noted as that grows.
  struct Needs {
    uint64_t flags_of_any = 0;
    uint64_t flags_of_all = ~uint64_t{0};
    bool closed_gate = false;      // locks will not do
    std::vector<uint64_t> hashes;  // of the keys
  };
  struct Watched {
    int db;
    std::string key;
    WatchRef watch;
  };
  bool active = false;   // between MULTI and EXEC
  bool aborted = false;  // a command was refused while queueing
  std::vector<Queued> queue;
  Needs needs;
  std::vector<Watched> watched;
  // Not watched any more, but still in their shards: they were forgotten outside the gate.
  std::vector<Watched> unwatched;
};

class Client {
 public:
  Client(uint64_t id_number, Mailbox* home_mailbox) : id(id_number), home(home_mailbox) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // What is at the other end.
  enum class Link : uint8_t {
    kClient,
    kReplica,  // gets the replication stream
    // Sends it, or is the append-only file: what it says is done, whatever the rules for clients
    // are, and keys whose time is over are there for it until it says that they go.
    kPrimary,
  };

  const uint64_t id;
  uint64_t acts_for = id;  // whose commands it runs: of the scripts' client, who called the script
  Mailbox* const home;     // of the loop; null for the scripts' own client
  OutputBuffer out;
  // Set before it is in the registry; of the scripts' client: that of who called the script.
  Link link = Link::kClient;

  std::atomic<int> db{0};
  std::atomic<int> resp{2};
  bool authenticated = true;
  // Null: the server itself, which may do everything. Written by the client's thread under
  // label_mutex, so that others can read it; SetUser of permissions.h.
  UserRef user;
  // The version of the users for which `user` is what he has become, and for which he may do
  // everything: 0, or the same number.
  uint64_t user_checked_at = 0;
  uint64_t unrestricted_at = 0;
  Transaction transaction;

  // Reply modes of CLIENT REPLY.
  enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkip };
  ReplyMode reply_mode = ReplyMode::kOn;
  Subscriptions subscriptions;
  std::atomic<bool> monitor{false};
  std::atomic<bool> no_evict{false};
  std::atomic<bool> no_touch{false};
  bool is_script = false;  // the client that scripts call commands with
  bool replicates = true;  // its commands have effects for the log (not after redis.set_repl)
  bool in_exec = false;    // its queued commands are being run
  // Its parked command is being run again by the thread that made its key ready.
  bool woken = false;
  // While parked. Written by the client's thread under label_mutex, so that others can read it.
  WaiterRef waiter;
  uint64_t written_offset = 0;  // of the log, behind the last thing this client changed
  uint64_t unsafe_offset = 0;   // the same, until its loop has seen to its replies (ReplyHold)

  // What REPLCONF said of it, and who takes its connection when it is closed (see hand_over.h).
  std::shared_ptr<ReplicaFacts> replica;
  std::function<void(HandedOver)> hand_over;

  std::atomic<bool> close_after_reply{false};  // QUIT, protocol errors, CLIENT KILL of itself
  // As CLIENT LIST shows it: parked in a queue of keys; its next command waits (CLIENT PAUSE).
  std::atomic<bool> blocked{false}, postponed{false};

  // Client-side caching (server/engine/tracking.h). Other threads look at flags and redirect.
  struct Tracking {
    enum Flag : uint32_t {
      kOn = 1u << 0,
      kBroadcast = 1u << 1,
      kOptIn = 1u << 2,
      kOptOut = 1u << 3,
      kNoLoop = 1u << 4,
      kCaching = 1u << 5,         // CLIENT CACHING was said for the next command
      kBrokenRedirect = 1u << 6,  // the client that invalidations go to has gone
    };
    bool on() const { return (flags.load(std::memory_order_relaxed) & kOn) != 0; }
    std::atomic<uint32_t> flags{0};
    std::atomic<uint64_t> redirect{0};
    std::vector<std::string> prefixes;  // ascending
  } tracking;

  // Letters may hold something for the client that belongs before the reply of its next command.
  bool expects_pushes() const {
    return subscriptions.any() || tracking.on() || monitor.load(std::memory_order_relaxed);
  }
  // Whose limit its output has (client-output-buffer-limit).
  ClientClass output_class() const {
    return subscriptions.any() ? ClientClass::kPubSub : ClientClass::kNormal;
  }

  // Shown by CLIENT LIST and INFO.
  std::string address;  // "127.0.0.1:50122" or the socket's path and ":0"; set before it runs
  std::string local_address;
  bool unix_socket = false;
  // On this machine, as far as its address tells.
  bool is_local() const {
    return unix_socket || address.starts_with("127.") || address.starts_with("[::1]");
  }
  int fd = -1;
  int64_t connected_ms = 0;  // Unix time
  std::atomic<int64_t> last_command_ms{0};
  std::atomic<int64_t> last_sent_ms{0};  // when it last took some of its output; 0: never
  std::atomic<const Command*> last_command{nullptr};
  std::atomic<uint64_t> input_bytes{0};   // waiting in the query buffer
  std::atomic<uint64_t> whole_bytes{0};   // of a large request in it, before the last word
  std::atomic<uint64_t> input_room{0};    // behind it, made for the rest of a large request
  std::atomic<uint64_t> output_bytes{0};  // waiting to be sent
  std::atomic<uint64_t> commands{0};
  std::atomic<uint64_t> queued{0};        // commands in MULTI plus one; 0: no MULTI
  std::atomic<uint64_t> queued_bytes{0};  // of their words
  std::atomic<uint64_t> watching{0};      // keys watched

  // What the client takes of the server's memory, besides what its running command needs.
  uint64_t memory_bytes() const {
    constexpr uint64_t kWatchedKeyBytes = 128;  // on both sides, with a short name
    const auto load = [](const std::atomic<uint64_t>& value) {
      return value.load(std::memory_order_relaxed);
    };
    return sizeof(Client) + load(input_bytes) + load(input_room) + load(output_bytes) +
           load(queued_bytes) + load(watching) * kWatchedKeyBytes;
  }
  // Kept by ClientMemory.
  std::atomic<int64_t> counted_bytes{0}, leaving_bytes{0};

  mutable Mutex label_mutex;
  std::string name ABSL_GUARDED_BY(label_mutex);
  std::string library_name ABSL_GUARDED_BY(label_mutex);
  std::string library_version ABSL_GUARDED_BY(label_mutex);
};

}  // namespace larder
