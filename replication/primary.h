// Primary: serves this server's replicas, also when it is a replica itself. A thread of its own
// owns their sockets: it answers PSYNC with the rest of the stream or has a full sync made, sends
// what the log gets, reads acknowledgements, and closes who is silent or too slow.
//
// A few bytes of news are sent by the thread that made them, between its commands and their
// replies: that costs less than waking this one, and what a client has been answered is in the
// replicas' sockets, even where this process is killed the next moment.
//
// What the state of replicas is asked for (INFO, ROLE, WAIT) is called by any thread. One thread
// calls Start and Stop.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "replication/ack_waits.h"
#include "replication/full_sync.h"
#include "replication/history.h"
#include "replication/replica_link.h"
#include "server/base/mutex.h"
#include "server/engine/engine.h"
#include "server/engine/mailbox.h"

namespace larder {

class Primary final : public Mailbox {
 public:
  // Counts what it does in `stats`, those of its own thread.
  Primary(Engine& engine, WorkerStats& stats, History& history, Persistence& persistence);
  ~Primary() override;  // stops

  void Start();
  void Stop();

  // ---- Any thread -------------------------------------------------------------------------------
  // A connection that asked for the stream.
  void Adopt(HandedOver handed, SyncRequest request);
  // Closes all replicas there are, which then ask for what has become of the history.
  void DropReplicas();

  struct ReplicaState {
    std::string ip;
    int port;
    ReplicaLink::State state;
    bool gets_file;
    uint64_t acknowledged;
    int64_t lag_s;  // since the last acknowledgement
  };
  std::vector<ReplicaState> replicas() const;
  size_t replica_count() const { return replica_count_.load(std::memory_order_relaxed); }
  bool last_full_sync_ok() const { return full_sync_.last_ok(); }
  // Replicas whose last acknowledgement is at most min-replicas-max-lag old.
  int good_replicas() const { return good_replicas_.load(std::memory_order_relaxed); }
  // Who has acknowledged everything before `offset`, or has it on disk.
  AckWaits::Tally Acknowledged(uint64_t offset, bool on_disk) const;
  // WAIT and WAITAOF: parks the client of the context, or answers at once.
  void Wait(Context& c, const AckWaits::Goal& goal, int64_t timeout_ms);
  // This server's disk has got more: clients may have waited for that.
  void NoteSynced();
  // Asks all replicas to acknowledge what they have; Once: unless they were asked at this offset.
  void AskForAcks();
  void AskForAcksOnce();
  // Called by the thread in every tick, after acknowledgements and after RoundSoon; true: there is
  // something under way that must be looked after ten times a second. Before Start.
  void OnRound(std::function<bool(int64_t now_ms)> round) { on_round_ = std::move(round); }
  // Something has happened that a round may have waited for.
  void RoundSoon();
  size_t buffered_bytes() const { return buffered_bytes_.load(std::memory_order_relaxed); }

 private:
  using Links = std::map<uint64_t, std::unique_ptr<ReplicaLink>>;

  void Wake() override;
  void Run();
  void HandleEvents(const epoll_event* events, int count);
  void TakeArrivals();
  void ReadLetters();
  // ---- One replica ------------------------------------------------------------------------------
  bool Continue(ReplicaLink& link);
  void Receive(ReplicaLink& link);
  void Read(ReplicaLink& link);
  void Obey(ReplicaLink& link, Args words);
  void NoteCommand(ReplicaLink& link, std::string_view name);
  void DropTalker(ReplicaLink& link, Args words);
  void Feed();
  // The log's callback. Any thread, which waits half a millisecond at the most, and for nobody
  // where there are several loops.
  void TakeNews();
  bool FeedShortNews();
  void Watch(ReplicaLink& link);
  bool TooSlow(ReplicaLink& link, int64_t now_ms) const;
  void Drop(ReplicaLink& link, std::string_view why);
  void RemoveFailed();
  // ---- Ten times a second; once while there is neither a replica nor a primary ------------------
  int TickMs() const;
  void Tick(int64_t now_ms);
  void Ping(int64_t now_ms);
  void StartFullSync(int64_t now_ms);
  void JoinFullSync(const std::vector<ReplicaLink*>& waiting);
  void AwaitSnapshot(ReplicaLink& link, bool to_file);
  void FinishFullSync();
  void Leave(ReplicaLink& link);
  void KeepBacklog(int64_t now_ms);
  void CountReplicas(int64_t now_ms);

  Engine& engine_;
  WorkerStats& stats_;
  History& history_;
  FullSync full_sync_;
  std::function<bool(int64_t)> on_round_;
  AckWaits waits_;
  Socket epoll_, wake_;
  int64_t tick_ms_ = 0, ping_ms_ = 0, newline_ms_ = 0;  // when last, on the monotonic clock
  int64_t alone_since_ms_ = 0;  // since when there has been no replica; 0: there is one
  bool acknowledged_ = false;   // somebody has, since the last look
  bool under_way_ = false;      // what on_round_ said

  // Held by the thread except while it waits for events, and by who sends in its place: links and
  // their sockets belong to the holder.
  Mutex round_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  mutable Mutex mutex_;
  Links links_;  // changed by the thread alone, under both mutexes; read under one of them
  std::vector<std::unique_ptr<ReplicaLink>> arrivals_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> woken_{false}, stopping_{false};
  std::atomic<uint64_t> drops_{0};      // how often all replicas were told to go
  std::atomic<bool> synced_{false};     // NoteSynced was called, since the last look
  std::atomic<bool> round_due_{false};  // RoundSoon, the same
  std::atomic<size_t> replica_count_{0}, buffered_bytes_{0};
  std::atomic<int> good_replicas_{0};
  std::atomic<uint64_t> asked_at_{0};    // where the last REPLCONF GETACK stands in the log
  std::atomic<int64_t> asked_ms_{0};     // and when it was written
  std::atomic<bool> all_prompt_{false};  // what replicas there are acknowledge without being asked
  std::thread thread_;
};

}  // namespace larder
