// Loop: serves a set of connections in batches. A batch takes all sockets that are ready, receives
// from each, parses every complete request, prefetches what they will touch, executes them inside
// the gate, and sends each connection's replies at once: one receive and one send per connection
// and wake-up. Sockets are watched edge-triggered in one private epoll set: a level would have the
// kernel look at each socket a second time. Nothing is read until it says EAGAIN: a receive that
// comes short has emptied the socket, but for the other side's end, of which epoll tells.
//
// A loop is an object, not a thread: all its state is here, and whoever calls Run goes on where the
// last one stopped, also in the middle of a batch (standby.h). One thread at a time runs it; Offer,
// Post, Nudge, GateOpened, PauseEnded, RepliesAreFree, Stop and load may be called from any.
//
// Bounds: kMostEvents connections a batch; kTurnBytes of input a connection and batch; a connection
// gets requests executed until kPauseBytes are unsent, and more once those do not go out and may
// wait (ClientMemory::HasRoom); letters put kMostBuiltBytes into outputs before these are sent;
// input waiting for its turn is bounded by client-query-buffer-limit, output by
// client-output-buffer-limit.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "server/base/mutex.h"
#include "server/engine/engine.h"
#include "server/engine/mailbox.h"
#include "server/net/acceptor.h"
#include "server/net/active_clients.h"
#include "server/net/busy_poll.h"
#include "server/net/connection.h"
#include "server/net/gathering.h"
#include "server/net/idle_wait.h"
#include "server/net/lease_pool.h"
#include "server/net/lookahead.h"
#include "server/net/spares.h"
#include "server/net/standby.h"
#include "server/net/transfers.h"

namespace larder {

class Loop final : public Mailbox {
 public:
  // Why Run returned. After kAdopted the caller must not touch the loop.
  enum class End { kStopped, kAdopted };

  // `engine` outlives the loop. `cores`: how many this process may use.
  Loop(Engine& engine, bool use_ring, int cores);
  ~Loop() override;

  // Makes this the loop that accepts. Before threads start; both outlive the loop's run.
  void Accept(Acceptor& acceptor, Listener& listener);

  End Run(NetWorker& worker);

  // ---- Any thread -------------------------------------------------------------------------------
  void Offer(Arrival arrival);  // a connection to serve; Nudge the loop if it is not your own
  size_t load() const { return load_.load(std::memory_order_relaxed); }
  void Nudge() { Wake(); }  // look around, also when asleep: a directive changed
  void GateOpened();
  void PauseEnded();
  void RepliesAreFree();
  // Ends Run; `now`: as if shutdown-timeout were 0. Once.
  void Stop(bool now);
  bool has_ring() const { return transfers_.has_ring(); }

 private:
  static constexpr size_t kMostEvents = 128;
  static constexpr size_t kTurnBytes = 256 * 1024;
  static constexpr size_t kMostPieces = 64;                   // of one send
  static constexpr size_t kMostBuiltBytes = 4 * 1024 * 1024;  // of pushes, before a send
  static constexpr uint64_t kWakeTag = 0;
  static constexpr uint64_t kListenTag = 1ull << 63;  // and the descriptor; no pointer has this bit
  static constexpr int64_t kRetryMs = 10;    // of what can't be done now: gate, waiters being woken
  static constexpr int64_t kSweepMs = 1000;  // between two looks at soft limits and what is idle
  static constexpr int64_t kDrainMs = 100;   // at a stop, for what clients have sent already
  // At a stop, for one who takes nothing: two packets lost in a row keep who reads for 600 ms.
  static constexpr int64_t kStuckMs = 1000;

  void Wake() override;

  // ---- Waiting and receiving (loop.cc) ----------------------------------------------------------
  void Collect(NetWorker& worker);
  int GatherEvents(int64_t ended_ns, const WorkerStats& stats);
  int WaitForEvents(WorkerStats& stats);
  void CountRound(int64_t ended_ns, WorkerStats& stats);
  int64_t NextTimeoutMs() const;
  void HandleEvent(const epoll_event& event, NetWorker& worker);
  void NoteReadable(Connection& c);
  bool AnyToReceive() const;
  void Receive(NetWorker& worker);
  void PrepareReception(Connection& c);
  static size_t MissingAhead(const Connection& c, size_t have);
  void TakeReceived(Connection& c, const Reception& reception, NetWorker& worker);
  void AddToBatch(Connection& c);
  void Carry(Connection& c);

  // ---- Executing (loop_execute.cc) --------------------------------------------------------------
  enum class Parsed { kNothing, kRequest, kAlone };
  bool EnterGate(NetWorker& worker);
  bool ExecuteBatch(NetWorker& worker);
  bool FillLookahead(NetWorker& worker);
  inline Parsed Parse(Connection& c, NetWorker& worker);
  inline bool ExecuteNext(NetWorker& worker);
  void AnswerMalformed(NetWorker& worker, Connection& c);
  void Conclude(Connection& c, Engine::Outcome outcome, size_t begin, size_t end);
  void FinishElsewhere(NetWorker& worker, Connection& c, Engine::Outcome outcome);
  void TakeOver();
  void CountInput(Connection& c, size_t waiting);
  void SettleBatch(NetWorker& worker);
  void Settle(Connection& c, NetWorker& worker);

