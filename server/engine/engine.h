// Engine: the server without its sockets: keyspace, command table, gate, clients, and the way of a
// request from its words to its reply. Everything a room above needs is reached through it; there
// are no globals, so several engines live in one process.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "replication/log/replication_log.h"
#include "server/acl/acl_log.h"
#include "server/acl/users.h"
#include "server/base/clock.h"
#include "server/config/config.h"
#include "server/engine/average_ttl.h"
#include "server/engine/client.h"
#include "server/engine/client_memory.h"
#include "server/engine/client_registry.h"
#include "server/engine/command_table.h"
#include "server/engine/context.h"
#include "server/engine/eviction.h"
#include "server/engine/gate.h"
#include "server/engine/latency_monitor.h"
#include "server/engine/local_expiries.h"
#include "server/engine/monitor.h"
#include "server/engine/pause.h"
#include "server/engine/rates.h"
#include "server/engine/reply_hold.h"
#include "server/engine/slowlog.h"
#include "server/engine/stats.h"
#include "server/engine/stopping.h"
#include "server/engine/tracking.h"
#include "server/engine/worker.h"
#include "server/pubsub/prefixes.h"
#include "server/pubsub/topics.h"
#include "server/store/keyspace.h"

namespace larder {

struct Attempt;         // server/engine/refusals.h
class PersistenceHost;  // server/engine/persistence_host.h
class ReplicationHost;  // server/engine/replication_host.h
class ScriptHost;       // server/engine/script_host.h: what the rooms above offer the dispatcher

inline constexpr uint32_t kTrackingInterest = 1u << 31;  // of Engine::interest

class Engine {
 public:
  Engine(Config& configuration, CommandTable table);
  Engine(Config& configuration, std::span<const std::span<const Command>> rows)
      : Engine(configuration, CommandTable(rows)) {}
  ~Engine();

  // What became of a request.
  enum class Outcome : uint8_t {
    kDone,        // answered (or CLIENT REPLY OFF)
    kParked,      // waits for a key or a pause; a kReply letter will come, until then no further
                  // request
    kGateClosed,  // not run: the gate is closed; offer it again after a kGateOpen letter, or every
                  // few ms, since it is answered -BUSY once busy-reply-threshold is over
    kPaused,      // not run: a pause holds it; offer it again after a kPauseEnd letter, or at
                  // Pause::RetryMs
    kClose,       // answered; send what is in the output, then close
  };
  // Runs one request of a client. REQUIRES: this thread executes for the client; no lock is held.
  // The worker is inside the gate, or has been turned away by it. After this call ask
  // worker.TakeAdopted(): true means the loop belongs to another thread now.
  Outcome Execute(Worker& worker, Client& client, Args args) {
    return Execute(worker, client, commands.Resolve(args), args);
  }
  // The same for who has resolved the command already (null: the words name none).
  Outcome Execute(Worker& worker, Client& client, const Command* command, Args args);

  // Appends the keys among the words with their hashes; none where a count is wrong.
  void HashKeys(const Command& command, Args args, std::vector<HashedKey>& hashed);

  // True for a command that runs under the lock of one key's shard, and never closes the gate.
  static bool TakesOneLock(const Command* command) {
    return command != nullptr && (command->flags & (kOneKey | kExclusive)) == kOneKey &&
           command->exclusive == nullptr;
  }

  // Touch the caches for the key of a request that will be executed soon: first the table's slot,
  // whose call returns the key's hash (0: there is no key), then the entry. Inside the gate only.
  uint64_t PrefetchSlot(const Client& client, Args args) const;
  void PrefetchEntry(const Client& client, uint64_t hash) const;

  // Runs a command for a script, for EXEC or for a woken client, with locks that cover it. The
  // reply goes to `reply`, the keys that waiters may want to `ready`. True: the command wants to
  // park.
  bool Run(Worker& worker, Client& client, const Command& command, Args args, KeyLock& lock,
           Reply& reply, ReadyKeys& ready);

  // Appends to the log what has been changed since the last call: by commands of a client, which
  // WAIT then knows, as one piece, a transaction if it is more than one effect. REQUIRES: the locks
  // under which it was changed are still held.
  void Commit(Worker& worker, Client& client, const Command& command);
  // The same where each effect is by itself (keys that have expired, or are evicted).
  void CommitApart(Worker& worker) { Append(worker, false); }
  // At the end of a worker's batch, before its replies are sent: tells what it has changed, and
  // writes its late lines. REQUIRES: no lock is held.
  void Settle(Worker& worker) {
    if (interest.load(std::memory_order_relaxed) & kTrackingInterest) [[unlikely]]
      SettleTracking(*this, worker);
    worker.WriteLateLines();
  }

  // Whether keys whose time is over are removed here. Not on a replica, whose primary does that,
  // nor during a pause, when what replicas are sent must stand still.
  bool RemovesExpired(int64_t now_ms) const {
    return !replica.load(std::memory_order_relaxed) && !pause.active(now_ms);
  }

  // Whether a loop is behind with its letters: who would send more to other clients waits.
  bool AnyMailboxFull() const {
    return std::any_of(mailboxes.begin(), mailboxes.end(), [](auto* box) { return box->full(); });
  }
  // What loops were told and have not delivered yet.
  size_t MailBytes() const;

