// The loop's end: from replies to sent bytes.
#include <algorithm>
#include <cerrno>

#include "server/base/log.h"
#include "server/net/loop.h"

namespace larder {

using Ending = Connection::Ending;

namespace {

// Outputs up to this size lend their memory on; larger ones give it back. The smaller one where
// maxmemory is set: what is kept then has keys evicted, which makes more output for who tracks
// them.
constexpr size_t kMostKeptOutput = 64 * 1024, kMostKeptOfMaxmemory = 16 * 1024;
// Outputs below this are sent before they are measured against client-output-buffer-limit, which is
// for those that grow; Redis does not count them either.
constexpr size_t kLimitedOutput = 16 * 1024;
// A partly sent output is moved to the front when that frees so much.
constexpr size_t kCompactBytes = 64 * 1024;

// Appends `size` bytes of an output behind `skip` others, in at most `most` pieces.
void AppendPieces(const OutputBuffer& out, size_t skip, size_t size_left, size_t most,
                  std::vector<iovec>& pieces) {
  const size_t end = pieces.size() + most;
  auto add = [&](const char* data, size_t size) {
    const size_t skipped = std::min(skip, size);
    skip -= skipped;
    const size_t taken = std::min(size - skipped, size_left);
    if (taken == 0 || pieces.size() == end) return;
    pieces.push_back({const_cast<char*>(data) + skipped, taken});
    size_left -= taken;
  };
  size_t from = 0;
  for (const OutputBuffer::Splice& splice : out.splices()) {
    add(out.bytes().data() + from, splice.at - from);
    add(splice.blob->data(), splice.blob->size());
    from = splice.at;
    if (pieces.size() == end) return;
  }
  add(out.bytes().data() + from, out.bytes().size() - from);
}

}  // namespace

void Loop::Touch(Connection& c) {
  if (std::exchange(c.in_outbox, true)) return;
  outbox_.push_back(&c);
}

// What the client has changed since its last output is in the log, and its replies wait until it is
// safe there, if anybody wants that.
void Loop::Hold(Connection& c) {
  const uint64_t offset = std::exchange(c.client.unsafe_offset, 0);
  if (offset <= engine_.reply_hold.safe()) return;
  c.held.Hold(c.client.out.size(), offset);
  if (!std::exchange(c.in_held, true)) held_.push_back(&c);
  holds_.store(true, std::memory_order_seq_cst);
  // It may have become safe before that was seen.
  c.held.Free(engine_.reply_hold.safe());
  c.client.output_bytes.store(c.unsent(), std::memory_order_relaxed);
}

void Loop::FreeHeld() {
  holds_.store(true, std::memory_order_seq_cst);
  const uint64_t safe = engine_.reply_hold.safe();
  std::erase_if(held_, [&](Connection* c) {
    if (c->held.Free(safe)) Touch(*c);
    c->in_held = !c->held.empty();
    return !c->in_held;
  });
  if (held_.empty()) holds_.store(false, std::memory_order_relaxed);
}

void Loop::RepliesAreFree() {
  if (!holds_.load(std::memory_order_seq_cst)) return;  // as a rule, and every loop is told
  if (holds_.exchange(false, std::memory_order_seq_cst)) Wake();
}

// An idle connection owns no output memory: it borrows a string that is still in the cache.
void Loop::LendOutput(Connection& c) {
  ByteBuffer& bytes = c.client.out.bytes();
  if (bytes.capacity() == 0 && spare_outputs_.keeps()) bytes = spare_outputs_.Take();
}

void Loop::Send(NetWorker& worker) {
  if (outbox_.empty()) return;
  sending_.clear();
  dispatches_.clear();
  pieces_.clear();
  for (Connection* c : outbox_) {
    c->in_outbox = false;
    if (c->turn == Connection::Turn::kBusy || !c->socket.open()) continue;
    if (c->client.unsafe_offset != 0) [[unlikely]]
      Hold(*c);
    if (c->output_blocked || c->unsent() >= kLimitedOutput) CheckOutputLimit(*c, worker);
    if (c->output_blocked) {
      c->client.output_bytes.store(c->unsent(), std::memory_order_relaxed);
      engine_.client_memory.Count(c->client);
      if (c->paused) GoOn(*c);
      UpdateInterest(*c);
    } else if (c->sendable() > 0 && c->ending != Ending::kNow) {
      PrepareDispatch(*c);
    }
  }
  outbox_.clear();
  if (sending_.empty()) return;
  iovec* piece = pieces_.data();
  for (Dispatch& dispatch : dispatches_) {
    dispatch.message.msg_iov = piece;
    piece += dispatch.message.msg_iovlen;
  }
  transfers_.Send(dispatches_);
  worker.stats.writes.Add(dispatches_.size());
  for (size_t i = 0; i < sending_.size(); ++i) {
    TakeSent(*sending_[i], dispatches_[i].result, worker);
  }
}

void Loop::PrepareDispatch(Connection& c) {
  const size_t before = pieces_.size();
  AppendPieces(c.client.out, c.sent, c.sendable(), kMostPieces, pieces_);
  Dispatch dispatch = {};
  dispatch.fd = c.socket.fd();
  dispatch.message.msg_iovlen = pieces_.size() - before;
  dispatches_.push_back(dispatch);
  sending_.push_back(&c);
}

void Loop::TakeSent(Connection& c, ssize_t result, NetWorker& worker) {
  if (result < 0 && result != -EAGAIN) return Close(c, Ending::kNow);
  if (result > 0) {
    c.sent += static_cast<size_t>(result);
    c.client.last_sent_ms.store(now_ms_, std::memory_order_relaxed);
    worker.stats.output_bytes.Add(static_cast<uint64_t>(result));
  }
  if (c.unsent() == 0) return FinishOutput(c);
  if (c.sent >= kCompactBytes && c.sent >= c.unsent()) {
    const size_t dropped = c.client.out.DropFront(c.sent);
    c.sent -= dropped;
    c.held.DropFront(dropped);
  }
  if (c.sendable() == 0) return;  // the rest is held
  // Who was killed gets the rest for as long as it takes some: what came short may be only the
  // pieces of one send.
  if (c.killed) return result > 0 ? Touch(c) : Close(c, Ending::kNow);
  c.output_blocked = true;
  c.client.output_bytes.store(c.unsent(), std::memory_order_relaxed);
  engine_.client_memory.Count(c.client);
  CheckOutputLimit(c, worker);
  if (c.paused) GoOn(c);
  UpdateInterest(c);
}

// Who does not read, and has more to execute, may be one who reads when he has sent everything.
void Loop::GoOn(Connection& c) {
  if (c.ending != Ending::kNone) return;
  if (!engine_.client_memory.HasRoom(engine_.config.settings())) {
    lacks_room_ = true;
    return;
  }
  c.client.out.Seal();
  c.pause_at = c.unsent() + Connection::kPauseBytes;
  c.paused = false;
  if (!c.rest.empty()) Carry(c);
}

void Loop::FinishOutput(Connection& c) {
  c.sent = 0;
  c.client.out.Clear();
  ByteBuffer bytes = std::move(c.client.out.bytes());
  const size_t most_kept =
      engine_.config.settings().maxmemory == 0 ? kMostKeptOutput : kMostKeptOfMaxmemory;
  if (bytes.capacity() <= most_kept) spare_outputs_.Keep(std::move(bytes));
  if (c.client.output_bytes.load(std::memory_order_relaxed) != 0) {
    c.client.output_bytes.store(0, std::memory_order_relaxed);
    engine_.client_memory.Count(c.client);
  }
  if (c.over_soft_since_ms != 0) {
    c.over_soft_since_ms = 0;
    --over_soft_limit_;
  }
  c.pause_at = Connection::kPauseBytes;
  if (std::exchange(c.paused, false) && !c.rest.empty()) Carry(c);
  UpdateInterest(c);
  if (c.ending != Ending::kNone) Close(c, c.ending);
}

// client-output-buffer-limit: the hard limit at once, the soft one when it was exceeded for its
// time.
void Loop::CheckOutputLimit(Connection& c, NetWorker& worker) {
  const OutputLimit& limit =
      engine_.config.settings().output_limits[static_cast<size_t>(c.client.output_class())];
  const auto waiting = static_cast<int64_t>(c.waiting_output());
  const bool soft = limit.soft_bytes > 0 && waiting > limit.soft_bytes;
  if (soft && c.over_soft_since_ms == 0) {
    c.over_soft_since_ms = now_ms_;
    ++over_soft_limit_;
  } else if (!soft && c.over_soft_since_ms != 0) {
    c.over_soft_since_ms = 0;
    --over_soft_limit_;
  }
  const bool too_long = soft && now_ms_ - c.over_soft_since_ms > limit.soft_seconds * 1000;
  const bool too_much = limit.hard_bytes > 0 && waiting > limit.hard_bytes;
  if ((!too_long && !too_much) || c.ending == Ending::kNow) return;
  Log(LogLevel::kWarning, "Client ", c.client.address,
      " closed for overcoming of output buffer limits.");
  worker.stats.output_limit_closes.Add(1);
  Close(c, Ending::kNow);
}

// Tells epoll what to watch for, where that has changed: two system calls per slow reader, none per
// request.
void Loop::UpdateInterest(Connection& c) {
  // Who is closed in this round leaves epoll's set by that.
  if (c.turn == Connection::Turn::kBusy || c.ending == Connection::Ending::kNow) return;
  if (!c.socket.open()) return;
  epoll_event event = {};
  event.events = Connection::kInput;
  if (c.output_blocked || c.paused || c.ending != Ending::kNone) {
    // The level: what came short may not have filled the socket, only the pieces of one send.
    const bool reads = c.ending == Ending::kNone && !c.paused;
    event.events = (reads ? EPOLLIN : 0u) | (c.output_blocked ? EPOLLOUT : 0u);
  }
  if (event.events == c.interest) return;
  c.interest = event.events;
  event.data.ptr = &c;
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_MOD, c.socket.fd(), &event);
}

}  // namespace larder
