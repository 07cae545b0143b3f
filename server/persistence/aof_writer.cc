#include "server/persistence/aof_writer.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "server/base/check.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/strings.h"
#include "server/engine/engine.h"
#include "server/store/heap_counters.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kSyncMs = 1000;        // of appendfsync everysec
constexpr int64_t kDrainMs = 10'000;     // Drain waits no longer
constexpr int64_t kComplainMs = 30'000;  // between two lines about a disk that refuses
constexpr milliseconds kSlowWait{10};    // between two looks at a disk that is slow

// What replicas are told besides changes: means nothing in a file. Such news come alone, as a rule.
bool OnlyLinkTalk(const std::vector<ReplicationLog::Piece>& group) {
  if (group.size() != 1) return false;
  const std::string_view bytes = group[0].bytes;
  return bytes == "*1\r\n$4\r\nPING\r\n" ||
         bytes == "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";
}

}  // namespace

AofWriter::AofWriter(Engine& engine, Events events) : engine_(engine), events_(std::move(events)) {
  engine.log.OnNews([this] { OnNews(); });
}

AofWriter::~AofWriter() { End(); }

// ---- Asked by others ----------------------------------------------------------------------------

void AofWriter::OnNews() {
  if (!running()) return;
  if (WriteAtOnce()) return;
  std::atomic_thread_fence(std::memory_order_seq_cst);  // the log's offset before asleep_
  if (asleep_.load(std::memory_order_relaxed)) {
    MutexLock lock(mutex_);
    wake_.NotifyOne();
  }
  if (!Behind()) [[likely]]
    return;
  MutexLock lock(mutex_);
  while (Behind()) progress_.WaitFor(mutex_, kSlowWait);
}

bool AofWriter::WriteAtOnce() {
  if (policy() == Policy::kAlways) return false;
  const uint64_t target = engine_.log.offset();
  MutexLock lock(file_mutex_);
  return Write(/*sync=*/false) == 0 && written_ >= target;
}

uint64_t AofWriter::waiting_bytes() const {
  if (!running() || lost()) return 0;
  const uint64_t written = written_.load(std::memory_order_relaxed);
  return engine_.log.offset() - written;
}

bool AofWriter::Behind() const {
  return has_file_ && error() == 0 && waiting_bytes() > kMostWaiting;
}

void AofWriter::Begin(Opener open, const DatabaseSet& left_out) {
  CHECK(!running());
  ReplicationLog::Place begin;
  {
    MutexLock lock(file_mutex_);
    reader_ = engine_.log.ReadFromEnd(&begin);
    written_ = synced_ = taken_ = begin.offset;
    unsynced_ = sync_failed_ = false;
  }
  error_ = 0;
  lost_ = counts_ = false;
  {
    MutexLock lock(mutex_);
    stopping_ = false;
    drain_to_ = 0;
    AskForSwitch(begin, std::move(open), left_out);
  }
  running_ = true;
  thread_ = std::thread([this] { Run(); });
}

void AofWriter::SwitchAt(Opener open, const DatabaseSet& left_out) {
  MutexLock lock(mutex_);
  AskForSwitch(engine_.log.SelectAnew(), std::move(open), left_out);
  wake_.NotifyOne();
}

// A primary's stream is in some database and does not select it again for us.
void AofWriter::AskForSwitch(ReplicationLog::Place at, Opener open, const DatabaseSet& left_out) {
  const bool filtered = !left_out.empty();
  switch_filter_ = filtered ? std::make_unique<AofFilter>(left_out, at.db) : nullptr;
  switch_head_ = filtered || at.db == LogBlock::kAnyDb ? "" : LogBlock::Select(at.db);
  switch_at_ = at.offset;
  switch_ = SwitchState::kAsked;
  open_ = std::move(open);
}

bool AofWriter::WaitForSwitch() {
  MutexLock lock(mutex_);
  while (switch_ == SwitchState::kAsked && !stopping_ && !lost() && error() == 0) {
    progress_.WaitFor(mutex_, kSlowWait);
  }
  return switch_ == SwitchState::kMade;
}

void AofWriter::Count() {
  counts_ = true;
  Poke();
}

void AofWriter::Poke() {
  if (!running()) return;
  MutexLock lock(mutex_);
  const uint64_t poke = ++pokes_;
  wake_.NotifyOne();
  const int64_t begin_ms = MonotonicMs();
  while (pokes_answered_ < poke && !stopping_ && MonotonicMs() - begin_ms < kSyncMs) {
    progress_.WaitFor(mutex_, kSlowWait);
  }
}

void AofWriter::RequestSync() {
  if (!running()) return;
  MutexLock lock(mutex_);
  drain_to_ = std::max(drain_to_, engine_.log.offset());
  ++pokes_;
  wake_.NotifyOne();
}

bool AofWriter::syncing() const {
  if (!running() || lost() || error() != 0) return false;
  MutexLock lock(mutex_);
  return synced_offset() < drain_to_;
}

