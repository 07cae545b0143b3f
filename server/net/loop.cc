#include "server/net/loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "server/base/check.h"
#include "server/base/clock.h"

namespace larder {
namespace {

// The least that is received behind a request that is not whole, and the most that is made room for
// at once while little of it has come: nobody gets memory for announcing a large value. With more
// of it there the room grows in large steps, since each moves all that has come.
constexpr size_t kLeastSpace = 16 * 1024;
constexpr size_t kMostSpaceAhead = 1024 * 1024;
constexpr size_t kTimesAhead = 4;

// How long a loop sleeps in its own epoll set before it lets the io_context wait for it: that wait
// costs an epoll_ctl and a second and third epoll_wait, which a serial client would pay for every
// command.
constexpr int64_t kNapMs = 50;
// An event that was there before anybody waited tells nothing about how soon clients come back.
constexpr int64_t kAtOnceNs = 3'000;

}  // namespace

Loop::Loop(Engine& engine, bool use_ring, int cores)
    : engine_(engine),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      idle_(epoll_.fd()),
      poll_(cores),
      transfers_(use_ring) {
  CHECK(epoll_.open() && wake_.open());
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = kWakeTag;
  CHECK(::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, wake_.fd(), &event) == 0);
}

Loop::~Loop() {
  while (late_ != nullptr) NextLetter();
}

void Loop::Accept(Acceptor& acceptor, Listener& listener) {
  acceptor_ = &acceptor;
  listener.Watch(epoll_.fd(), kListenTag);
}

void Loop::Wake() {
  if (woken_.exchange(true, std::memory_order_seq_cst)) return;
  const uint64_t one = 1;
  [[maybe_unused]] ssize_t written = ::write(wake_.fd(), &one, sizeof(one));
}

Loop::End Loop::Run(NetWorker& worker) {
  gathering_.Adopted();
  if (executing_ != nullptr) TakeOver();
  now_ms_ = worker.now_ms = WallMs();
  while (true) {
    if (!ExecuteBatch(worker)) return End::kAdopted;
    SettleBatch(worker);
    ReadLetters(worker);
    RunTimers(worker);
    engine_.log.Announce();
    if (!held_.empty()) [[unlikely]]
      FreeHeld();
    Send(worker);
    if (now_ms_ >= sweep_ms_) Sweep(worker);  // who has just been answered is not idle
    EvictClients(worker);
    EndConnections(worker);
    if (stopping_) GoOnStopping();
    if (closing_ && connections_.empty()) return End::kStopped;
    Collect(worker);
  }
}

// Fills batch_ with connections that have input to execute. Sleeps only if there is nothing to do.
void Loop::Collect(NetWorker& worker) {
  ++rounds_;
  batch_.swap(carry_);
  const bool idle =
      batch_.empty() && outbox_.empty() && Mailbox::empty() && late_ == nullptr && !AnyToReceive();
  const int count =
      idle ? WaitForEvents(worker.stats) : ::epoll_wait(epoll_.fd(), events_, kMostEvents, 0);
  now_ms_ = worker.now_ms = WallMs();
  requests_ = 0;
  for (int i = 0; i < count; ++i) HandleEvent(events_[i], worker);
  if (has_arrivals_.load(std::memory_order_acquire)) TakeArrivals(worker);
  Receive(worker);
  for (Connection* c : batch_) {
    if (c->lease == nullptr) c->input = c->rest.view();
  }
  if (count == 0 && batch_.empty() && stopping_ && !AnyToReceive()) closing_ = true;
}

// Events after a wait for which they gather; 0 where there was none, or nothing to wait for.
int Loop::GatherEvents(int64_t ended_ns, const WorkerStats& stats) {
  const int64_t wait_us = gathering_.WaitUs(engine_.config.settings().gather_us,
                                            {.active_clients = active_.Count(now_ms_),
                                             .served = receiving_.size(),
                                             .requests = requests_,
                                             .commands = stats.commands.value(),
                                             .ended_ns = ended_ns});
  if (wait_us == 0) return 0;
  std::this_thread::sleep_for(std::chrono::microseconds(wait_us));
  return ::epoll_wait(epoll_.fd(), events_, kMostEvents, 0);
}

// The work since the last wait, for INFO: Redis' "cycle" of its event loop.
void Loop::CountRound(int64_t ended_ns, WorkerStats& stats) {
  if (woke_ns_ == 0) return;
  busy_ns_ += ended_ns - woke_ns_;
  stats.loop_rounds.Add(1);
  stats.loop_us.Add(static_cast<uint64_t>(busy_ns_ / 1000));
  busy_ns_ %= 1000;
}

int Loop::WaitForEvents(WorkerStats& stats) {
  const int64_t ended_ns = MonotonicNs();
  CountRound(ended_ns, stats);
  if (const int count = GatherEvents(ended_ns, stats); count > 0) {
    woke_ns_ = MonotonicNs();
    return count;
  }
  const int64_t setting_us = engine_.config.settings().busy_poll_us;
  const int64_t window_ns = poll_.WindowNs(setting_us, active_.Count(now_ms_), ended_ns);
  for (woke_ns_ = ended_ns; woke_ns_ - ended_ns < window_ns;) {
    const int count = ::epoll_wait(epoll_.fd(), events_, kMostEvents, 0);
    const int64_t before_ns = std::exchange(woke_ns_, MonotonicNs());
    poll_.Looked(woke_ns_ - before_ns);
    if (count == 0) continue;
    poll_.Arrived(woke_ns_ - ended_ns, false, woke_ns_);
    return count;
  }
  const int64_t timeout_ms = NextTimeoutMs();
  const int64_t nap_ms = timeout_ms < 0 ? kNapMs : std::min(timeout_ms, kNapMs);
  int count = ::epoll_wait(epoll_.fd(), events_, kMostEvents, static_cast<int>(nap_ms));
  if (count == 0 && nap_ms == kNapMs) {
    idle_.Wait(timeout_ms < 0 ? timeout_ms : timeout_ms - nap_ms);
    count = ::epoll_wait(epoll_.fd(), events_, kMostEvents, 0);
  }
  woke_ns_ = MonotonicNs();
  const int64_t gap_ns = woke_ns_ - ended_ns;
  if (count > 0 && gap_ns > kAtOnceNs) poll_.Arrived(gap_ns, true, woke_ns_);
  return count;
}

