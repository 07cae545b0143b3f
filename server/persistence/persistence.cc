#include "server/persistence/persistence.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/time_of_day.h"
#include "server/config/words.h"
#include "server/engine/engine.h"
#include "server/engine/script_host.h"
#include "server/persistence/import.h"
#include "server/persistence/progress_source.h"
#include "server/persistence/snapshot_file.h"

namespace larder {
namespace {

constexpr std::chrono::milliseconds kRound{100};
constexpr std::chrono::milliseconds kQuietRound{1000};  // save points and backups count in seconds
constexpr int64_t kRetryDelayS = 5;                     // after a save that failed

// True when eviction goes by when keys were used last.
bool NotesUses(const Settings& settings) {
  const auto policy = static_cast<EvictionPolicy>(int64_t{settings.maxmemory_policy});
  return policy == EvictionPolicy::kVolatileLru || policy == EvictionPolicy::kAllkeysLru;
}

int64_t NowS() { return WallMs() / 1000; }

}  // namespace

Persistence& PersistenceOf(Context& c) { return static_cast<Persistence&>(*c.engine.persistence); }

Persistence::Persistence(Engine& engine)
    : engine_(engine),
      worker_(engine.gate, engine.stats.AddWorker()),
      main_worker_(engine.gate, engine.stats.AddWorker()),
      snapshot_(engine),
      aof_(engine, WriterEvents()),
      backups_(NowS()) {
  {
    MutexLock lock(mutex_);
    state_.last_save_s = NowS();
  }
  ReadSavePoints(engine.config.Text("save"));
  engine.config.OnChange("save", [this](const std::string& text, std::string*) {
    ReadSavePoints(text);
    return true;
  });
  FollowAofDirectives();
}

Persistence::~Persistence() { Stop(); }

void Persistence::StopWaiting() { SnapshotFile::RemoveTemporaries(); }

void Persistence::Stop() {
  if (saved_to_stop_.exchange(false) && changes() > 0) {
    GateClosed closed(engine_.gate, main_worker_.gate_slot);
    Save();
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
    std::vector<std::string> lines;
    {
      MutexLock lock(mutex_);
      const bool idle = !stopping_ && to_write_ == Writing::kNothing && later_lines_.empty();
      if (idle) changed_.WaitFor(mutex_, Quiet() ? kQuietRound : kRound);
      to_write = std::exchange(to_write_, Writing::kNothing);
      stopping = stopping_;
      lines.swap(later_lines_);
    }
    for (const std::string& line : lines) Log(LogLevel::kVerbose, line);
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
  if (saving()) return;
  const bool save = SaveIsDue(NowS());
  if (!save && !aof_.RewriteIsDue(NowS())) return;
  GateClosed closed(engine_.gate, worker_.gate_slot);
  if (save) {
    BeginSave(false);
  } else {
    BeginRewrite(false);
  }
}

bool Persistence::SaveIsDue(int64_t now_s) const {
  const auto changes = static_cast<int64_t>(this->changes());
  const bool backup = BackupIsDue(now_s);
  SavePoint due = {};
  {
    MutexLock lock(mutex_);
    if (scheduled_) return true;
    if (!state_.last_save_ok && now_s - last_try_s_ <= kRetryDelayS) return false;
    if (backup) return true;
    for (const SavePoint& point : save_points_) {
      if (changes < point.changes || now_s - state_.last_save_s <= point.seconds) continue;
      due = point;
      break;
    }
  }
  if (due.seconds == 0) return false;
  Log(LogLevel::kNotice, due.changes, " changes in ", due.seconds, " seconds. Saving...");
  return true;
}

bool Persistence::BackupIsDue(int64_t now_s) const {
  const std::optional<int> minute = ParseTimeOfDay(engine_.config.Text("backup-schedule"));
  return minute.has_value() && backups_.IsDue(*minute, now_s);
}

void Persistence::TakeBackup() {
  int64_t keep = 1;
  ParseInt64(engine_.config.Text("backup-retention"), &keep);
  std::string error;
  const std::string file = engine_.config.Text("dbfilename");
  if (backups_.Take(file, NowS(), static_cast<size_t>(keep), &error)) {
    Log(LogLevel::kNotice, "Daily backup taken");
  } else {
    Log(LogLevel::kWarning, error);
  }
}

void Persistence::WriteInBackground() {
  Log(LogLevel::kNotice, "Background saving started");
  std::string error;
  const int64_t begin_s = NowS();
  uint64_t changes_at_cut;
  RdbSave::Options options;
  {
    MutexLock lock(mutex_);
    changes_at_cut = changes_at_cut_;
    options = cut_options_;
  }
  const bool ok = WriteFile(
      SnapshotFile::kInBackground,
      [&](RdbSink& sink) { return snapshot_.Write(sink, std::move(options)); }, &error);
  const bool aborted = !ok && snapshot_.aborted();
  if (!aborted) NoteSaved(ok, changes_at_cut);
  {
    MutexLock lock(mutex_);
    state_.running_since_s = 0;
    state_.last_kept_bytes = snapshot_.kept_bytes();
    state_.last_duration_s = NowS() - begin_s;
  }
  if (ok) {
    Log(LogLevel::kNotice, "Background saving terminated with success");
    if (BackupIsDue(NowS())) TakeBackup();
  } else if (aborted) {
    Log(LogLevel::kWarning, "Background saving terminated: it was not wanted any more");
  } else {
    Log(LogLevel::kWarning, error);
    Log(LogLevel::kWarning, "Background saving error");
  }
}

void Persistence::LogLater(std::string line) {
  {
    MutexLock lock(mutex_);
    if (later_lines_.size() >= kMostLaterLines) return;
    later_lines_.push_back(std::move(line));
  }
  changed_.NotifyOne();
}

// ---- Saving -------------------------------------------------------------------------------------

void Persistence::ReadSavePoints(const std::string& text) {
  const std::vector<std::string> words = SplitWords(text).value_or(std::vector<std::string>{});
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

bool Persistence::WriteFile(std::string_view kind, absl::FunctionRef<bool(RdbSink&)> write,
                            std::string* error) {
  SnapshotFile file(kind, engine_.config.settings().rdb_incremental_fsync != 0);
  const bool ok = write(file) && file.Commit(engine_.config.Text("dbfilename"));
  *error = file.error();
  return ok;
}

bool Persistence::Save() {
  const uint64_t changes = TotalChanges();
  std::string error;
  const bool ok = WriteFile(
      SnapshotFile::kWhileAllWait,
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
  last_try_s_ = NowS();
  changes_at_cut_ = TotalChanges();
  snapshot_.Cut(Facts());
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
      state_.last_save_s = NowS();
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

bool Persistence::PrepareShutdown(const std::string& words) {
  Shutdown options;
  for (const std::string& word : SplitWords(words).value_or(std::vector<std::string>{})) {
    options.Add(word);
  }
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
    GateClosed closed(engine_.gate, worker.gate_slot);
    saving_to_stop_ = true;
    saved_to_stop_ = Save();
    saving_to_stop_ = false;
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

// ---- Loading ------------------------------------------------------------------------------------

// What is changed before the append-only file is opened would not be in it.
void Persistence::ExpectFile() {
  const bool exists = access(engine_.config.Text("dbfilename").c_str(), F_OK) == 0;
  const bool imports = !engine_.config.Text("import").empty();
  loading_.store(exists || imports || engine_.config.settings().appendonly,
                 std::memory_order_relaxed);
}

bool Persistence::LoadAtStart(std::string* error) {
  const int64_t begin_ms = MonotonicMs();
  const bool append_only = engine_.config.settings().appendonly != 0;
  bool ok = false;
  if (!append_only) OpenAof();
  // A file that was not there when clients came was written by them.
  if (loading()) {
    GateClosed closed(engine_.gate, main_worker_.gate_slot);
    if (append_only) {
      ok = LoadAof(main_worker_, error);
      if (!ok && error->empty()) WarnOfSnapshot();
    } else {
      RdbLoad::Options options;
      options.take_fact = take_fact;
      options.take_expired = take_expired;
      options.keep_expired = engine_.replica.load();  // the primary says when they go
      ok = LoadFile(std::move(options), error);
    }
    if ((ok || error->empty()) && !ImportOnce(error)) ok = false;
    if (append_only && error->empty() && !stop_loading_) {
      aof_left_out_ = left_out_;
      aof_.Start(SaveOptions(), LibraryFacts(), error);
      if (!engine_.config.Text("import").empty()) aof_.ScheduleRewrite();
    }
  }
  if (stop_loading_.load(std::memory_order_relaxed)) return true;
  if (!error->empty()) {
    Log(LogLevel::kWarning, "Terminating server after rdb file reading failure.");
    *error = StrCat("Fatal error loading the DB: ", *error, ". Exiting.");
    return false;
  }
  found_data_ = ok || !engine_.config.Text("import").empty();
  loading_.store(false, std::memory_order_relaxed);
  thread_ = std::thread([this] { Run(); });
  if (!ok) return true;  // there is no file
  char seconds[32];
  std::snprintf(seconds, sizeof(seconds), "%.3f",
                static_cast<double>(MonotonicMs() - begin_ms) / 1000);
  Log(LogLevel::kNotice, "DB loaded from ", append_only ? "append only file" : "disk", ": ",
      seconds, " seconds");
  return true;
}

bool Persistence::ImportOnce(std::string* error) {
  const std::string from = engine_.config.Text("import");
  if (from.empty()) return true;
  // Not a word of the address: it may hold a password.
  const std::string what = from.starts_with("redis://") ? "another server" : from;
  Log(LogLevel::kNotice, "Importing from ", what);
  std::optional<Import> import = OpenImport(from, error);
  const bool ok = import && Load(*import->source, import->size_bytes,
                                 {.replace_existing = true, .only_db = import->only_db}, error);
  if (!ok) *error = StrCat("import from ", what, ": ", *error);
  return ok;
}

bool Persistence::Reload(bool replace_existing, std::string* error) {
  const bool ok = LoadFile({.replace_existing = replace_existing}, error);
  if (!ok && error->empty()) *error = "there is no file";
  return ok;
}

// False with an empty error: there is no file.
bool Persistence::LoadFile(RdbLoad::Options options, std::string* error) {
  const std::string name = engine_.config.Text("dbfilename");
  error->clear();
  FileSource file(name);
  if (!file.opened()) {
    if (errno != ENOENT) *error = StrCat("can't open ", name, ": ", std::strerror(errno));
    return false;
  }
  return Load(file, file.size_bytes(), std::move(options), error);
}

bool Persistence::Load(RdbSource& source, uint64_t size_bytes, RdbLoad::Options options,
                       std::string* error) {
  const Settings& settings = engine_.config.settings();
  options.now_ms = WallMs();
  options.counts_uses = CountsUses(settings);
  options.check_checksum = settings.rdb_checksum != 0;
  options.key_delay_us = settings.key_load_delay_us;
  const bool beside = options.target != nullptr;
  if (engine_.scripts != nullptr && !options.load_library) {
    options.load_library = [this](std::string_view library_source, bool replace) {
      const std::string library(library_source);
      return engine_.scripts->RestoreLibraries(
          {&library, 1}, replace ? LibraryMerge::kReplace : LibraryMerge::kAppend);
    };
  }
  if (options.stop == nullptr) options.stop = &stop_loading_;
  ProgressSource with_progress(source, size_bytes);
  RdbLoad load(with_progress, engine_.keyspace, std::move(options), ValueLimits(settings));
  {
    MutexLock lock(mutex_);
    running_load_ = &load;
    state_.loading_since_s = NowS();
    state_.loading_total_bytes = size_bytes;
  }
  const bool was_loading = loading_.load(std::memory_order_relaxed);
  if (!beside) loading_.store(true, std::memory_order_relaxed);
  const bool ok = load.Run();
  loading_.store(was_loading, std::memory_order_relaxed);
  {
    MutexLock lock(mutex_);
    running_load_ = nullptr;
    state_.keys_loaded = load.keys_loaded();
    state_.keys_expired = load.keys_expired();
  }
  if (!ok) {
    Log(LogLevel::kWarning, load.error(), ". Failure loading rdb format");
    if (!beside) engine_.keyspace.FlushAll();
    *error = load.error();
    return false;
  }
  const std::string empty =
      load.keys_empty() == 0 ? "" : StrCat(", empty keys skipped: ", load.keys_empty());
  Log(LogLevel::kNotice, "Done loading RDB, keys loaded: ", load.keys_loaded(),
      ", keys expired: ", load.keys_expired(), empty, ".");
  return true;
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

uint64_t Persistence::TotalChanges() const { return engine_.stats.Sum(&WorkerStats::changes); }

uint64_t Persistence::changes() const {
  return TotalChanges() - saved_changes_.load(std::memory_order_relaxed);
}

}  // namespace larder
