#include "replication/primary.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "server/base/check.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/quote.h"
#include "server/base/strings.h"
#include "server/store/heap_counters.h"

namespace larder {
namespace {

using State = ReplicaLink::State;

constexpr int kTickMs = 100;
constexpr int kAloneTickMs = 1000;
constexpr int kMostEvents = 64;
constexpr size_t kReceiveBytes = 16 * 1024;
// What a replica says is short; who sends more without an end of line is no replica.
constexpr size_t kMostInputBytes = 64 * 1024;

}  // namespace

Primary::Primary(Engine& engine, WorkerStats& stats, History& history, Persistence& persistence)
    : engine_(engine),
      stats_(stats),
      history_(history),
      full_sync_(engine, history, persistence, [this] { Wake(); }),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(epoll_.open() && wake_.open());
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLET;  // each write is an event, so it need not be read
  event.data.ptr = nullptr;
  CHECK(::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, wake_.fd(), &event) == 0);
  engine.log.OnNews([this] { TakeNews(); });
}

Primary::~Primary() { Stop(); }

void Primary::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Primary::Stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true);
  full_sync_.Abort();
  Wake();
  thread_.join();
}

void Primary::Wake() {
  if (woken_.exchange(true, std::memory_order_seq_cst)) return;
  const uint64_t one = 1;
  [[maybe_unused]] ssize_t written = ::write(wake_.fd(), &one, sizeof(one));
}

void Primary::Adopt(HandedOver handed, SyncRequest request) {
  auto link =
      std::make_unique<ReplicaLink>(std::move(handed), drops_, stats_.repl_output_bytes, this);
  link->request = std::move(request);
  {
    MutexLock lock(mutex_);
    arrivals_.push_back(std::move(link));
  }
  Wake();
}

void Primary::DropReplicas() {
  asked_at_.store(0, std::memory_order_relaxed);
  drops_.fetch_add(1);
  full_sync_.Abort();
  Wake();
}

void Primary::Run() {
  ping_ms_ = MonotonicMs();  // who comes in the first moments is not pinged at once
  epoll_event events[kMostEvents];
  while (!stopping_.load()) {
    const int count = ::epoll_wait(epoll_.fd(), events, kMostEvents, TickMs());
    MutexLock lock(round_mutex_);
    HandleEvents(events, count);
    TakeArrivals();
    ReadLetters();
    for (auto& [id, link] : links_) {
      if (link->outdated()) Drop(*link, "");
    }
    if (full_sync_.running() && full_sync_.done()) FinishFullSync();
    const int64_t now_ms = MonotonicMs();
    const bool ticks = now_ms - tick_ms_ >= kTickMs;
    if (ticks) Tick(now_ms);
    Feed();
    const bool synced = synced_.exchange(false);
    const bool acknowledged = std::exchange(acknowledged_, false);
    const bool round_due = round_due_.exchange(false);
    if (acknowledged) CountReplicas(now_ms);
    // In ticks to forget who has waited long enough: nobody may ever acknowledge anything.
    if (acknowledged || synced || (ticks && waits_.any())) {
      waits_.Serve(engine_, [this](uint64_t to, bool disk) { return Acknowledged(to, disk); });
    }
    if (acknowledged || round_due) under_way_ = on_round_(now_ms);
    RemoveFailed();
  }
  MutexLock round_lock(round_mutex_);
  if (full_sync_.running()) full_sync_.Finish();
  Feed();  // what was written up to the end
  for (auto& [id, link] : links_) engine_.clients.Remove(link->client);
  MutexLock lock(mutex_);
  links_.clear();
  arrivals_.clear();
}

// Alone, only the end of the backlog is waited for; whatever else begins wakes the thread.
int Primary::TickMs() const {
  const bool alone = links_.empty() && !full_sync_.running() && !under_way_ && !waits_.any() &&
                     !engine_.replica.load(std::memory_order_relaxed);
  return alone ? kAloneTickMs : kTickMs;
}