// Milliseconds until something is due that no event announces; -1: nothing is.
int64_t Loop::NextTimeoutMs() const {
  constexpr int64_t kNever = -1;
  int64_t timeout_ms = kNever;
  auto within = [&](int64_t ms) {
    ms = std::max<int64_t>(ms, 0);
    if (timeout_ms == kNever || ms < timeout_ms) timeout_ms = ms;
  };
  const int64_t now_ms = WallMs();
  if (!deadlines_.empty()) within(deadlines_.begin()->first - now_ms);
  if (!at_gate_.empty()) within(gate_retry_ms_ - now_ms);
  if (!at_pause_.empty()) within(pause_retry_ms_ - now_ms);
  if (!endings_.empty() || stopping_) within(kRetryMs);
  const bool closes_idle = engine_.config.settings().timeout_s > 0 && !connections_.empty();
  const bool keeps = leases_.keeps() || spare_outputs_.keeps();
  if (closes_idle || over_soft_limit_ > 0 || lacks_room_ || keeps) within(sweep_ms_ - now_ms);
  return timeout_ms;
}

void Loop::HandleEvent(const epoll_event& event, NetWorker& worker) {
  if (event.data.u64 == kWakeTag) {
    uint64_t count;
    [[maybe_unused]] ssize_t read = ::read(wake_.fd(), &count, sizeof(count));
    woken_.exchange(false, std::memory_order_seq_cst);
    return;
  }
  if (event.data.u64 & kListenTag) {
    const int fd = static_cast<int>(event.data.u64 & ~kListenTag);
    if (!stopping_) acceptor_->Accept(fd, *this, rounds_, worker.stats);
    return;
  }
  Connection& c = *static_cast<Connection*>(event.data.ptr);
  if (event.events & EPOLLOUT) {
    c.output_blocked = false;
    Touch(c);
  }
  if ((event.events & ~static_cast<uint32_t>(EPOLLOUT)) == 0) return;
  c.hung_up |= (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  c.broken |= (event.events & (EPOLLHUP | EPOLLERR)) != 0;
  if (c.ending == Connection::Ending::kNone) {
    NoteReadable(c);
  } else {
    Close(c, Connection::Ending::kNow);  // hung up while its last output was waiting
  }
}

void Loop::NoteReadable(Connection& c) {
  if (!std::exchange(c.readable, true)) readable_.push_back(&c);
}

bool Loop::AnyToReceive() const {
  return std::any_of(readable_.begin(), readable_.end(),
                     [](const Connection* c) { return c->receives(); });
}

void Loop::Receive(NetWorker& worker) {
  receiving_.clear();
  std::erase_if(readable_, [this](Connection* c) {
    if (!c->receives() || receiving_.size() == kMostEvents) return false;
    c->readable = false;
    receiving_.push_back(c);
    return true;
  });
  if (receiving_.empty()) return;
  receptions_.clear();
  for (Connection* c : receiving_) PrepareReception(*c);
  transfers_.Receive(receptions_);
  worker.stats.reads.Add(receptions_.size());
  for (size_t i = 0; i < receiving_.size(); ++i) {
    TakeReceived(*receiving_[i], receptions_[i], worker);
  }
}

void Loop::PrepareReception(Connection& c) {
  if (c.rest.empty()) {
    c.lease = leases_.Take();
    receptions_.push_back({c.socket.fd(), c.lease.get(), LeasePool::kLeaseBytes});
    return;
  }
  size_t wanted = kLeastSpace;
  if (c.rest.space() < wanted) wanted = std::max(MissingAhead(c, c.rest.size()), wanted);
  char* space = c.rest.Space(wanted);
  receptions_.push_back({c.socket.fd(), space, c.rest.space()});
}

// How much of what is missing of a request is made room for at once.
size_t Loop::MissingAhead(const Connection& c, size_t have) {
  const size_t missing = c.parser.wanted() > have ? c.parser.wanted() - have : 0;
  return std::min(missing, std::max(have * kTimesAhead, kMostSpaceAhead));
}

void Loop::TakeReceived(Connection& c, const Reception& reception, NetWorker& worker) {
  const ssize_t result = reception.result;
  if (result <= 0) {
    if (c.lease != nullptr) leases_.Return(std::move(c.lease));
    if (result != -EAGAIN) Close(c, Connection::Ending::kNow);
    return;
  }
  const size_t size = static_cast<size_t>(result);
  if (size == reception.size || c.hung_up) NoteReadable(c);
  worker.stats.input_bytes.Add(size);
  active_.Received(std::exchange(c.received_ms, now_ms_), now_ms_);
  c.starved = false;
  if (c.lease != nullptr) {
    c.input = {c.lease.get(), size};
  } else {
    c.rest.Grow(size);
  }
  AddToBatch(c);
}

void Loop::AddToBatch(Connection& c) {
  if (std::exchange(c.in_batch, true)) return;
  batch_.push_back(&c);
}

void Loop::Carry(Connection& c) {
  if (std::exchange(c.in_batch, true)) return;
  carry_.push_back(&c);
}

}  // namespace larder
