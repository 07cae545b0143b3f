// Replica: follows a primary. A thread of its own connects, shakes hands, loads the snapshot of a
// full sync, and then runs what the stream says through the engine and appends it to the log, byte
// for byte, so that offsets are the primary's and replicas of this server get the same. When the
// link breaks it asks for the rest of the stream, again and again.
//
// Follow is called with the gate closed; the state by any thread; Start and Stop by the thread that
// owns the server.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "protocol/byte_buffer.h"
#include "replication/arriving_snapshot.h"
#include "replication/history.h"
#include "replication/primary.h"
#include "replication/primary_wire.h"
#include "replication/sync_reply.h"
#include "server/base/mutex.h"
#include "server/engine/engine.h"
#include "server/engine/mailbox.h"
#include "server/engine/worker.h"
#include "server/persistence/persistence.h"
#include "server/persistence/replacement.h"

namespace larder {

// Of the primary's client; the only letter that it can get, CLIENT KILL's, ends the link.
class LinkMailbox final : public Mailbox {
 public:
  explicit LinkMailbox(Interrupter& interrupter) : interrupter_(interrupter) {}

 private:
  void Wake() override { interrupter_.Interrupt(); }
  Interrupter& interrupter_;
};

class Replica {
 public:
  // As ROLE names them.
  enum class State : uint8_t { kConnect, kConnecting, kHandshake, kSync, kConnected };

  Replica(Engine& engine, History& history, Persistence& persistence, Primary& primary);
  ~Replica();  // stops

  void Start();
  void Stop();

  // Whether the other one is to become primary first (FAILOVER). He is asked until he answers, and
  // his answer stands: after a no he is left alone until somebody decides what to do, since a yes
  // to a second question would make two primaries.
  enum class TakeOver : uint8_t { kNone, kAsked, kAgreed, kRefused };
  struct Target {
    std::string host;  // empty: none
    int port = 0;
    TakeOver take_over = TakeOver::kNone;
    uint64_t generation = 0;  // of Follow: what belongs to an older one is dropped
  };
  // Ends the present link, if there is one, and follows another primary or none.
  void Follow(Target target);
  Target target() const;
  // Waits, outside the gate, until the running link has brought the stream up to `offset`: for a
  // second at most, and only as long as it brings something.
  void CatchUp(uint64_t offset) const;
  State state() const { return state_.load(std::memory_order_relaxed); }
  // Whether the stream that runs is still wanted. Only for its own thread.
  bool follows_on() const { return stream_generation_ == generation_.load(); }

  struct Progress {
    int64_t last_io_s = -1;        // since the primary sent something; -1: there is no link
    int64_t down_since_s = -1;     // since the link went down; -1: it is up, or never came up
    int64_t sync_bytes = 0;        // of the snapshot received so far
    int64_t sync_total_bytes = 0;  // 0: not known
    uint64_t unapplied_bytes = 0;  // of the stream, that CLIENT PAUSE holds
    bool syncing = false;
  };
  Progress progress() const;