bool AofWriter::Drain() {
  if (!running()) return true;
  const uint64_t target = engine_.log.offset();
  const int64_t begin_ms = MonotonicMs();
  RequestSync();
  MutexLock lock(mutex_);
  while (synced_offset() < target && error() == 0 && !lost() && !stopping_ &&
         MonotonicMs() - begin_ms < kDrainMs) {
    progress_.WaitFor(mutex_, kSlowWait);
  }
  return synced_offset() >= target || lost();
}

void AofWriter::End() {
  if (!running()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    drain_to_ = engine_.log.offset();
    wake_.NotifyOne();
  }
  thread_.join();
  running_ = counts_ = false;
  Tell(std::nullopt);
  {
    MutexLock lock(file_mutex_);
    FreeReplies();
    reader_.reset();
    file_.reset();
    has_file_ = false;
    group_.clear();
    filter_.reset();
    head_.clear();
  }
  if (error_.exchange(0) != 0) events_.on_error(0);
}

// ---- The thread ---------------------------------------------------------------------------------

AofWriter::Policy AofWriter::policy() const {
  const Settings& settings = engine_.config.settings();
  if (settings.no_appendfsync_on_rewrite && snapshot_running_.load()) return Policy::kNever;
  return static_cast<Policy>(int64_t{settings.appendfsync});
}

void AofWriter::Run() {
  CountThisThread();
  for (bool end = false; !end;) {
    uint64_t pokes, drain_to;
    {
      MutexLock lock(mutex_);
      pokes = pokes_;
      drain_to = drain_to_;
      end = stopping_;
    }
    const int error = Round(drain_to > synced_offset());
    Settle(error, pokes);
    if (end) end = error != 0 || lost() || !has_file_ || synced_offset() >= drain_to;
    if (!end) Sleep();
  }
}

int AofWriter::Round(bool sync_now) {
  {
    MutexLock lock(file_mutex_);
    if (const int error = Write(policy() == Policy::kAlways); error != 0) return error;
  }
  if (const int error = SyncIfDue(sync_now); error != 0) return error;
  return Switch();
}

int AofWriter::Write(bool sync) {
  Take();
  const int error = taken_ == written_ ? 0 : WriteGroup(sync);
  FreeReplies();
  return error;
}

// With everysec and no a disk that refuses has no reply wait, as in Redis.
void AofWriter::FreeReplies() {
  uint64_t safe = ReplyHold::kEverything;
  if (counts_ && !lost()) {
    if (policy() == Policy::kAlways) {
      safe = synced_;
    } else if (error() == 0) {
      safe = written_;
    }
  }
  engine_.reply_hold.SetSafe(safe);
}

// Everything there is, so that a group ends where a block of the log does.
void AofWriter::Take() {
  if (!group_.empty() || reader_ == nullptr || file_ == nullptr || lost()) return;
  {
    MutexLock lock(mutex_);  // up to here no switch is asked for at a place that is passed now
    const uint64_t most = switch_ == SwitchState::kAsked ? switch_at_ - taken_ : SIZE_MAX;
    if (most == 0) return;
    if (!reader_->Read(most, group_)) lost_ = true;
    for (const ReplicationLog::Piece& piece : group_) taken_ += piece.bytes.size();
  }
  if (filter_ == nullptr) return;
  filter_->Apply(group_);
  if (filter_->TakeCrossed()) events_.on_outdated();
}

int AofWriter::WriteGroup(bool sync) {
  if (const int64_t rest_us = rest_us_.load(std::memory_order_relaxed); rest_us > 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(rest_us));
  }
  if (!group_.empty() && !OnlyLinkTalk(group_)) {
    const uint64_t before = file_->size_bytes();
    int error = AppendGroup();
    unsynced_ = true;
    if (error == 0 && sync) {
      error = file_->Sync();
      // What a sync has failed for may never reach the disk, though later ones succeed.
      if (error != 0) file_->Truncate(before);
      unsynced_ = error != 0;
      synced_ms_ = MonotonicMs();
    }
    if (error != 0) return error;
    head_.clear();
  }
  group_.clear();
  written_ = taken_.load();
  if (!unsynced_) synced_ = taken_.load();
  return 0;
}

int AofWriter::AppendGroup() {
  std::string head;
  const int64_t now_s = WallMs() / 1000;
  if (engine_.config.settings().aof_timestamp_enabled && now_s != stamped_s_) {
    stamped_s_ = now_s;
    head = StrCat("#TS:", now_s, "\r\n");
  }
  head += head_;
  if (head.empty()) return file_->Append(group_);
  std::vector<ReplicationLog::Piece> pieces = {{nullptr, head}};
  pieces.insert(pieces.end(), group_.begin(), group_.end());
  return file_->Append(pieces);
}

