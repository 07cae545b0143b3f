// What Primary does in every tick, and full syncs from their beginning to their end.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>

#include "replication/primary.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/strings.h"

namespace larder {
namespace {

using State = ReplicaLink::State;

constexpr int64_t kNewlineMs = 1000;
// Half of the time for which a replica acknowledges at once after it was asked.
constexpr int64_t kStillPromptMs = 5000;

// Who wants less than everything gets a snapshot of his own.
bool Filtered(const ReplicaLink* link) {
  return link->facts.without_keys || link->facts.without_functions;
}

}  // namespace

void Primary::Tick(int64_t now_ms) {
  if (engine_.timers_paused.load(std::memory_order_relaxed)) return;
  tick_ms_ = now_ms;
  StartFullSync(now_ms);  // before newlines: whose turn it is needs none in front of the answer
  const int64_t timeout_ms = engine_.config.settings().repl_timeout_s * 1000;
  const bool newline = now_ms - newline_ms_ >= kNewlineMs;
  if (newline) {
    newline_ms_ = now_ms;
    full_sync_.SendNewlines();
  }
  for (auto& [id, link] : links_) {
    // Who waits is told that we are alive; the newline counts for nothing.
    if (link->state == State::kWaiting && newline) link->head += '\n';
    const bool silent = link->state == State::kOnline || link->state == State::kLoading;
    if (silent && now_ms - link->acknowledged_ms > timeout_ms) {
      Drop(*link, "has been silent for repl-timeout");
    }
  }
  Ping(now_ms);
  KeepBacklog(now_ms);
  CountReplicas(now_ms);
  under_way_ = on_round_(now_ms);
}

// A replica of ours gets our primary's pings.
void Primary::Ping(int64_t now_ms) {
  const int64_t period_ms = engine_.config.settings().repl_ping_period_s * 1000;
  if (now_ms - ping_ms_ < period_ms) return;
  ping_ms_ = now_ms;
  if (links_.empty() || engine_.replica.load(std::memory_order_relaxed)) return;
  if (engine_.pause.by_server()) return;  // the stream stands still until replicas have all of it
  LogBlock ping;
  const std::string_view words[] = {"PING"};
  ping.Add(LogBlock::kAnyDb, words);
  engine_.log.AppendBlock(ping, false);
}

// Replicas that come within repl-diskless-sync-delay share one snapshot; those that come while it
// is written into a file, too.
void Primary::StartFullSync(int64_t now_ms) {
  std::vector<ReplicaLink*> waiting;
  for (auto& [id, link] : links_) {
    if (link->state == State::kWaiting && !link->failed) waiting.push_back(link.get());
  }
  if (waiting.empty()) return;
  if (full_sync_.running()) return JoinFullSync(waiting);
  const Settings& settings = engine_.config.settings();
  const bool all_take_eof =
      std::all_of(waiting.begin(), waiting.end(),
                  [](const ReplicaLink* link) { return link->facts.takes_eof; });
  const bool to_file = !settings.repl_diskless_sync || !all_take_eof;
  const int64_t waited_ms = now_ms - waiting.front()->since_ms;
  const int64_t enough = settings.repl_diskless_sync_max_replicas;
  const bool complete = enough > 0 && static_cast<int64_t>(waiting.size()) >= enough;
  if (!to_file && !complete && waited_ms < settings.repl_diskless_sync_delay_s * 1000) return;
  if (Filtered(waiting.front())) {
    waiting.resize(1);
  } else {
    std::erase_if(waiting, Filtered);
  }
  for (ReplicaLink* link : waiting) link->Flush();  // newlines that are on their way
  if (!full_sync_.Start(waiting, to_file)) return;
  Log(LogLevel::kNotice,
      to_file ? "Background saving for a full sync, into a file: "
              : StrCat("Background RDB transfer started by pid ", ::getpid(), ": "),
      waiting.size(), " replica(s)");
  for (ReplicaLink* link : waiting) AwaitSnapshot(*link, to_file);
}

void Primary::JoinFullSync(const std::vector<ReplicaLink*>& waiting) {
  for (ReplicaLink* link : waiting) {
    if (Filtered(link)) continue;
    link->Flush();
    if (link->failed || !full_sync_.Join(*link)) continue;
    // In Redis' words, which tools look for.
    Log(LogLevel::kNotice, "Waiting for end of BGSAVE for SYNC: ", link->ip(), ":",
        link->facts.port);
    AwaitSnapshot(*link, true);
  }
}

// The full sync has it now. Meanwhile we only want to know if it goes.
void Primary::AwaitSnapshot(ReplicaLink& link, bool to_file) {
  epoll_event event = {};
  event.events = EPOLLRDHUP;
  event.data.ptr = &link;
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_MOD, link.socket.fd(), &event);
  link.gets_file = false;
  link.after_snapshot = link.facts.snapshot_only ? State::kSnapshotOnly
                        : to_file                ? State::kOnline
                                                 : State::kLoading;
  link.state = State::kSnapshot;
}

