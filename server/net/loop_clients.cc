// Clients of a loop: how they come, what reaches them from other threads, their timers, how they
// go.
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "server/base/check.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/engine/permissions.h"
#include "server/engine/push.h"
#include "server/engine/script_host.h"
#include "server/net/loop.h"

namespace larder {

using Ending = Connection::Ending;
using Turn = Connection::Turn;

void Loop::Offer(Arrival arrival) {
  load_.fetch_add(1, std::memory_order_relaxed);
  {
    MutexLock lock(arrivals_mutex_);
    arrivals_.push_back(std::move(arrival));
  }
  has_arrivals_.store(true, std::memory_order_release);
}

void Loop::TakeArrivals(NetWorker& worker) {
  std::vector<Arrival> arrivals;
  {
    MutexLock lock(arrivals_mutex_);
    has_arrivals_.store(false, std::memory_order_relaxed);
    arrivals.swap(arrivals_);
  }
  if (stopping_) {
    load_.fetch_sub(arrivals.size(), std::memory_order_relaxed);
    return;
  }
  for (Arrival& arrival : arrivals) {
    poll_.Connected();
    const int fd = arrival.socket.fd();
    const uint64_t id = engine_.clients.NewId();
    auto owner = std::make_unique<Connection>(id, this, std::move(arrival.socket));
    Connection& c = *owner;
    c.client.address = std::move(arrival.address);
    c.client.local_address = std::move(arrival.local_address);
    c.client.unix_socket = arrival.unix_socket;
    c.client.fd = fd;
    BecomeDefaultUser(engine_, c.client);
    c.client.connected_ms = c.received_ms = now_ms_;
    c.client.last_command_ms.store(now_ms_, std::memory_order_relaxed);
    epoll_event event = {};
    event.events = c.interest = Connection::kInput;
    event.data.ptr = &c;
    if (::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, fd, &event) != 0) {  // the kernel is out of memory
      load_.fetch_sub(1, std::memory_order_relaxed);
      continue;
    }
    connections_.emplace(id, std::move(owner));
    engine_.clients.Add(c.client);
    engine_.client_memory.Count(c.client);
    worker.stats.connections.Add(1);
    // Most clients speak at once: what they sent is there, and epoll need not be asked.
    NoteReadable(c);
  }
}

Connection* Loop::Find(uint64_t id) {
  auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

void Loop::ReadLetters(NetWorker& worker) {
  // What was taken in the middle of the batch comes first. What comes from now on waits for the
  // next batch, so that there is an end; and so does what would fill too many outputs before any
  // of them is sent.
  size_t built = 0;
  auto deliver = [&] {
    while (late_ != nullptr && built < kMostBuiltBytes) {
      std::unique_ptr<Letter> letter = NextLetter();
      if (letter->push != nullptr) built += letter->push->MemoryBytes() * letter->clients.size();
      Deliver(std::move(letter), worker);
    }
  };
  deliver();
  if (late_ != nullptr || Mailbox::empty()) return;
  late_ = TakeAll();
  deliver();
}

// In the middle of a batch, where only pushes may be delivered: all other letters can make a
// connection ready whose requests the lookahead holds already. What comes behind one of them waits
// with it.
void Loop::ReadPushes(NetWorker& worker) {
  if (late_ == nullptr) late_ = TakeAll();
  while (late_ != nullptr && late_->kind == Letter::Kind::kPush) DeliverPush(*NextLetter(), worker);
}

std::unique_ptr<Letter> Loop::NextLetter() {
  std::unique_ptr<Letter> letter(late_);
  if (letter == nullptr) return letter;
  late_ = letter->next;
  Delivered(*letter);
  return letter;
}

void Loop::Deliver(std::unique_ptr<Letter> letter, NetWorker& worker) {
  if (letter->kind == Letter::Kind::kStop) return BeginStop();
  if (letter->kind == Letter::Kind::kGateOpen) {
    if (EnterGate(worker))
      engine_.gate.Leave(worker.gate_slot);  // a closer may wait for us to pass
    return OfferAgain(at_gate_);
  }
  if (letter->kind == Letter::Kind::kPauseEnd) return OfferAgain(at_pause_);
  if (letter->kind == Letter::Kind::kPush) return DeliverPush(*letter, worker);
  Connection* c = Find(letter->client_id);
  if (c == nullptr) return;
  if (letter->kind == Letter::Kind::kFinished) return Finished(*c, worker);
  if (c->turn == Turn::kBusy && letter->kind != Letter::Kind::kClose) {
    return KeepLetter(*c, std::move(letter), worker);
  }
  switch (letter->kind) {
    case Letter::Kind::kReply:
      engine_.Resume(c->client, *letter);
      SetDeadline(*c, 0);
      c->turn = Turn::kReady;
      if (c->runnable() && !c->rest.empty()) Carry(*c);
      break;
    default:  // kClose; whoever does not read can't be waited for
      c->killed = true;
      Close(*c, c->output_blocked ? Ending::kNow : Ending::kAfterOutput);
  }
  Touch(*c);
}

void Loop::DeliverPush(const Letter& letter, NetWorker& worker) {
  for (uint64_t id : letter.clients) {
    Connection* c = Find(id);
    if (c == nullptr || c->ending != Ending::kNone) continue;  // nothing comes behind a last reply
    if (c->turn == Turn::kBusy) {
      KeepLetter(*c, PushLetter(letter.push, {id}), worker);
      continue;
    }
    LendOutput(*c);
    letter.push->Deliver(engine_, c->client);
    if (!c->client.out.empty()) Touch(*c);
  }
}

// For a client whose command another thread runs: its output is not ours to write to, so what is to
// come into it waits, and counts already.
void Loop::KeepLetter(Connection& c, std::unique_ptr<Letter> letter, NetWorker& worker) {
  CountLetters(c, static_cast<int64_t>(letter->MemoryBytes()));
  c.busy->letters.push_back(std::move(letter));
  CheckOutputLimit(c, worker);
}

// A busy client is to go, and will be told nothing more. An answer that waits is kept: with it the
// client is ours again.
void Loop::DropPushes(Connection& c) {
  std::erase_if(c.busy->letters, [&](const std::unique_ptr<Letter>& letter) {
    if (letter->kind != Letter::Kind::kPush) return false;
    CountLetters(c, -static_cast<int64_t>(letter->MemoryBytes()));
    return true;
  });
}

void Loop::CountLetters(Connection& c, int64_t change) {
  c.busy->letter_bytes += static_cast<size_t>(change);
  c.client.output_bytes.fetch_add(static_cast<uint64_t>(change), std::memory_order_relaxed);
  engine_.client_memory.Add(c.client, change);
}

// Another thread has finished the command that it was running when this loop was adopted.
void Loop::Finished(Connection& c, NetWorker& worker) {
  CHECK(c.turn == Turn::kBusy);
  CountLetters(c, -static_cast<int64_t>(c.busy->letter_bytes));
  const std::unique_ptr<BusyState> busy = std::move(c.busy);
  c.turn = Turn::kReady;
  epoll_event event = {};
  event.events = c.interest = Connection::kInput;
  event.data.ptr = &c;
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, c.socket.fd(), &event);
  Conclude(c, c.finished, busy->begin, busy->end);
  Settle(c, worker);
  UpdateInterest(c);
  for (std::unique_ptr<Letter>& letter : busy->letters) Deliver(std::move(letter), worker);
}

