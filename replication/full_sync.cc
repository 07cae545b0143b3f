#include "replication/full_sync.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/random.h"
#include "server/base/strings.h"
#include "server/engine/script_host.h"
#include "server/store/heap_counters.h"

namespace larder {
namespace {

constexpr size_t kFileStepBytes = 256 * 1024;

}  // namespace

class SnapshotSockets : public RdbSink {
 public:
  explicit SnapshotSockets(FullSync& sync) : sync_(sync) {}
  bool Write(std::string_view bytes) override { return sync_.SendToAll(bytes); }

 private:
  FullSync& sync_;
};

FullSync::FullSync(Engine& engine, History& history, Persistence& persistence,
                   std::function<void()> on_done)
    : engine_(engine),
      history_(history),
      persistence_(persistence),
      on_done_(std::move(on_done)),
      worker_(engine.gate, engine.stats.AddWorker()) {}

FullSync::~FullSync() {
  Abort();
  if (thread_.joinable()) thread_.join();
}

bool FullSync::Start(std::vector<ReplicaLink*> links, bool to_file) {
  whole_ = !links.front()->facts.without_keys;
  // A file for replicas has what database-persist leaves out of files on disk.
  saves_ = to_file && whole_ && persistence_.has_save_points() &&
           persistence_.SaveOptions().left_out.empty();
  facts_ = RdbFacts();
  auto at_cut = [&](RdbFacts& facts) {
    ReplicationLog& log = engine_.log;
    // What was written before anybody listened is in no history that a replica could have.
    if (log.window() == 0) {
      if (!engine_.replica.load(std::memory_order_relaxed)) history_.Begin();
      log.SetWindow(static_cast<size_t>(int64_t{engine_.config.settings().repl_backlog_bytes}));
    }
    // One place for all: what needs no gate, PUBLISH and GETACK, may come between two of them.
    const std::unique_ptr<LogReader> place = log.ReadFromEnd();
    cut_ = place->offset();
    for (ReplicaLink* link : links) {
      link->reader = log.ReadFrom(cut_);
      link->acknowledged = cut_;
    }
    changes_at_cut_ = persistence_.TotalChanges();
    file_number_ = persistence_.NumberFile();
    const bool functions = !links.front()->facts.without_functions;
    if (!whole_ && functions) facts.libraries = engine_.scripts->LibrarySources();
    if (persistence_.on_cut) persistence_.on_cut(facts);
  };
  uint64_t cut = 0;
  if (whole_) {
    cut = persistence_.snapshot().Take(worker_, at_cut);
    if (cut == 0) return false;
  } else {
    GateClosed closed(engine_.gate, worker_.gate_slot);
    at_cut(facts_);
  }
  {
    MutexLock lock(mutex_);
    links_ = std::move(links);
    snapshot_ = cut;
  }
  receivers_.clear();
  history_id_ = history_.id();
  to_file_ = to_file;
  done_.store(false, std::memory_order_relaxed);
  aborted_.store(false, std::memory_order_relaxed);
  thread_ = std::thread([this] { Run(); });
  return true;
}

bool FullSync::Join(ReplicaLink& link) {
  MutexLock lock(mutex_);
  if (!to_file_ || !writing_ || aborted_.load(std::memory_order_relaxed)) return false;
  link.reader = engine_.log.ReadFrom(cut_);
  if (link.reader == nullptr) return false;
  link.acknowledged = cut_;
  links_.push_back(&link);
  return true;
}

void FullSync::SendNewlines() {
  MutexLock lock(mutex_);
  if (!to_file_ || !writing_) return;
  for (ReplicaLink* link : links_) {
    [[maybe_unused]] ssize_t sent = ::send(link->socket.fd(), "\n", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

std::vector<ReplicaLink*> FullSync::Finish() {
  thread_.join();
  MutexLock lock(mutex_);
  return std::move(links_);
}

void FullSync::Abort() {
  aborted_.store(true, std::memory_order_relaxed);
  MutexLock lock(mutex_);
  persistence_.snapshot().Abort(snapshot_);
}

void FullSync::SetWriting(bool writing) {
  MutexLock lock(mutex_);
  writing_ = writing;
}

std::vector<ReplicaLink*> FullSync::links() const {
  MutexLock lock(mutex_);
  return links_;
}

// Tells those who do not know it yet where the stream will go on; they get what is sent next.
void FullSync::Greet() {
  size_t greeted = receivers_.size();
  receivers_ = links();
  for (; greeted < receivers_.size(); ++greeted) {
    ReplicaLink& link = *receivers_[greeted];
    if (link.request.psync) {
      SendTo(link, StrCat("+FULLRESYNC ", history_id_, " ", cut_, "\r\n"));
    }
  }
}

void FullSync::Run() {
  CountThisThread();
  Greet();
  const bool ok = to_file_ ? WriteToFile() : WriteToSockets();
  if (ok) last_ok_.store(true, std::memory_order_relaxed);
  for (ReplicaLink* link : links()) {
    if (!ok) link->failed = true;
    Log(LogLevel::kNotice,
        link->failed ? "Synchronization with replica failed: "
                     : "Streamed the data set to replica ",
        link->ip(), ":", link->facts.port);
  }
  done_.store(true, std::memory_order_release);
  on_done_();
}

bool FullSync::Write(RdbSink& sink) {
  RdbSave::Options options = persistence_.SaveOptions();
  options.left_out = {};  // database-persist is about disks
  if (whole_) {
    SetWriting(true);
    const Snapshot::Outcome outcome = persistence_.snapshot().Write(sink, options);
    SetWriting(false);
    return outcome == Snapshot::Outcome::kWritten;
  }
  RdbSave save(sink, options, ValueLimits(engine_.config.settings()));
  save.Begin(facts_);
  return save.End();
}

bool FullSync::WriteToSockets() {
  const std::string mark = RandomHex(History::kIdLetters);
  SendToAll(StrCat("$EOF:", mark, "\r\n"));
  SnapshotSockets sockets(*this);
  const bool written = Write(sockets);
  const auto up = std::count_if(receivers_.begin(), receivers_.end(),
                                [](const ReplicaLink* link) { return !link->failed; });
  // In Redis' words, which tools look for; there is neither a pipe nor a child here.
  if (written && up > 0) {
    Log(LogLevel::kNotice, "Diskless rdb transfer, done reading from pipe, ", up,
        " replicas still up.");
  } else if (up == 0 && !aborted_.load(std::memory_order_relaxed)) {
    Log(LogLevel::kWarning,
        "Diskless rdb transfer, last replica dropped, killing fork child: the snapshot ends.");
  }
  return written && SendToAll(mark);
}

bool FullSync::WriteToFile() {
  HiddenFile file(engine_.config.Text("dir"));
  if (!Write(file)) {
    if (aborted_.load(std::memory_order_relaxed)) {
      Log(LogLevel::kNotice, "Full sync: the snapshot is given up.");
    } else {
      Log(LogLevel::kWarning,
          "Full sync: the snapshot could not be written: ", std::strerror(file.error()));
      last_ok_.store(false, std::memory_order_relaxed);
    }
    return false;
  }
  Greet();  // who has joined
  if (saves_) Keep(file);
  for (ReplicaLink* link : receivers_) link->gets_file = true;
  if (!SendToAll(StrCat("$", file.size_bytes(), "\r\n"))) return false;
  std::string step(kFileStepBytes, '\0');
  for (uint64_t left = file.size_bytes(); left > 0;) {
    const size_t read = file.Read(step.data(), step.size());
    if (read == 0) {
      Log(LogLevel::kWarning,
          "Full sync: the snapshot could not be read: ", std::strerror(file.error()));
    }
    if (read == 0 || !SendToAll(std::string_view(step).substr(0, read))) return false;
    left -= read;
  }
  return true;
}

void FullSync::Keep(HiddenFile& file) {
  const Snapshot::Outcome outcome = KeepSnapshot(file, persistence_, file_number_);
  if (outcome == Snapshot::Outcome::kWritten) {
    persistence_.NoteSaved(true, changes_at_cut_);
    Log(LogLevel::kNotice, "DB saved on disk");
  } else if (outcome == Snapshot::Outcome::kFailed) {
    // Not every file system can; the save points are still due.
    Log(LogLevel::kWarning, "Full sync: its file could not become ",
        engine_.config.Text("dbfilename"), ": ", std::strerror(file.error()));
  }
}

// False when nobody is left to send to.
bool FullSync::SendToAll(std::string_view bytes) {
  bool any = false;
  for (ReplicaLink* link : receivers_) any |= !link->failed && SendTo(*link, bytes);
  return any;
}

// Sends all of it. A replica that takes nothing for repl-timeout, or is dropped, has failed.
bool FullSync::SendTo(ReplicaLink& link, std::string_view bytes) {
  constexpr int kLookMs = 100;  // between two looks whether it is still wanted
  int64_t last_ms = MonotonicMs();
  while (!bytes.empty() && !link.failed) {
    const ssize_t sent =
        ::send(link.socket.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      worker_.stats.repl_output_bytes.Add(static_cast<uint64_t>(sent));
      last_ms = MonotonicMs();
      continue;
    }
    const bool full = errno == EAGAIN || errno == EWOULDBLOCK;
    const int64_t timeout_ms = engine_.config.settings().repl_timeout_s * 1000;
    const bool silent = MonotonicMs() - last_ms > timeout_ms;
    if (silent) {
      Log(LogLevel::kWarning, "Disconnecting timedout replica (full sync): ", link.ip(), ":",
          link.facts.port);
    }
    if ((!full && errno != EINTR) || silent || aborted_.load(std::memory_order_relaxed)) {
      link.failed = true;
      break;
    }
    pollfd ready = {link.socket.fd(), POLLOUT, 0};
    ::poll(&ready, 1, kLookMs);
  }
  return !link.failed;
}

}  // namespace larder