void Primary::FinishFullSync() {
  for (ReplicaLink* link : full_sync_.Finish()) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.ptr = link;
    link->watched_for_room = link->blocked = false;
    if (!link->failed) ::epoll_ctl(epoll_.fd(), EPOLL_CTL_MOD, link->socket.fd(), &event);
    link->state = link->after_snapshot;
    link->acknowledged_ms = MonotonicMs();
    if (link->state == State::kSnapshotOnly && !link->failed) Leave(*link);
  }
}

// It has all that it wanted. What it has said meanwhile is read before: closed over unread bytes
// its connection would be reset, and the end of the snapshot might never arrive.
void Primary::Leave(ReplicaLink& link) {
  // In Redis' words, which tools look for.
  Log(LogLevel::kNotice, "RDB transfer completed, rdb only replica (", link.ip(), ":",
      link.facts.port, ") should be disconnected asap");
  Receive(link);
  Drop(link, "");
}

// The backlog stays for repl-backlog-ttl after the last replica has gone. Then nobody can continue
// from here any more, and the history gets another name.
void Primary::KeepBacklog(int64_t now_ms) {
  const Settings& settings = engine_.config.settings();
  const size_t window = engine_.log.window();
  if (!links_.empty() || engine_.replica.load(std::memory_order_relaxed)) {
    alone_since_ms_ = 0;
    return;
  }
  if (alone_since_ms_ == 0) alone_since_ms_ = now_ms;
  const int64_t ttl_ms = settings.repl_backlog_ttl_s * 1000;
  if (window == 0 || ttl_ms == 0 || now_ms - alone_since_ms_ <= ttl_ms) return;
  Log(LogLevel::kNotice, "Replication backlog freed after ", ttl_ms / 1000,
      " seconds without connected replicas.");
  engine_.log.SetWindow(0);
  history_.Begin();
}

void Primary::CountReplicas(int64_t now_ms) {
  const int64_t most_ms = engine_.config.settings().min_replicas_max_lag_s * 1000;
  int good = 0;
  size_t count = 0;
  bool prompt = true;
  for (auto& [id, link] : links_) {
    if (link->failed) continue;
    ++count;
    prompt = prompt && link->facts.prompt_acks;
    good += link->state == State::kOnline && now_ms - link->acknowledged_ms <= most_ms;
  }
  good_replicas_.store(good, std::memory_order_relaxed);
  replica_count_.store(count, std::memory_order_relaxed);
  all_prompt_.store(prompt, std::memory_order_relaxed);
}

// ---- Any thread ---------------------------------------------------------------------------------

std::vector<Primary::ReplicaState> Primary::replicas() const {
  std::vector<ReplicaState> states;
  const int64_t now_ms = MonotonicMs();
  MutexLock lock(mutex_);
  for (const auto& [id, link] : links_) {
    if (link->failed) continue;
    const bool online = link->state == State::kOnline;
    states.push_back({link->ip(), link->facts.port, link->state, link->gets_file,
                      link->acknowledged, online ? (now_ms - link->acknowledged_ms) / 1000 : 0});
  }
  return states;
}

AckWaits::Tally Primary::Acknowledged(uint64_t offset, bool on_disk) const {
  AckWaits::Tally tally;
  const uint64_t synced = engine_.persistence->synced_offset();
  tally.local = synced != PersistenceHost::kNothing && synced >= offset ? 1 : 0;
  MutexLock lock(mutex_);
  tally.replicas = std::count_if(links_.begin(), links_.end(), [&](const auto& link) {
    const ReplicaLink& replica = *link.second;
    return !replica.failed && replica.state == State::kOnline &&
           (on_disk ? replica.on_disk : replica.acknowledged) >= offset;
  });
  return tally;
}

void Primary::Wait(Context& c, const AckWaits::Goal& goal, int64_t timeout_ms) {
  const AckWaits::Tally now = Acknowledged(goal.offset, goal.on_disk);
  if (now.Covers(goal.wanted) || !c.may_park()) {
    return AckWaits::ReplyTally(c.reply, now, goal.on_disk);
  }
  waits_.Park(c, goal, timeout_ms,
              [this](uint64_t to, bool on_disk) { return Acknowledged(to, on_disk); });
  if (!c.parked || goal.wanted.replicas == 0) return;
  // An earlier question that stands behind what was written is answered late enough; and for a
  // while after one, replicas of ours need none.
  const bool asked = asked_at_.load(std::memory_order_relaxed) >= goal.offset;
  const bool prompt = all_prompt_.load(std::memory_order_relaxed) &&
                      MonotonicMs() - asked_ms_.load(std::memory_order_relaxed) < kStillPromptMs;
  if (goal.on_disk || (!asked && !prompt)) AskForAcks();
}

void Primary::NoteSynced() {
  if (!waits_.any()) return;
  synced_ = true;
  Wake();
}

void Primary::RoundSoon() {
  round_due_ = true;
  Wake();
}

void Primary::AskForAcksOnce() {
  if (asked_at_.load(std::memory_order_relaxed) < engine_.log.offset()) AskForAcks();
}

void Primary::AskForAcks() {
  LogBlock block;
  const std::string_view words[] = {"REPLCONF", "GETACK", "*"};
  block.Add(LogBlock::kAnyDb, words);
  asked_ms_.store(MonotonicMs(), std::memory_order_relaxed);
  asked_at_.store(engine_.log.AppendBlock(block, false), std::memory_order_relaxed);
}

}  // namespace larder