bool AofWriter::SyncIsDue(bool now) const {
  if (!unsynced_ || file_ == nullptr) return false;
  if (now || sync_failed_ || policy() == Policy::kAlways) return true;
  return policy() == Policy::kEverySecond && MonotonicMs() - synced_ms_ >= kSyncMs;
}

// Others go on writing: what came behind the sync's beginning is not synced when it ends.
int AofWriter::SyncIfDue(bool now) {
  std::shared_ptr<AppendFile> file;
  uint64_t size_bytes, offset;
  {
    MutexLock lock(file_mutex_);
    if (!SyncIsDue(now)) return 0;
    file = file_;
    size_bytes = file->size_bytes();
    offset = written_;
  }
  const int64_t begin_ms = MonotonicMs();
  const int error = file->Sync();
  const int64_t end_ms = MonotonicMs();
  if (end_ms - begin_ms > kSyncMs) delayed_syncs_.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(file_mutex_);
  if (file != file_) return 0;  // SwitchPast: what it has is in a base
  synced_ms_ = end_ms;
  if (error == 0 && sync_failed_) events_.on_outdated();
  sync_failed_ = error != 0;
  if (error != 0) return error;
  unsynced_ = file->size_bytes() != size_bytes;
  synced_ = unsynced_ ? offset : written_.load();
  return 0;
}

// What is in the old file is on disk before the new one is known, so that only the last can end in
// the middle of a command. Nobody writes to the old one meanwhile: Take does not pass the place.
int AofWriter::Switch() {
  MutexLock switching(switch_mutex_);
  Opener open;
  {
    MutexLock file_lock(file_mutex_);
    MutexLock lock(mutex_);
    if (switch_ != SwitchState::kAsked || taken_ != switch_at_ || !group_.empty()) return 0;
    open = open_;
  }
  if (const int error = SyncIfDue(true); error != 0) return error;
  std::unique_ptr<AppendFile> next = open();
  MutexLock file_lock(file_mutex_);
  if (next != nullptr) {
    SwitchTo(std::move(next));
  } else {
    MutexLock lock(mutex_);
    switch_ = SwitchState::kFailed;
  }
  return 0;
}

void AofWriter::SwitchTo(std::unique_ptr<AppendFile> next) {
  file_ = std::move(next);
  has_file_ = true;
  MutexLock lock(mutex_);
  head_ = switch_head_;
  filter_ = std::move(switch_filter_);
  switch_ = SwitchState::kMade;
}

bool AofWriter::SwitchPast(const Opener& open) {
  MutexLock switching(switch_mutex_);
  uint64_t at;
  {
    MutexLock lock(mutex_);
    if (switch_ != SwitchState::kAsked) return switch_ == SwitchState::kMade;
    at = switch_at_;
  }
  std::unique_ptr<AppendFile> next = open();
  if (next == nullptr) return false;
  MutexLock file_lock(file_mutex_);
  group_.clear();
  while (taken_ < at && !lost()) {
    if (!reader_->Read(at - taken_, group_)) lost_ = true;
    for (const ReplicationLog::Piece& piece : group_) taken_ += piece.bytes.size();
    group_.clear();
  }
  written_ = synced_ = taken_.load();
  unsynced_ = sync_failed_ = false;
  SwitchTo(std::move(next));
  return true;
}

void AofWriter::Settle(int error, uint64_t pokes) {
  const int64_t now_ms = MonotonicMs();
  if (error != 0 && (error_.load() == 0 || now_ms - complained_ms_ >= kComplainMs)) {
    complained_ms_ = now_ms;
    Log(LogLevel::kWarning, "Error writing to the AOF file: ", std::strerror(error));
  }
  if (error != error_.exchange(error)) {
    if (error == 0) {
      Log(LogLevel::kWarning, "AOF write error looks solved. The server can write again.");
    }
    events_.on_error(error);
  }
  {
    MutexLock lock(file_mutex_);
    FreeReplies();
  }
  Tell(counts_ && !lost() ? std::optional(synced_offset()) : std::nullopt);
  {
    MutexLock lock(mutex_);
    pokes_answered_ = pokes;
  }
  progress_.NotifyAll();
}

void AofWriter::Tell(std::optional<uint64_t> synced) {
  if (std::exchange(told_, synced) != synced) events_.on_sync(synced);
}

bool AofWriter::HasWork() const {
  if (lost() || !has_file_) return switch_ == SwitchState::kAsked && !lost();
  return engine_.log.offset() != taken_ || (switch_ == SwitchState::kAsked && switch_at_ == taken_);
}

void AofWriter::Sleep() {
  MutexLock lock(mutex_);
  if (stopping_ || pokes_ != pokes_answered_) return;
  if (error() != 0) {
    wake_.WaitFor(mutex_, milliseconds(kRetryMs));
  } else {
    asleep_.store(true, std::memory_order_seq_cst);
    if (!HasWork()) wake_.WaitFor(mutex_, milliseconds(kSyncMs));
    asleep_.store(false, std::memory_order_relaxed);
  }
}

}  // namespace larder