void Loop::GateOpened() {
  if (!turned_away_.exchange(false, std::memory_order_seq_cst)) return;
  Post(GateOpenLetter());
}

void Loop::PauseEnded() { Post(PauseEndLetter()); }

void Loop::OfferAgain(std::vector<uint64_t>& clients) {
  for (uint64_t id : clients) {
    Connection* c = Find(id);
    if (c == nullptr || c->turn != Turn::kAtGate) continue;
    c->turn = Turn::kReady;
    if (c->runnable()) Carry(*c);
  }
  clients.clear();
}

// REQUIRES: the connection has no deadline, or `deadline_ms` is 0.
void Loop::SetDeadline(Connection& c, int64_t deadline_ms) {
  if (c.deadline_ms != 0) deadlines_.erase({c.deadline_ms, c.client.id});
  c.deadline_ms = deadline_ms;
  if (deadline_ms != 0) deadlines_.emplace(deadline_ms, c.client.id);
}

void Loop::RunTimers(NetWorker& worker) {
  if (!at_gate_.empty() && now_ms_ >= gate_retry_ms_) OfferAgain(at_gate_);
  if (!at_pause_.empty() && now_ms_ >= pause_retry_ms_) OfferAgain(at_pause_);
  if (deadlines_.empty() || deadlines_.begin()->first > now_ms_) return;
  const bool inside = EnterGate(worker);
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_ms_) {
    Connection* c = Find(deadlines_.begin()->second);
    CHECK(c != nullptr);
    if (inside && engine_.TimeOut(worker, c->client)) {
      SetDeadline(*c, 0);
      c->turn = Turn::kReady;
      if (c->runnable() && !c->rest.empty()) Carry(*c);
      Touch(*c);
    } else {
      SetDeadline(*c,
                  now_ms_ + kRetryMs);  // the gate is closed, or a waker answers this very moment
    }
  }
  if (inside) engine_.gate.Leave(worker.gate_slot);
}

// Once a second: memory that is kept and not used, and where a directive asks for it idle clients
// and outputs over the soft limit.
void Loop::Sweep(NetWorker& worker) {
  sweep_ms_ = now_ms_ + kSweepMs;
  leases_.Trim();
  spare_outputs_.Trim();
  const int64_t timeout_ms = engine_.config.settings().timeout_s * 1000;
  const bool lacked_room = std::exchange(lacks_room_, false);
  if (timeout_ms == 0 && over_soft_limit_ == 0 && !lacked_room) return;
  for (const auto& [id, c] : connections_) {
    if (c->over_soft_since_ms != 0) CheckOutputLimit(*c, worker);
    if (c->turn == Turn::kBusy) continue;
    if (c->paused && c->output_blocked) {
      GoOn(*c);
      UpdateInterest(*c);
    }
    if (timeout_ms == 0 || now_ms_ - c->active_ms() <= timeout_ms || c->waits()) continue;
    Log(LogLevel::kVerbose, "Closing idle client ", c->client.address);
    Close(*c, Ending::kNow);
  }
}

