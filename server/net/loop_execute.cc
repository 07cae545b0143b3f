// The loop's middle: from received bytes to executed requests.
#include <algorithm>

#include "protocol/reply.h"
#include "server/base/check.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/pause_cpu.h"
#include "server/net/loop.h"

namespace larder {

using Ending = Connection::Ending;
using Turn = Connection::Turn;

namespace {

// Input from which a request counts while it is not whole.
constexpr size_t kLargeInput = 32 * 1024;
// Words that an item of the lookahead keeps its memory for.
constexpr size_t kKeptWords = 1024;

void EvictLargest(Engine& engine, NetWorker& worker) {
  const Settings& settings = engine.config.settings();
  if (!engine.client_memory.Exceeded(settings)) [[likely]]
    return;
  engine.client_memory.Evict(engine.clients, settings, worker.stats);
}

// Most of what closes the gate is over within this time, and cheaper to wait for than to park for.
bool StillPatient(int64_t start_us, int64_t closed_us) {
  constexpr int64_t kPatienceUs = 20;
  return start_us - closed_us < kPatienceUs && MonotonicUs() - start_us < kPatienceUs;
}

}  // namespace

// False when the gate is closed, for longer than one waits by spinning.
bool Loop::EnterGate(NetWorker& worker) {
  Gate& gate = engine_.gate;
  const int64_t start_us = gate.closed() ? MonotonicUs() : 0;
  const int64_t closed_us = gate.closed_since_us();
  do {
    if (gate.Enter(worker.gate_slot)) [[likely]] {
      worker.turned_away = false;
      return true;
    }
    while (gate.closed() && StillPatient(start_us, closed_us)) PauseCpu();
  } while (!gate.closed());
  worker.turned_away = true;
  turned_away_.store(true, std::memory_order_seq_cst);
  return false;
}

// False: the loop was adopted meanwhile, and nothing of it may be touched.
bool Loop::ExecuteBatch(NetWorker& worker) {
  if (batch_.empty()) return true;
  limits_.bulk_bytes = static_cast<size_t>(int64_t{engine_.config.settings().proto_max_bulk_bytes});
  EnterGate(worker);
  do {
    while (!lookahead_.done()) {
      if (!ExecuteNext(worker)) return false;
    }
  } while (FillLookahead(worker));
  if (worker.gate_slot.inside()) engine_.gate.Leave(worker.gate_slot);
  return true;
}

bool Loop::FillLookahead(NetWorker& worker) {
  lookahead_.Clear();
  while (next_ < batch_.size() && !lookahead_.full()) {
    const Parsed parsed = Parse(*batch_[next_], worker);
    if (parsed == Parsed::kNothing) {
      ++next_;
      continue;
    }
    lookahead_.Push();
    if (parsed == Parsed::kAlone) break;
  }
  if (lookahead_.size() > 1 && worker.gate_slot.inside()) {
    lookahead_.ForEach([&](Lookahead::Item& item) {
      item.key_hash = engine_.PrefetchSlot(item.connection->client, item.args);
    });
    lookahead_.ForEach([&](const Lookahead::Item& item) {
      if (item.key_hash != 0) engine_.PrefetchEntry(item.connection->client, item.key_hash);
    });
  }
  return lookahead_.size() > 0;
}

// Parses the connection's next request into the lookahead's spare item. kAlone: nothing may be
// parsed behind it before it has run, because it may change how (AUTH), because its words are in
// the parser's own memory, or because it is an error.
Loop::Parsed Loop::Parse(Connection& c, NetWorker& worker) {
  if (!c.runnable() || c.starved || c.position >= kTurnBytes) return Parsed::kNothing;
  limits_.authenticated = c.client.authenticated;
  Lookahead::Item& item = lookahead_.Spare();
  item.connection = &c;
  item.key_hash = 0;
  while (c.position < c.input.size()) {
    size_t consumed = 0;
    const RequestParser::Result result =
        c.parser.Next(c.input.substr(c.position), limits_, item.args, &consumed);
    item.begin = c.position;
    item.end = c.position += consumed;
    item.malformed = result == RequestParser::Result::kError;
    if (item.malformed) return Parsed::kAlone;
    if (result == RequestParser::Result::kNeedMore) break;
    if (result == RequestParser::Result::kEmpty) continue;
    return c.parser.rewritten() || !limits_.authenticated ? Parsed::kAlone : Parsed::kRequest;
  }
  c.starved = true;
  // Commands of this batch may ask what the client holds (CLIENT LIST).
  if (const size_t waiting = c.input.size() - c.position; waiting >= kLargeInput) {
    CountInput(c, waiting);
    EvictLargest(engine_, worker);
  }
  return Parsed::kNothing;
}

// What waits of a request that is not whole, and for a large one the room that will be, or was,
// made for the rest of it.
void Loop::CountInput(Connection& c, size_t waiting) {
  const bool large = c.starved && waiting >= kLargeInput;
  const size_t room = large ? MissingAhead(c, waiting) : 0;
  const size_t whole = large ? std::min(c.parser.whole_bytes(), waiting) : 0;
  if (c.client.input_bytes.load(std::memory_order_relaxed) != waiting) {
    c.client.input_bytes.store(waiting, std::memory_order_relaxed);
  }
  if (large || c.client.input_room.load(std::memory_order_relaxed) != 0) {
    c.client.input_room.store(room, std::memory_order_relaxed);
    c.client.whole_bytes.store(whole, std::memory_order_relaxed);
  }
  engine_.client_memory.Count(c.client);
}

bool Loop::ExecuteNext(NetWorker& worker) {
  Lookahead::Item& item = lookahead_.Next();
  Connection& c = *item.connection;
  // What was sent to it before its request began comes before the reply.
  if (c.client.expects_pushes() && !Mailbox::empty()) [[unlikely]]
    ReadPushes(worker);
  if (!c.runnable()) return true;  // an earlier request of it parked or closed it
  if (c.unsent() >= c.pause_at) [[unlikely]] {
    c.paused = true;
    c.Rewind(item.begin);
    Touch(c);
    return true;
  }
  LendOutput(c);
  if (item.malformed) [[unlikely]] {
    AnswerMalformed(worker, c);
    return true;
  }
  executing_ = &c;
  ++requests_;
  worker.foreseen =
      item.key_hash == 0 ? HashedKey{nullptr, 0} : HashedKey{item.args[1].data(), item.key_hash};
  const Engine::Outcome outcome = engine_.Execute(worker, c.client, item.args);
  if (worker.TakeAdopted()) [[unlikely]] {
    FinishElsewhere(worker, c, outcome);
    return false;
  }
  executing_ = nullptr;
  if (item.args.capacity() > kKeptWords) [[unlikely]]
    std::vector<std::string_view>().swap(item.args);
  Conclude(c, outcome, item.begin, item.end);
  return true;
}

void Loop::AnswerMalformed(NetWorker& worker, Connection& c) {
  Reply reply(c.client.out, c.client.resp.load(std::memory_order_relaxed));
  reply.Error(c.parser.error());
  worker.stats.error_replies.Add(1);
  engine_.stats.CountError(reply.last_error_code());
  Log(LogLevel::kVerbose, "Protocol error from client ", c.client.address, ": ", c.parser.error());
  Touch(c);
  Close(c, Ending::kAfterOutput);
}

void Loop::Conclude(Connection& c, Engine::Outcome outcome, size_t begin, size_t end) {
  if (!c.client.out.empty()) Touch(c);
  switch (outcome) {
    case Engine::Outcome::kDone:
      return;
    case Engine::Outcome::kParked:
      c.turn = Turn::kParked;
      c.Rewind(end);
      if (c.client.waiter != nullptr) SetDeadline(c, c.client.waiter->deadline_ms);
      return;
    case Engine::Outcome::kGateClosed:
      c.turn = Turn::kAtGate;
      c.Rewind(begin);
      if (at_gate_.empty()) gate_retry_ms_ = now_ms_ + kRetryMs;
      at_gate_.push_back(c.client.id);
      return;
    case Engine::Outcome::kPaused:
      c.turn = Turn::kAtGate;
      c.Rewind(begin);
      if (at_pause_.empty()) pause_retry_ms_ = engine_.pause.RetryMs(now_ms_);
      at_pause_.push_back(c.client.id);
      return;
    case Engine::Outcome::kClose:
      c.Rewind(end);
      Close(c, Ending::kAfterOutput);
      return;
  }
}

// The thread that lost the loop while it ran a command of `c`: all it may touch is that client and
// what `finished` is for. After the letter it may not even touch these.
void Loop::FinishElsewhere(NetWorker& worker, Connection& c, Engine::Outcome outcome) {
  if (worker.gate_slot.inside()) engine_.gate.Leave(worker.gate_slot);
  engine_.Settle(worker);
  c.finished = outcome;
  c.client.home->Post(FinishedLetter(c.client.id));
}

// The thread that has adopted the loop: the running command's connection is set aside, with its
// words and its input where they are.
void Loop::TakeOver() {
  Lookahead::Item& item = lookahead_.Last();
  Connection& c = *std::exchange(executing_, nullptr);
  CHECK(item.connection == &c);
  c.busy = std::make_unique<BusyState>();
  c.busy->args = std::move(item.args);  // the words stay in place: a vector's memory moves with it
  item.args.clear();
  c.busy->begin = item.begin;
  c.busy->end = item.end;
  c.turn = Turn::kBusy;
  c.Rewind(item.end);
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, c.socket.fd(), nullptr);
  c.interest = 0;
}