 private:
  void Run();
  bool FollowOnce(const Target& target);
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteTakeOver(const Target& target, TakeOver answer) ABSL_LOCKS_EXCLUDED(mutex_);
  void NewClient(const PrimaryWire& wire);
  void RetireClient();
  bool Wanted(const Target& target) const { return target.generation == generation_.load(); }
  // ---- The handshake (replica_handshake.cc) -----------------------------------------------------
  bool Handshake(PrimaryWire& wire);
  bool Ask(PrimaryWire& wire, std::initializer_list<std::string_view> words, std::string* reply);
  bool Authenticate(PrimaryWire& wire);
  bool Introduce(PrimaryWire& wire);
  bool AskForStream(PrimaryWire& wire, const Target& target, SyncReply* answer);
  // ---- A full sync (replica_load.cc) ------------------------------------------------------------
  struct Extras;
  enum class Loaded : uint8_t { kYes, kNo, kNotPossible };
  bool TakeSnapshot(PrimaryWire& wire, const Target& target, const SyncReply& answer);
  void Keep(HiddenFile& file);
  bool Load(ArrivingSnapshot& snapshot, PrimaryWire& wire, const Target& target,
            const SyncReply& answer);
  Loaded LoadBeside(ArrivingSnapshot& snapshot, PrimaryWire& wire, const Target& target,
                    const SyncReply& answer);
  Loaded Swap(Replacement& replacement, const Extras& extras, uint64_t changes,
              const Target& target, const SyncReply& answer, ReadyKeys* ready);
  bool LoadAfterFlush(ArrivingSnapshot& snapshot, PrimaryWire& wire, const Target& target,
                      const SyncReply& answer);
  bool FlushAndLoad(ArrivingSnapshot& snapshot, PrimaryWire& wire, const Target& target,
                    const SyncReply& answer, ReadyKeys* ready);
  void Flush();
  void ServeWaiters(ReadyKeys ready);
  // ---- The stream (replica_stream.cc) -----------------------------------------------------------
  bool Continue(const Target& target, const SyncReply& answer);
  void Stream(PrimaryWire& wire, const Target& target);
  bool Apply(PrimaryWire& wire, const Target& target);
  bool ParseAhead(std::string_view input, bool* more);
  bool ApplyAhead(PrimaryWire& wire);
  void Execute(const Command* command, Args words);
  void LogUpTo(std::string_view* unlogged);
  bool ApplyOne(PrimaryWire& wire, const Command* command, Args words, std::string_view bytes);
  bool HasDatabase(int64_t db) const;
  bool Acknowledge(PrimaryWire& wire);

  // From when on it follows a primary a replica keeps what it may be asked for after a promotion.
  void BeginBacklog() {
    const int64_t bytes = engine_.config.settings().repl_backlog_bytes;
    engine_.log.SetWindow(static_cast<size_t>(bytes));
  }
  int64_t timeout_ms() const { return engine_.config.settings().repl_timeout_s * 1000; }
  // Unless there is another target by now.
  void SetState(const Target& target, State state) ABSL_LOCKS_EXCLUDED(mutex_);
  void ChangeState(State state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Engine& engine_;
  History& history_;
  Persistence& persistence_;
  Primary& primary_;
  Worker worker_;
  ReplacementSlots replacement_slots_;
  std::atomic<bool> stop_loading_{false};  // beside the data that are served
  Interrupter interrupter_;
  LinkMailbox mailbox_;
  // The client that the stream's commands run for; a new one for each link.
  std::unique_ptr<Client> client_;
  uint64_t file_number_ = 0;  // of the data set that was loaded last (Persistence::NumberFile)
  int stream_db_ = 0;
  uint64_t stream_generation_ = 0;  // of the target whose stream runs
  uint64_t acknowledged_ = 0;       // the offset that was told last
  int64_t prompt_until_ms_ = 0;     // until then each batch is acknowledged at once
  ByteBuffer block_;                // bytes of a transaction that is not whole yet
  static constexpr size_t kKeptBlockBytes = 1024 * 1024;  // of its memory, between two
  RequestParser parser_;
  // Commands that were parsed and run in one passage through the gate: enough to fetch their keys
  // at the same time, few enough for who wants to close it.
  struct Ahead {
    std::vector<std::string_view> words;
    std::string_view bytes;
    uint64_t key_hash = 0;
    bool is_request = false;
  };
  std::array<Ahead, 64> ahead_;
  size_t ahead_count_ = 0;

  std::atomic<uint64_t> generation_{0};
  std::atomic<State> state_{State::kConnect};
  std::atomic<int64_t> down_since_ms_{0};     // 0: not since there is a primary
  ArrivingSnapshot::Progress progress_;       // last_io_ms: of the stream too
  std::atomic<uint64_t> unapplied_bytes_{0};  // received while CLIENT PAUSE holds the stream
  mutable Mutex mutex_;
  CondVar changed_;
  Target target_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace larder
