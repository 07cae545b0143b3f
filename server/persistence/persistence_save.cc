// Persistence: save points, SAVE and BGSAVE, and the file at the end of the server.
#include <algorithm>

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

Persistence::Target Persistence::TargetNow() {
  return {.directory = engine_.config.Text("dir"),
          .name = engine_.config.Text("dbfilename"),
          .number = NumberFile(),
          .changes = TotalChanges()};
}

// The disk may take long for a file, during which a later one is written while everybody waits
// (FLUSHALL, the end of the server).
Snapshot::Outcome Persistence::WriteFile(std::string_view kind, const Target& target,
                                         absl::FunctionRef<Snapshot::Outcome(RdbSink&)> write,
                                         std::string* error) {
  using Outcome = Snapshot::Outcome;
  SnapshotFile file(target.directory, kind, engine_.config.settings().rdb_incremental_fsync != 0);
  Outcome outcome = write(file);
  if (outcome == Outcome::kWritten && !file.Finish()) outcome = Outcome::kFailed;
  if (outcome == Outcome::kAborted) return outcome;
  MutexLock lock(place_mutex_);
  const bool whole = outcome == Outcome::kWritten;
  outcome = PutInPlace(target.number, [&] { return whole && file.Commit(target.name); });
  if (outcome == Outcome::kAborted) return outcome;
  *error = file.error();
  const bool ok = outcome == Outcome::kWritten;
  // Who waits for a file is told himself that there is none.
  if (ok || kind == SnapshotFile::kInBackground) NoteSaved(ok, target.changes);
  return outcome;
}

Snapshot::Outcome Persistence::PutInPlace(uint64_t number, absl::FunctionRef<bool()> put) {
  using Outcome = Snapshot::Outcome;
  if (number <= outdated_) return Outcome::kAborted;
  if (!put()) return Outcome::kFailed;
  outdated_ = number;
  return Outcome::kWritten;
}

Snapshot::Outcome Persistence::Keep(uint64_t number,
                                    absl::FunctionRef<bool(const std::string& path)> put) {
  const std::string path = engine_.config.Path("dbfilename");
  MutexLock lock(place_mutex_);
  return PutInPlace(number, [&] { return put(path); });
}

bool Persistence::Save() {
  using Outcome = Snapshot::Outcome;
  if (incomplete()) {
    Log(LogLevel::kWarning, "DB not saved: the data of the primary are not here yet");
    return false;
  }
  std::string error;
  const Outcome outcome = WriteFile(
      SnapshotFile::kWhileAllWait, TargetNow(),
      [this](RdbSink& sink) {
        RdbFacts facts = Facts();
        facts.sizes = SizesOf(engine_.keyspace);
        const bool whole = WriteKeyspace(engine_.keyspace, facts, sink, SaveOptions(),
                                         ValueLimits(engine_.config.settings()));
        return whole ? Outcome::kWritten : Outcome::kFailed;
      },
      &error);
  if (outcome != Outcome::kWritten) {
    Log(LogLevel::kWarning, error);
    return false;
  }
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
  later |= incomplete();
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
  cut_ = snapshot_.Cut(Facts());
  cut_target_ = TargetNow();
  cut_options_ = SaveOptions();
  state_.running_since_s = last_try_s_;
  to_write_ = Writing::kSnapshot;
  changed_.NotifyOne();
  return Begun::kStarted;
}

// Once its snapshot is written the one that runs may be a full sync's, while the disk takes ours.
void Persistence::AbortSave() {
  uint64_t number;
  {
    MutexLock lock(mutex_);
    if (snapshot_.running() && !aof_.rewriting()) snapshot_.Abort();
    if (state_.running_since_s > 0) snapshot_.Abort(cut_);
    number = cut_target_.number;
  }
  MutexLock lock(place_mutex_);
  outdated_ = std::max(outdated_, number);
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
  const bool wanted = options.save || (!options.no_save && has_save_points());
  if (!wanted || loading() || incomplete()) return true;
  Log(LogLevel::kNotice, "Saving the final RDB snapshot before exiting.");
  {
    saving_to_stop_ = true;
    GateClosed closed(engine_.gate, worker.gate_slot);
    // Half a script is kept nowhere: whoever ended it has given up what came since the last save.
    const bool half = engine_.log.sealed() || incomplete();
    saved_to_stop_ = !half && Save();
    saving_to_stop_ = false;
    if (half) return true;
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