void Loop::SettleBatch(NetWorker& worker) {
  engine_.Settle(worker);
  for (Connection* c : batch_) {
    c->in_batch = false;
    if (c->turn != Turn::kBusy) Settle(*c, worker);
  }
  batch_.clear();
  next_ = 0;
}

// Keeps what was not executed, and gives the lease back.
void Loop::Settle(Connection& c, NetWorker& worker) {
  if (c.lease != nullptr) {
    const std::string_view left = c.input.substr(c.position);
    if (!left.empty()) c.rest.Append(left);
    leases_.Return(std::move(c.lease));
  } else {
    // The buffer of a large request counts for maxmemory-clients also when it has just been used
    // up.
    if (c.rest.capacity() >= kLargeInput) {
      c.client.input_bytes.store(c.rest.capacity(), std::memory_order_relaxed);
      c.client.input_room.store(0, std::memory_order_relaxed);  // it is in there
      engine_.client_memory.Count(c.client);
      EvictLargest(engine_, worker);
    }
    c.rest.Consume(c.position);
  }
  c.input = {};
  c.position = 0;
  const size_t waiting = c.rest.size();
  CountInput(c, waiting);
  if (waiting == 0) return;
  const int64_t limit = engine_.config.settings().query_buffer_limit_bytes;
  if (waiting > static_cast<size_t>(limit) && c.ending == Ending::kNone) {
    Log(LogLevel::kWarning, "Closing client ", c.client.address,
        " that reached max query buffer length");
    worker.stats.query_limit_closes.Add(1);
    Close(c, Ending::kNow);
  }
  if (c.runnable() && !c.starved) Carry(c);
}

}  // namespace larder