void Primary::HandleEvents(const epoll_event* events, int count) {
  for (int i = 0; i < count; ++i) {
    auto* link = static_cast<ReplicaLink*>(events[i].data.ptr);
    if (link == nullptr) {
      woken_.store(false, std::memory_order_seq_cst);
      continue;
    }
    if (link->state == State::kSnapshot) {
      Drop(*link, "closed the connection");
      continue;
    }
    if (events[i].events & EPOLLOUT) link->blocked = false;
    if (events[i].events & ~EPOLLOUT) Receive(*link);
  }
}

void Primary::TakeArrivals() {
  std::vector<std::unique_ptr<ReplicaLink>> arrivals;
  {
    MutexLock lock(mutex_);
    arrivals.swap(arrivals_);
  }
  if (!arrivals.empty()) CountThisThread();  // not for nothing: it takes a cache of its own
  for (std::unique_ptr<ReplicaLink>& arrival : arrivals) {
    ReplicaLink& link = *arrival;
    asked_ms_.store(0, std::memory_order_relaxed);  // this one was not
    link.since_ms = link.acknowledged_ms = MonotonicMs();
    NoteCommand(link, link.request.psync ? "psync" : "sync");
    if (engine_.config.settings().repl_disable_tcp_nodelay) {
      const int off = 0;  // every connection comes with it on
      ::setsockopt(link.socket.fd(), IPPROTO_TCP, TCP_NODELAY, &off, sizeof(off));
    }
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.ptr = &link;
    if (::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, link.socket.fd(), &event) != 0) continue;
    const bool partial = Continue(link);
    Log(LogLevel::kNotice,
        partial ? "Partial resynchronization request accepted from "
                : "Full resync requested by replica ",
        link.ip(), ":", link.facts.port);
    engine_.clients.Add(link.client);
    {
      MutexLock lock(mutex_);
      links_.emplace(link.client.id, std::move(arrival));
    }
    if (!link.input.empty()) Read(link);  // what came behind its PSYNC
  }
  if (!arrivals.empty()) CountReplicas(MonotonicMs());
}

// True: the replica gets just the bytes that it lacks.
bool Primary::Continue(ReplicaLink& link) {
  const SyncRequest& request = link.request;
  const bool wants_it = request.psync && request.history != "?";
  if (wants_it && request.next_byte > 0 && history_.Continues(request.history, request.next_byte)) {
    link.reader = engine_.log.ReadFrom(request.next_byte - 1);
  }
  if (link.reader == nullptr) {
    stats_.full_syncs.Add(1);
    if (wants_it) stats_.partial_syncs_refused.Add(1);
    return false;
  }
  stats_.partial_syncs.Add(1);
  link.acknowledged = request.next_byte - 1;
  link.state = State::kOnline;
  link.head = link.facts.takes_id ? StrCat("+CONTINUE ", history_.id(), "\r\n") : "+CONTINUE\r\n";
  return true;
}

void Primary::ReadLetters() {
  for (Letter* letter = TakeAll(); letter != nullptr;) {
    std::unique_ptr<Letter> owner(letter);
    letter = letter->next;
    auto found = links_.find(owner->client_id);
    if (owner->kind == Letter::Kind::kClose && found != links_.end()) Drop(*found->second, "");
  }
}

void Primary::Receive(ReplicaLink& link) {
  char bytes[kReceiveBytes];
  const ssize_t received = ::recv(link.socket.fd(), bytes, sizeof(bytes), MSG_DONTWAIT);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (received <= 0) return Drop(link, "closed the connection");
  link.input.append(bytes, static_cast<size_t>(received));
  Read(link);
}

// What it sent.
void Primary::Read(ReplicaLink& link) {
  std::vector<std::string_view> words;
  size_t position = 0;
  for (;;) {
    size_t consumed = 0;
    const RequestParser::Result result =
        link.parser.Next(std::string_view(link.input).substr(position), {}, words, &consumed);
    position += consumed;
    if (result == RequestParser::Result::kNeedMore) break;
    if (result == RequestParser::Result::kError) return Drop(link, "broke the protocol");
    if (result == RequestParser::Result::kRequest) Obey(link, words);
    // A newline: it is alive, and busy with loading.
    if (result == RequestParser::Result::kEmpty) link.acknowledged_ms = MonotonicMs();
    if (link.failed) return;
  }
  link.input.erase(0, position);
  if (link.input.size() > kMostInputBytes) Drop(link, "sent too much");
}