// May be called again with the same or a harsher ending.
void Loop::Close(Connection& c, Ending ending) {
  if (c.ending < ending) c.ending = ending;
  if (c.turn == Turn::kBusy) DropPushes(c);
  UpdateInterest(c);
  if (!std::exchange(c.in_endings, true)) endings_.push_back(&c);
}

void Loop::EndConnections(NetWorker& worker) {
  if (endings_.empty()) return;
  EnterGate(worker);
  std::erase_if(endings_, [&](Connection* c) {
    if (c->turn == Turn::kBusy) return false;
    if (c->ending == Ending::kAfterOutput && c->unsent() > 0) {
      c->in_endings = false;  // FinishOutput brings it here again
      return true;
    }
    const bool handed_over = c->client.hand_over && c->ending == Ending::kAfterOutput && !c->killed;
    if (!handed_over) {
      c->socket.Close();
      c->ending = Ending::kNow;  // a waker may still answer it, and that is sent no more
    }
    if (!engine_.Forget(worker, c->client)) return false;  // tried again in kRetryMs
    handed_over ? HandOver(*c) : Destroy(*c);
    return true;
  });
  if (worker.gate_slot.inside()) engine_.gate.Leave(worker.gate_slot);
}

// The connection goes on in another room.
void Loop::HandOver(Connection& c) {
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, c.socket.fd(), nullptr);
  HandedOver handed;
  handed.socket = std::move(c.socket);
  handed.unread = c.rest.view();
  handed.id = c.client.id;
  handed.address = c.client.address;
  handed.local_address = c.client.local_address;
  handed.unix_socket = c.client.unix_socket;
  handed.connected_ms = c.client.connected_ms;
  handed.replica = c.client.replica;
  {
    MutexLock lock(c.client.label_mutex);
    handed.name = c.client.name;
    handed.user = c.client.user;
  }
  const auto take = std::move(c.client.hand_over);
  Destroy(c);
  take(std::move(handed));
}

void Loop::Destroy(Connection& c) {
  if (c.in_batch) std::erase(carry_, &c);
  if (c.in_outbox) std::erase(outbox_, &c);
  if (c.in_held) std::erase(held_, &c);
  if (c.readable) std::erase(readable_, &c);
  if (c.over_soft_since_ms != 0) --over_soft_limit_;
  SetDeadline(c, 0);
  engine_.clients.Remove(c.client);
  engine_.client_memory.Forget(c.client);
  load_.fetch_sub(1, std::memory_order_relaxed);
  connections_.erase(c.client.id);
}

// Before a command sees the world again, so that no client outlives a CONFIG SET that it exceeds.
void Loop::EvictClients(NetWorker& worker) {
  const Settings& settings = engine_.config.settings();
  if (!engine_.client_memory.Exceeded(settings)) [[likely]]
    return;
  engine_.client_memory.Evict(engine_.clients, settings, worker.stats);
  ReadLetters(worker);
}

void Loop::Stop(bool now) {
  stops_now_ = now;
  Post(StopLetter());
}

void Loop::BeginStop() {
  stopping_ = true;
  stopping_since_ms_ = now_ms_;
}

// First what clients have sent is executed: until nothing is ready any more, or kDrainMs are over.
// Then every connection is closed once its output is sent, or when it takes none of it; the slow
// ones at shutdown-timeout, when a script that still runs is ended, too.
void Loop::GoOnStopping() {
  const int64_t waited_ms = now_ms_ - stopping_since_ms_;
  if (waited_ms > kDrainMs) closing_ = true;
  if (!closing_) return;
  const int64_t timeout_ms = stops_now_ ? 0 : engine_.config.settings().shutdown_timeout_s * 1000;
  const bool enough = waited_ms > std::max(timeout_ms, kDrainMs);
  if (enough && engine_.scripts != nullptr) engine_.scripts->Abort();
  for (const auto& [id, c] : connections_) {
    if (c->turn == Turn::kBusy || c->ending == Ending::kNow) continue;
    if (enough || (c->output_blocked && !TakesOutput(*c))) {
      Close(*c, Ending::kNow);
    } else if (c->ending == Ending::kNone && !c->in_batch &&
               (c->turn != Turn::kAtGate || !engine_.gate.closed())) {
      Close(*c, Ending::kAfterOutput);
    }
  }
}

// Whether it has taken something in the last kStuckMs. That the socket takes something is no
// measure: epoll tells of room only when a third of it is free, a few seconds of a slow reader.
bool Loop::TakesOutput(Connection& c) {
  int queued = 0;
  ::ioctl(c.socket.fd(), SIOCOUTQ, &queued);
  if (std::exchange(c.queued, queued) != queued) c.queued_since_ms = now_ms_;
  return now_ms_ - c.queued_since_ms < kStuckMs;
}

}  // namespace larder
