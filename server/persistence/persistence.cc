#include "server/persistence/persistence.h"

#include <chrono>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/engine/engine.h"
#include "server/engine/replication_host.h"
#include "server/persistence/snapshot_file.h"

namespace larder {
namespace {

constexpr std::chrono::milliseconds kRound{100};
constexpr std::chrono::milliseconds kQuietRound{1000};  // save points and backups count in seconds
constexpr int64_t kRetryDelayS = 5;                     // after a save that failed

int64_t NowS() { return WallMs() / 1000; }

// Whether more than these seconds have passed since then. What a clock has noted that went ahead,
// and was set back, is long ago.
bool IsOver(int64_t seconds, int64_t then_s, int64_t now_s) {
  return now_s < then_s || now_s - then_s > seconds;
}

}  // namespace

Persistence& PersistenceOf(Context& c) { return static_cast<Persistence&>(*c.engine.persistence); }

Persistence::Persistence(Engine& engine)
    : engine_(engine),
      worker_(engine.gate, engine.stats.AddWorker()),
      main_worker_(engine.gate, engine.stats.AddWorker()),
      snapshot_(engine),
      aof_(engine, WriterEvents()),
      backups_(NowS(), engine.config.Text("dir")) {
  {
    MutexLock lock(mutex_);
    state_.last_save_s = NowS();
  }
  ReadSavePoints(engine.config.Text("save"));
  engine.config.AfterChange("save", [this](const std::string& text) { ReadSavePoints(text); });
  FollowAofDirectives();
}

Persistence::~Persistence() { Stop(); }

void Persistence::DropUnfinishedFiles() const {
  SnapshotFile::RemoveTemporaries(engine_.config.Text("dir"));
}

void Persistence::Stop() {
  if (saved_to_stop_.exchange(false) && changes() > 0) {
    GateClosed closed(engine_.gate, main_worker_.gate_slot);
    if (!engine_.log.sealed()) Save();
  }
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  snapshot_.Abort();
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
  aof_.Stop();
}

// ---- The thread ---------------------------------------------------------------------------------

void Persistence::Run() {
  for (;;) {
    Writing to_write;
    bool stopping;
    {
      MutexLock lock(mutex_);
      const bool idle = !stopping_ && to_write_ == Writing::kNothing;
      if (idle) changed_.WaitFor(mutex_, Quiet() ? kQuietRound : kRound);
      to_write = std::exchange(to_write_, Writing::kNothing);
      stopping = stopping_;
    }
    if (to_write == Writing::kSnapshot) {
      WriteInBackground();
    } else if (to_write == Writing::kAofBase) {
      WriteAofBase();
    } else if (stopping) {
      return;
    } else {
      Round();
    }
  }
}

void Persistence::Round() {
  migration_.CloseIdle(MonotonicMs());
  if (saving() || incomplete()) return;
  const bool save = SaveIsDue(NowS());
  if (!save && !aof_.RewriteIsDue(NowS())) return;
  GateClosed closed(engine_.gate, worker_.gate_slot);
  if (incomplete()) return;  // what came was not whole, and the gate was closed for it
  if (save) {
    BeginSave(false);
  } else {
    BeginRewrite(false);
  }
}

bool Persistence::SaveIsDue(int64_t now_s) {
  const auto changes = static_cast<int64_t>(this->changes());
  const bool backup = BackupIsDue(now_s);
  SavePoint due = {};
  {
    MutexLock lock(mutex_);
    if (scheduled_) return true;
    if (!state_.last_save_ok && !IsOver(kRetryDelayS, last_try_s_, now_s)) return false;
    if (backup) return true;
    for (const SavePoint& point : save_points_) {
      if (changes < point.changes || !IsOver(point.seconds, state_.last_save_s, now_s)) continue;
      due = point;
      break;
    }
  }
  if (due.seconds == 0) return false;
  Log(LogLevel::kNotice, due.changes, " changes in ", due.seconds, " seconds. Saving...");
  return true;
}

// Of nothing none is taken: it would push out one that holds something.
bool Persistence::BackupIsDue(int64_t now_s) {
  const int64_t minute = engine_.config.settings().backup_minute;
  if (minute < 0 || !backups_.IsDue(static_cast<int>(minute), now_s)) return false;
  if (HasKeysForFiles()) return true;
  Log(LogLevel::kNotice, "No daily backup: there are no keys");
  backups_.Skip(now_s);
  return false;
}

bool Persistence::HasKeysForFiles() const {
  for (int db = 0; db < engine_.keyspace.databases(); ++db) {
    if (!left_out_.Has(db) && engine_.keyspace.Size(db) > 0) return true;
  }
  return false;
}

void Persistence::TakeBackup() {
  std::string error;
  const std::string file = engine_.config.Path("dbfilename");
  const auto keep = static_cast<size_t>(engine_.config.settings().backup_retention);
  const bool ok = backups_.Take(file, NowS(), keep, &error);
  if (ok) {
    Log(LogLevel::kNotice, "Daily backup taken");
  } else {
    Log(LogLevel::kWarning, error);
  }
  MutexLock lock(mutex_);
  state_.last_backup_ok = ok;
  if (ok) state_.last_backup_s = NowS();
}

void Persistence::WriteInBackground() {
  Log(LogLevel::kNotice, "Background saving started");
  std::string error;
  const int64_t begin_s = NowS();
  Target target;
  RdbSave::Options options;
  {
    MutexLock lock(mutex_);
    target = cut_target_;
    options = cut_options_;
  }
  const Snapshot::Outcome outcome = WriteFile(
      SnapshotFile::kInBackground, target,
      [&](RdbSink& sink) { return snapshot_.Write(sink, std::move(options)); }, &error);
  const bool ok = outcome == Snapshot::Outcome::kWritten;
  if (ok) {
    Log(LogLevel::kNotice, "Background saving terminated with success");
  } else if (outcome == Snapshot::Outcome::kAborted) {
    Log(LogLevel::kWarning, "Background saving terminated: it was not wanted any more");
  } else {
    Log(LogLevel::kWarning, error);
    Log(LogLevel::kWarning, "Background saving error");
  }
  {
    MutexLock lock(mutex_);
    state_.running_since_s = 0;
    state_.last_kept_bytes = snapshot_.kept_bytes();
    state_.last_duration_s = NowS() - begin_s;
  }
  if (ok && BackupIsDue(NowS())) TakeBackup();
}

// ---- State --------------------------------------------------------------------------------------

Persistence::State Persistence::state() const {
  MutexLock lock(mutex_);
  State state = state_;
  state.loading = loading();
  state.loading_beside = running_load_ != nullptr && !state.loading;
  state.loading_bytes = aof_loaded_bytes_.load(std::memory_order_relaxed);
  if (running_load_ != nullptr) state.loading_bytes += running_load_->position();
  return state;
}

bool Persistence::incomplete() const {
  if (engine_.replication != nullptr && engine_.replication->joining()) return true;
  return incomplete_ && engine_.replica.load();
}

uint64_t Persistence::TotalChanges() const { return engine_.stats.Sum(&WorkerStats::changes); }

uint64_t Persistence::changes() const {
  return TotalChanges() - saved_changes_.load(std::memory_order_relaxed);
}

}  // namespace larder