// Shown by CLIENT LIST.
void Primary::NoteCommand(ReplicaLink& link, std::string_view name) {
  link.client.last_command.store(engine_.commands.Find(name), std::memory_order_relaxed);
  link.client.last_command_ms.store(WallMs(), std::memory_order_relaxed);
}

// Of what a replica may send only acknowledgements mean something. An answer to anything else would
// stand in the middle of the stream.
void Primary::Obey(ReplicaLink& link, Args words) {
  const bool acknowledges = words.size() > 2 && EqualsIgnoreCase(words[0], "replconf") &&
                            EqualsIgnoreCase(words[1], "ack");
  if (!acknowledges) return DropTalker(link, words);
  NoteCommand(link, "replconf");
  uint64_t offset, on_disk = 0;
  if (!ParseUint64(words[2], &offset)) return;
  if (words.size() > 4 && EqualsIgnoreCase(words[3], "fack")) ParseUint64(words[4], &on_disk);
  if (offset > engine_.log.offset()) return Drop(link, "acknowledges what it was never sent");
  if (on_disk > offset) on_disk = 0;  // of a history that it had before: its disk has none of ours
  link.acknowledged = std::max(link.acknowledged.load(), offset);
  link.on_disk = std::max(link.on_disk.load(), on_disk);
  link.acknowledged_ms = MonotonicMs();
  acknowledged_ = true;
  if (link.state == State::kLoading) link.state = State::kOnline;
}

void Primary::DropTalker(ReplicaLink& link, Args words) {
  const Command* command = engine_.commands.Resolve(words);
  const std::string name =
      command == nullptr ? Printable(words[0].substr(0, 128)) : CommandTable::FullName(*command);
  std::vector<KeyPosition> keys;
  if (command != nullptr && FindKeys(*command, words, keys) && !keys.empty()) {
    Log(LogLevel::kWarning,
        "== CRITICAL == This master is sending an error to its replica: '-ERR Replica can't "
        "interact with the keyspace' after processing the command '",
        name, "'");
  }
  Log(LogLevel::kNotice, "Replica generated a reply to command '", name,
      "', disconnecting it: ", engine_.describe_client(link.client, WallMs()));
  Drop(link, "");
}

void Primary::Drop(ReplicaLink& link, std::string_view why) {
  if (link.failed.exchange(true)) return;
  if (!why.empty()) {
    Log(LogLevel::kWarning, "Connection with replica ", link.ip(), ":", link.facts.port,
        " lost: it ", why, ".");
  }
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, link.socket.fd(), nullptr);
  link.reader.reset();  // the log need not keep what it lacks
  const int64_t now_ms = MonotonicMs();
  CountReplicas(now_ms);
  if (link.state != State::kSnapshot || full_sync_.saves()) return;
  if (full_sync_.running()) StartFullSync(now_ms);  // who came since the last tick shares it
  const bool anybody = std::any_of(links_.begin(), links_.end(), [](const auto& other) {
    return other.second->state == State::kSnapshot && !other.second->failed;
  });
  if (anybody) return;
  // In Redis' words, which tools look for; there is no child here.
  if (link.after_snapshot == State::kLoading) {
    Log(LogLevel::kWarning,
        "Diskless rdb transfer, last replica dropped, killing fork child: the snapshot ends.");
  }
  full_sync_.Abort();
}

// Links that the full sync still has are its own until it is done.
void Primary::RemoveFailed() {
  bool removed = false;
  for (auto it = links_.begin(); it != links_.end();) {
    if (!it->second->failed || it->second->state == State::kSnapshot) {
      ++it;
      continue;
    }
    engine_.clients.Remove(it->second->client);
    MutexLock lock(mutex_);
    it = links_.erase(it);
    removed = true;
  }
  if (removed) CountReplicas(MonotonicMs());
}

}  // namespace larder