  // ---- Sending (loop_send.cc) -------------------------------------------------------------------
  void Touch(Connection& c);
  void Hold(Connection& c);
  void FreeHeld();
  void LendOutput(Connection& c);
  void Send(NetWorker& worker);
  void PrepareDispatch(Connection& c);
  void TakeSent(Connection& c, ssize_t result, NetWorker& worker);
  void FinishOutput(Connection& c);
  void GoOn(Connection& c);
  void CheckOutputLimit(Connection& c, NetWorker& worker);
  void UpdateInterest(Connection& c);

  // ---- Clients: coming, letters, timers, going (loop_clients.cc) --------------------------------
  void TakeArrivals(NetWorker& worker);
  void ReadLetters(NetWorker& worker);
  void ReadPushes(NetWorker& worker);
  std::unique_ptr<Letter> NextLetter();
  void Deliver(std::unique_ptr<Letter> letter, NetWorker& worker);
  void DeliverPush(const Letter& letter, NetWorker& worker);
  void KeepLetter(Connection& c, std::unique_ptr<Letter> letter, NetWorker& worker);
  void DropPushes(Connection& c);
  void CountLetters(Connection& c, int64_t change);
  void Finished(Connection& c, NetWorker& worker);
  void OfferAgain(std::vector<uint64_t>& clients);
  void RunTimers(NetWorker& worker);
  void SetDeadline(Connection& c, int64_t deadline_ms);
  void Sweep(NetWorker& worker);
  void Close(Connection& c, Connection::Ending ending);
  void EndConnections(NetWorker& worker);
  void HandOver(Connection& c);
  void Destroy(Connection& c);
  void EvictClients(NetWorker& worker);
  Connection* Find(uint64_t id);
  void BeginStop();
  void GoOnStopping();
  bool TakesOutput(Connection& c);

  Engine& engine_;
  Socket epoll_, wake_;  // wake_: an eventfd, for letters and arrivals
  IdleWait idle_;
  BusyPoll poll_;
  ActiveClients active_;
  Gathering gathering_;
  Transfers transfers_;
  LeasePool leases_;
  Acceptor* acceptor_ = nullptr;  // null: another loop accepts

  absl::flat_hash_map<uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> batch_;     // received, being executed
  size_t next_ = 0;                    // of them, the one to parse next
  std::vector<Connection*> readable_;  // may have input in their sockets (Connection::readable)
  std::vector<Connection*> carry_;     // have input left for the next batch
  std::vector<Connection*> outbox_;    // have output to send
  std::vector<Connection*> held_;      // have output that waits for the log (ReplyHold)
  std::vector<Connection*> endings_;   // are to go
  Lookahead lookahead_;
  Connection* executing_ = nullptr;  // whose command runs: found here by whoever adopts the loop
  RequestParser::Limits limits_;

  Letter* late_ = nullptr;                    // taken from the mailbox, and not delivered yet
  std::vector<uint64_t> at_gate_, at_pause_;  // clients
  absl::btree_set<std::pair<int64_t, uint64_t>> deadlines_;  // of parked clients: Unix time, client
  int64_t now_ms_ = 0;                                       // Unix time, read once a batch
  uint64_t rounds_ = 0;
  size_t requests_ = 0;  // executed in this round
  int64_t woke_ns_ = 0;  // when the last wait ended, on the monotonic clock; 0: there was none
  int64_t busy_ns_ = 0;  // worked since then, less than what is counted
  int64_t gate_retry_ms_ = 0, pause_retry_ms_ = 0, sweep_ms_ = 0;
  size_t over_soft_limit_ = 0;  // connections whose soft limit runs
  bool lacks_room_ = false;     // a paused one could not go on; looked at again by Sweep
  bool stopping_ = false, closing_ = false;
  bool stops_now_ = false;  // written before the kStop letter is posted
  int64_t stopping_since_ms_ = 0;

  // Scratch of one round.
  epoll_event events_[kMostEvents];
  std::vector<Connection*> receiving_, sending_;
  std::vector<Reception> receptions_;
  std::vector<Dispatch> dispatches_;
  std::vector<iovec> pieces_;
  Spares<ByteBuffer> spare_outputs_;  // memory of outputs that were sent

  std::atomic<size_t> load_{0};
  std::atomic<bool> woken_{false};        // wake_ was written and the letters not yet read
  std::atomic<bool> turned_away_{false};  // the gate was closed: wants a kGateOpen letter
  std::atomic<bool> holds_{false};        // wants to be woken when replies are free
  Mutex arrivals_mutex_;
  std::vector<Arrival> arrivals_ ABSL_GUARDED_BY(arrivals_mutex_);
  std::atomic<bool> has_arrivals_{false};
};

}  // namespace larder
