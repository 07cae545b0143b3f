#include "replication/replica.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "server/base/check.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/store/heap_counters.h"

namespace larder {
namespace {

// Between the beginnings of two attempts to reach the primary: so a link that has lasted is taken
// up again at once, before the primary's backlog has forgotten where it broke.
constexpr int64_t kRetryMs = 1000;
// The same where the primary's answer came and then the link broke: soon, as in Redis.
constexpr int64_t kBrokenRetryMs = 100;
// For how long one who asks for our role waits for what the stream brings, in all and for the next
// bytes: a machine that was just resumed has much to do.
constexpr int64_t kMostCatchUpMs = 1000, kMostStillMs = 100;

}  // namespace

Replica::Replica(Engine& engine, History& history, Persistence& persistence, Primary& primary)
    : engine_(engine),
      history_(history),
      persistence_(persistence),
      primary_(primary),
      worker_(engine.gate, engine.stats.AddWorker()),
      replacement_slots_(engine.gate),
      mailbox_(interrupter_) {}

Replica::~Replica() { Stop(); }

void Replica::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Replica::Stop() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    generation_.fetch_add(1);
  }
  stop_loading_.store(true);
  interrupter_.Interrupt();
  changed_.NotifyAll();
  thread_.join();
}

void Replica::Follow(Target target) {
  {
    MutexLock lock(mutex_);
    target_ = std::move(target);
    target_.generation = generation_.fetch_add(1) + 1;
    // What the thread is still at is not what is asked about from now on.
    ChangeState(State::kConnect);
    if (target_.host.empty()) down_since_ms_.store(0, std::memory_order_relaxed);
  }
  stop_loading_.store(true);
  interrupter_.Interrupt();
  changed_.NotifyAll();
}

void Replica::CatchUp(uint64_t offset) const {
  const int64_t begin_ms = MonotonicMs();
  int64_t moved_ms = begin_ms;
  for (uint64_t reached = 0; state() == State::kConnected;) {
    const uint64_t now_at = engine_.log.offset();
    if (now_at >= offset) return;
    const int64_t now_ms = MonotonicMs();
    if (now_at != reached) moved_ms = now_ms;
    reached = now_at;
    if (now_ms - begin_ms > kMostCatchUpMs || now_ms - moved_ms > kMostStillMs) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Replica::Target Replica::target() const {
  MutexLock lock(mutex_);
  return target_;
}

Replica::Progress Replica::progress() const {
  Progress progress;
  const int64_t now_ms = MonotonicMs();
  const bool up = state() == State::kConnected;
  progress.syncing = state() == State::kSync;
  if (up || progress.syncing) {
    progress.last_io_s = (now_ms - progress_.last_io_ms.load(std::memory_order_relaxed)) / 1000;
  }
  const int64_t down_since_ms = down_since_ms_.load(std::memory_order_relaxed);
  if (!up && down_since_ms != 0) progress.down_since_s = (now_ms - down_since_ms) / 1000;
  progress.unapplied_bytes = unapplied_bytes_.load(std::memory_order_relaxed);
  progress.sync_bytes = progress_.bytes.load(std::memory_order_relaxed);
  progress.sync_total_bytes = progress_.total_bytes.load(std::memory_order_relaxed);
  return progress;
}

void Replica::SetState(const Target& target, State state) {
  MutexLock lock(mutex_);
  if (target.generation == target_.generation) ChangeState(state);
}

void Replica::ChangeState(State state) {
  const State before = state_.exchange(state, std::memory_order_relaxed);
  if (state == before) return;
  if (before == State::kConnected) {
    down_since_ms_.store(MonotonicMs(), std::memory_order_relaxed);
  }
  primary_.RoundSoon();  // a failover ends when the other one has agreed, or refused
}

bool Replica::HasWork() const {
  return !target_.host.empty() && target_.take_over != TakeOver::kRefused;
}

void Replica::Run() {
  for (;;) {
    Target target;
    {
      MutexLock lock(mutex_);
      while (!stopping_ && !HasWork()) changed_.Wait(mutex_);
      if (stopping_) return;
      target = target_;
    }
    CountThisThread();  // not before: it takes a cache of its own
    // Whoever interrupts has changed the generation before.
    interrupter_.Reset();
    if (!Wanted(target)) continue;
    const int64_t begun_ms = MonotonicMs();
    const bool broke = FollowOnce(target);
    SetState(target, State::kConnect);
    const int64_t early_ms = begun_ms + (broke ? kBrokenRetryMs : kRetryMs) - MonotonicMs();
    if (Wanted(target) && early_ms > 0) interrupter_.Sleep(early_ms);
  }
}

// One link, from its beginning to its end. True: it broke after the primary had answered.
bool Replica::FollowOnce(const Target& target) {
  PrimaryWire wire(interrupter_, worker_.stats.repl_input_bytes);
  SetState(target, State::kConnecting);
  Log(LogLevel::kNotice, "Connecting to MASTER ", target.host, ":", target.port);
  SyncReply answer;
  if (!wire.Connect(target.host, target.port, engine_.config.Text("bind-source-addr"),
                    timeout_ms())) {
    Log(LogLevel::kWarning, "Error condition on socket for SYNC: ", wire.error());
    return false;
  }
  SetState(target, State::kHandshake);
  Log(LogLevel::kNotice, "MASTER <-> REPLICA sync started");
  if (!Handshake(wire) || !AskForStream(wire, target, &answer)) {
    if (!wire.error().empty()) {
      Log(LogLevel::kWarning,
          wire.timed_out() ? "Timeout connecting to the MASTER... "
                           : "The handshake with the primary failed: ",
          wire.error());
    }
    return false;
  }
  if (answer.kind == SyncReply::Kind::kLater) return false;
  if (target.take_over == TakeOver::kAsked) NoteTakeOver(target, TakeOver::kAgreed);
  NewClient(wire);
  if (answer.kind == SyncReply::Kind::kContinue) {
    if (Continue(target, answer)) Stream(wire, target);
  } else {
    progress_.last_io_ms.store(wire.last_io_ms(), std::memory_order_relaxed);
    SetState(target, State::kSync);
    if (TakeSnapshot(wire, target, answer)) Stream(wire, target);
  }
  RetireClient();
  return !wire.error().empty() && !wire.timed_out();
}

void Replica::NoteTakeOver(const Target& target, TakeOver answer) {
  MutexLock lock(mutex_);
  if (Wanted(target)) target_.take_over = answer;
}

// The client that the stream's commands run for.
void Replica::NewClient(const PrimaryWire& wire) {
  client_ = std::make_unique<Client>(engine_.clients.NewId(), &mailbox_);
  client_->link = Client::Link::kPrimary;
  client_->address = wire.address();
  client_->local_address = wire.local_address();
  client_->fd = wire.fd();
  client_->connected_ms = WallMs();
  client_->last_command_ms = client_->connected_ms;
  for (Letter* letter = mailbox_.TakeAll(); letter != nullptr;) {
    delete std::exchange(letter, letter->next);  // to the link before
  }
  parser_ = RequestParser();
  block_.ClearKeeping(kKeptBlockBytes);
  engine_.clients.Add(*client_);
}

// As a loop does with each that goes. What it has said holds no longer: a transaction without its
// end will be sent again.
void Replica::RetireClient() {
  engine_.gate.EnterWaiting(worker_.gate_slot);
  CHECK(engine_.Forget(worker_, *client_));  // it never parks
  engine_.gate.Leave(worker_.gate_slot);
  engine_.clients.Remove(*client_);
}

}  // namespace larder