  // Takes a kReply letter for a parked client, which goes on with its next request.
  void Resume(Client& client, Letter& letter);
  // The connection is gone: leaves queues, forgets watches and monitor. False: it can't be done now
  // (a waker has claimed the client and still writes to it, or the gate is closed); call again a
  // little later.
  bool Forget(Worker& worker, Client& client);
  // The time of a parked client is over: takes it out of its queues and appends its time-out reply.
  // False: as above; call again a little later, unless its kReply letter comes.
  bool TimeOut(Worker& worker, Client& client);

  // Lets a client that waits for keys go on, with its time-out reply or with -UNBLOCKED. False:
  // there is no such client, or it does not wait. No lock is held; the worker is inside the gate.
  bool Unblock(uint64_t id, bool with_error);

  Config& config;
  const CommandTable commands;
  Keyspace keyspace;
  Gate gate;
  ReplicationLog log;
  ReplyHold reply_hold;
  Pause pause;
  Stopping stopping{*this};
  LocalExpiries local_expiries;
  Eviction eviction{*this};
  ClientMemory client_memory;
  Stats stats;
  Rates rates;
  AverageTtl average_ttl;
  ClientRegistry clients;
  PubSub pubsub;
  Topics tracked_keys;  // by client-side caching: clients that may hold a key
  Prefixes prefixes;    // and the prefixes of keys that clients want to hear of
  Monitors monitors;
  Slowlog slowlog;
  LatencyMonitor latency;
  // Something kept clients waiting for so long: for LATENCY, where its threshold is passed.
  void NoteDelay(std::string_view event, int64_t us) {
    const int64_t threshold_ms = config.settings().latency_monitor_threshold_ms;
    if (threshold_ms > 0 && us >= threshold_ms * 1000) [[unlikely]]
      latency.Add(event, us / 1000);
  }
  // The same, since a moment on the monotonic clock, which is read only where a threshold is set.
  void NoteDelaySince(std::string_view event, int64_t begin_us) {
    if (config.settings().latency_monitor_threshold_ms > 0) [[unlikely]]
      NoteDelay(event, MonotonicUs() - begin_us);
  }
  Users users;
  AclLog acl_log;

  // Set once, before threads start.
  ScriptHost* scripts = nullptr;
  PersistenceHost* persistence = nullptr;
  ReplicationHost* replication = nullptr;
  std::vector<Mailbox*> mailboxes;  // of the loops
  // Asks the thread that owns the server to stop it, as SHUTDOWN's words say.
  std::function<void(std::string words)> request_shutdown;
  // The line of CLIENT LIST for a client.
  std::function<std::string(const Client&, int64_t now_ms)> describe_client;
  std::string run_id;  // 40 hexadecimal digits
  int64_t started_ms = 0;
  std::string config_file, executable;
  int io_threads = 1;

  std::atomic<int> port{0};                   // that clients connect to; 0: no TCP
  std::atomic<bool> active_expire{true};      // DEBUG SET-ACTIVE-EXPIRE
  std::atomic<bool> any_checksum{false};      // DEBUG SET-SKIP-CHECKSUM-VALIDATION, for RESTORE
  std::atomic<bool> scripts_may_more{false};  // DEBUG SET-DISABLE-DENY-SCRIPTS
  // DEBUG PAUSE-CRON and SLEEP: replicas get no sign of life, and a shutdown does not go on.
  std::atomic<bool> timers_paused{false};
  // This server follows a primary: it expires and evicts nothing by itself, and only the primary
  // writes. Changes behind the closed gate.
  std::atomic<bool> replica{false};
  std::atomic<int> parked_clients{0};
  std::atomic<uint64_t> last_ticket{0};  // of the waiters, see Parking
  std::atomic<int> tracking_clients{0};
  // Not 0 where somebody may want to hear of changed keys: NotifyClass bits that are published, and
  // kTrackingInterest once a client has tracked keys.
  std::atomic<uint32_t> interest{0};

 private:
  void PublishInterest();
  // Returns the offset behind what was appended, 0 where there was nothing.
  uint64_t Append(Worker& worker, bool as_transaction) {
    if (worker.effects.empty()) [[likely]]
      return 0;
    const uint64_t offset = log.AppendBlock(worker.effects, as_transaction);
    worker.effects.Clear();
    return offset;
  }
  // Inline: steps of Execute and Run, each with one caller, in dispatch.cc.
  [[gnu::always_inline]] inline Outcome RunWithLocks(const Attempt& attempt, Reply& reply);
  Outcome RunAlone(const Attempt& attempt, Reply& reply, ReadyKeys& ready);
  [[gnu::always_inline]] inline bool LockKeys(Worker& worker, const Client& client,
                                              const Command& command, Args args, KeyLock& lock);
  [[gnu::always_inline]] inline void CountCall(Worker& worker, Client& client,
                                               const Command& command, Args args, uint64_t cycles,
                                               Reply& reply, uint32_t errors_before);
  void LogSlow(Client& client, const Command& command, Args args, int64_t duration_us);
};

}  // namespace larder
