// Persistence: save points, SAVE and BGSAVE, and the file at the end of the server.
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/config/words.h"
#include "server/engine/engine.h"
#include "server/engine/script_host.h"
#include "server/persistence/persistence.h"
#include "server/persistence/snapshot_file.h"

namespace larder {
namespace {

// True when eviction goes by when keys were used last.
bool NotesUses(const Settings& settings) {
  const auto policy = static_cast<EvictionPolicy>(int64_t{settings.maxmemory_policy});
  return policy == EvictionPolicy::kVolatileLru || policy == EvictionPolicy::kAllkeysLru;
}

}  // namespace

void Persistence::ReadSavePoints(const std::string& text) {
  const std::vector<std::string> words = ValueWords(text);
  std::vector<SavePoint> points;
  for (size_t i = 0; i + 1 < words.size(); i += 2) {
    SavePoint point = {};
    if (ParseInt64(words[i], &point.seconds) && ParseInt64(words[i + 1], &point.changes)) {
      points.push_back(point);
    }
  }
  save_points_count_.store(points.size(), std::memory_order_relaxed);
  {
    MutexLock lock(mutex_);
    save_points_ = std::move(points);
  }
  UpdateSaveFailed();
}

void Persistence::UpdateSaveFailed() {
  MutexLock lock(mutex_);
  save_failed_.store(!state_.last_save_ok && !save_points_.empty(), std::memory_order_relaxed);
}

RdbSave::Options Persistence::SaveOptions() const {
  const Settings& settings = engine_.config.settings();
  RdbSave::Options options;
  options.key_delay_us = settings.rdb_key_save_delay_us;
  if (NotesUses(settings)) options.access = RdbSave::Options::Access::kIdle;
  if (CountsUses(settings)) options.access = RdbSave::Options::Access::kFrequency;
  options.lfu = {settings.lfu_log_factor, settings.lfu_decay_minutes};
  options.writer = {.compress = settings.rdb_compression != 0,
                    .checksum = settings.rdb_checksum != 0};
  options.left_out = left_out_;
  return options;
}

RdbFacts Persistence::Facts() {
  RdbFacts facts = LibraryFacts();
  // What is not whole is no point of a history: who went on from there would miss what is left out.
  if (on_cut && left_out_.empty()) on_cut(facts);
  return facts;
}

RdbFacts Persistence::LibraryFacts() const {
  RdbFacts facts;
  if (engine_.scripts != nullptr) facts.libraries = engine_.scripts->LibrarySources();
  return facts;
}

Persistence::Target Persistence::TargetNow() const {
  return {engine_.config.Text("dir"), engine_.config.Text("dbfilename")};
}

bool Persistence::WriteFile(std::string_view kind, const Target& target,
                            absl::FunctionRef<bool(RdbSink&)> write, std::string* error) {
  SnapshotFile file(target.directory, kind, engine_.config.settings().rdb_incremental_fsync != 0);
  const bool ok = write(file) && file.Commit(target.name);
  *error = file.error();
  return ok;
}

bool Persistence::Save() {
  const uint64_t changes = TotalChanges();
  std::string error;
  const bool ok = WriteFile(
      SnapshotFile::kWhileAllWait, TargetNow(),
      [this](RdbSink& sink) {
        RdbFacts facts = Facts();
        facts.sizes = SizesOf(engine_.keyspace);
        return WriteKeyspace(engine_.keyspace, facts, sink, SaveOptions(),
                             ValueLimits(engine_.config.settings()));
      },
      &error);
  if (!ok) {
    Log(LogLevel::kWarning, error);
    return false;
  }
  NoteSaved(true, changes);
  Log(LogLevel::kNotice, "DB saved on disk");
  return true;
}

bool Persistence::saving() const {
  MutexLock lock(mutex_);
  return Saving() && !snapshot_.aborted();
}

bool Persistence::Saving() const {
  return snapshot_.running() || state_.running_since_s > 0 || aof_.rewriting();
}

bool Persistence::Quiet() const {
  return !Saving() && !scheduled_ && !aof_.scheduled() && aof_.state() == Aof::State::kOff;
}

Persistence::Begun Persistence::BeginSave(bool later) {
  MutexLock lock(mutex_);
  if (Saving() && !snapshot_.aborted() && (!later || !aof_.rewriting())) return Begun::kBusy;
  // One that was aborted is about to end; the thread begins the next then.
  state_.about_to_run = !later && Saving();
  scheduled_ = later || state_.about_to_run;
  if (scheduled_) {
    changed_.NotifyOne();
    return later ? Begun::kScheduled : Begun::kStarted;
  }
  last_try_s_ = WallMs() / 1000;
  changes_at_cut_ = TotalChanges();
  cut_ = snapshot_.Cut(Facts());
  cut_target_ = TargetNow();
  cut_options_ = SaveOptions();
  state_.running_since_s = last_try_s_;
  to_write_ = Writing::kSnapshot;
  changed_.NotifyOne();
  return Begun::kStarted;
}

void Persistence::AbortSave() {
  if (snapshot_.running() && !aof_.rewriting()) snapshot_.Abort();
}

void Persistence::NoteSaved(bool ok, uint64_t changes_then) {
  {
    MutexLock lock(mutex_);
    state_.last_save_ok = ok;
    if (ok) {
      state_.last_save_s = WallMs() / 1000;
      ++state_.saves;
      saved_changes_.store(changes_then, std::memory_order_relaxed);
    }
  }
  UpdateSaveFailed();
}

bool Persistence::Shutdown::Add(std::string_view word) {
  bool* flag = EqualsIgnoreCase(word, "save")     ? &save
               : EqualsIgnoreCase(word, "nosave") ? &no_save
               : EqualsIgnoreCase(word, "now")    ? &now
               : EqualsIgnoreCase(word, "force")  ? &force
                                                  : nullptr;
  if (flag != nullptr) *flag = true;
  return flag != nullptr;
}

bool Persistence::PrepareShutdown(const std::string& words, bool patient) {
  Shutdown options = {.patient = patient};
  for (const std::string& word : ValueWords(words)) options.Add(word);
  return PrepareShutdown(main_worker_, options);
}

bool Persistence::PrepareShutdown(Worker& worker, const Shutdown& options) {
  Log(LogLevel::kWarning, "User requested shutdown...");
  AbortSave();
  if (!PrepareAofForShutdown(options)) return false;
  // What is half loaded must not take the place of the whole.
  if (loading() || (!options.save && (options.no_save || !has_save_points()))) return true;
  Log(LogLevel::kNotice, "Saving the final RDB snapshot before exiting.");
  {
    saving_to_stop_ = true;
    GateClosed closed(engine_.gate, worker.gate_slot);
    // Half a script is kept nowhere: whoever ended it has given up what came since the last save.
    const bool sealed = engine_.log.sealed();
    saved_to_stop_ = !sealed && Save();
    saving_to_stop_ = false;
    if (sealed) return true;
  }
  if (saved_to_stop_) return true;
  if (options.force) {
    Log(LogLevel::kWarning, "Error trying to save the DB. Exit anyway.");
    return true;
  }
  Log(LogLevel::kWarning, "Error trying to save the DB, can't exit.");
  Log(LogLevel::kWarning,
      "Errors trying to shut down the server. Check the logs for more information.");
  return false;
}

}  // namespace larder
