// Persistence: what concerns the append-only file: its directives, rewrites, loading, the end.
#include <unistd.h>

#include <chrono>
#include <cstring>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/engine/engine.h"
#include "server/engine/script_host.h"
#include "server/engine/whole_keyspace.h"
#include "server/persistence/persistence.h"

namespace larder {

AofWriter::Events Persistence::WriterEvents() {
  return {.on_error = [this](int error) { aof_error_ = error; },
          .on_sync =
              [this](std::optional<uint64_t> offset) {
                synced_offset_ = offset.value_or(kNothing);
                if (aof_.preparing()) changed_.NotifyOne();
                if (on_sync) on_sync();
              },
          .on_outdated = [this] { aof_.ScheduleRewrite(); }};
}

void Persistence::FollowAofDirectives() {
  engine_.config.OnChange("appendonly", [this](const std::string& value, std::string* error) {
    if (aof_.rewriting()) {
      Log(LogLevel::kNotice, "Killing the running AOF rewrite, which has no child here");
      AbortRewrite();
    }
    if (value == "no") {
      aof_.TurnOff();
      aof_left_out_ = {};
      if (on_sync) on_sync();  // who waits for the file waits in vain
      return true;
    }
    if (!aof_.TurnOn(error)) return false;
    changed_.NotifyOne();
    return true;
  });
  engine_.config.OnChange("dir", [this](const std::string&, std::string*) {
    RestartRewrite();
    return true;
  });
  for (std::string_view name : {"appendfsync", "no-appendfsync-on-rewrite"}) {
    engine_.config.AfterChange(name, [this](const std::string&) { aof_.writer().Poke(); });
  }
  engine_.config.AfterChange("aof-disable-auto-gc",
                             [this](const std::string&) { aof_.RemoveHistory(); });
  WarnOfLocalWrites();
  for (std::string_view name : {"appendonly", "replica-read-only"}) {
    engine_.config.AfterChange(name, [this](const std::string&) { WarnOfLocalWrites(); });
  }
  FollowDatabasePersist();
}

// Unlike Redis: what is appended is the log, and a replica's is its primary's, byte for byte.
void Persistence::WarnOfLocalWrites() const {
  const Settings& settings = engine_.config.settings();
  if (settings.appendonly == 0 || settings.replica_read_only != 0) return;
  Log(LogLevel::kWarning,
      "replica-read-only is no, appendonly yes: what clients write to this server while it is a "
      "replica is not appended to the file, whatever appendfsync says; only a rewrite has it");
}

// What was on disk was of the one before, and the writer hears of that with the next news only.
void Persistence::NoteNewHistory() {
  synced_offset_ = kNothing;
  RestartRewrite();
  aof_.writer().Poke();
}

// Snapshots follow at once. The append-only file can't take a database in without its data, nor
// leave behind what it has of one, so it follows with the rewrite that begins now.
void Persistence::FollowDatabasePersist() {
  left_out_ = DatabaseSet::LeftOut(engine_.config.Text("database-persist"));
  engine_.config.OnChange("database-persist", [this](const std::string& value, std::string*) {
    left_out_ = DatabaseSet::LeftOut(value);
    if (aof_.state() != Aof::State::kOff) {
      aof_.ForgetFailures();
      aof_.ScheduleRewrite();
    }
    changed_.NotifyOne();
    return true;
  });
}

Persistence::Begun Persistence::BeginRewrite(bool later) {
  MutexLock lock(mutex_);
  if (aof_.rewriting()) return Begun::kBusy;
  if (later || Saving() || incomplete()) {
    aof_.ScheduleRewrite();
    changed_.NotifyOne();
    return Begun::kScheduled;
  }
  cut_ = snapshot_.Cut(LibraryFacts());
  cut_options_ = SaveOptions();
  if (aof_.state() != Aof::State::kOff) aof_left_out_.Add(cut_options_.left_out);
  aof_.BeginRewrite(cut_options_.left_out);
  to_write_ = Writing::kAofBase;
  changed_.NotifyOne();
  return Begun::kStarted;
}

// Once its snapshot is written the one that runs may be a full sync's.
void Persistence::AbortRewrite() {
  MutexLock lock(mutex_);
  if (aof_.rewriting()) snapshot_.Abort(cut_);
}

// What the one that runs makes would be of no use: it ends soon, and the next begins.
void Persistence::RestartRewrite() {
  AbortRewrite();
  aof_.OutdateRewrite();
}

void Persistence::WriteAofBase() {
  RdbSave::Options options;
  {
    MutexLock lock(mutex_);
    options = cut_options_;
  }
  const DatabaseSet left_out = options.left_out;
  const bool ok = aof_.WriteBase(snapshot_, std::move(options));
  if (aof_.state() == Aof::State::kOff) return;
  if (ok) {
    aof_left_out_ = left_out;
  } else if (!(aof_left_out_ == left_out_)) {
    aof_.ScheduleRewrite();
  }
}

// What the file holds of them is from before they were left out, and old. It is written anew, or
// that would come back when they are taken in again.
void Persistence::DropLeftOut() {
  for (int db = 0; db < engine_.keyspace.databases(); ++db) {
    if (!left_out_.Has(db) || engine_.keyspace.Size(db) == 0) continue;
    engine_.keyspace.Flush(db, true);
    if (engine_.config.settings().appendonly) aof_.ScheduleRewrite();
  }
}

bool Persistence::LoadAof(Worker& worker, std::string* error) {
  const Settings& settings = engine_.config.settings();
  AofLoad::Options options;
  options.load_rdb = [this](RdbSource& source, uint64_t* size, std::string* reason) {
    RdbLoad::Options rdb;
    rdb.keep_expired = true;
    rdb.ended_at = size;
    return Load(source, aof_.total_bytes(), std::move(rdb), reason);
  };
  options.cut_truncated = settings.aof_load_truncated != 0;
  options.stop = &stop_loading_;
  options.command_delay_us = settings.key_load_delay_us;
  options.progress = &aof_loaded_bytes_;
  {
    MutexLock lock(mutex_);
    state_.loading_since_s = WallMs() / 1000;
  }
  worker.now_ms = WallMs();
  const bool loaded = aof_.Load(worker, options, error);
  aof_loaded_bytes_ = 0;
  if (!error->empty()) engine_.keyspace.FlushAll();
  DropLeftOut();
  saved_changes_.store(TotalChanges(), std::memory_order_relaxed);
  return loaded;
}

void Persistence::OpenAof() {
  std::string error;
  if (aof_.Open(&error)) return;
  Log(LogLevel::kWarning, error, "; appendonly is off, so this does not matter now");
}

// As Redis: the append-only file alone counts, and soon it will hold what there is now.
void Persistence::WarnOfSnapshot() const {
  const std::string name = engine_.config.Path("dbfilename");
  if (access(name.c_str(), F_OK) != 0) return;
  Log(LogLevel::kWarning, "There is a snapshot ", name,
      " but no append-only file: starting empty. To go on with the snapshot, stop now with "
      "SHUTDOWN NOSAVE, remove ",
      engine_.config.Text("appenddirname"),
      ", start with appendonly no, and then CONFIG SET appendonly yes.");
}

bool Persistence::ReloadAof(Context& c, std::string* error) {
  if (!aof_.writer().Drain()) {
    *error =
        StrCat("the append only file can't be written: ", std::strerror(aof_.writer().error()));
    return false;
  }
  FlushAllDatabases(engine_, /*lazy=*/true, c.ready);
  engine_.scripts->RestoreLibraries({}, LibraryMerge::kFlush);
  loading_.store(true, std::memory_order_relaxed);
  LoadAof(c.worker, error);
  loading_.store(false, std::memory_order_relaxed);
  return error->empty();
}

// A signal can't be told to come again later: the server ends with a file that holds its data, or
// goes on where the file can't be written.
void Persistence::AwaitFirstBase() {
  constexpr std::chrono::milliseconds kLook{5};  // between two
  Log(LogLevel::kNotice, "Writing initial AOF, the server ends when it is there.");
  saving_to_stop_ = true;
  aof_.ForgetFailures();
  while (WantsBase() && aof_.info().failures_in_a_row == 0 && !engine_.stopping.aborted()) {
    std::this_thread::sleep_for(kLook);
  }
  saving_to_stop_ = false;
}

bool Persistence::PrepareAofForShutdown(const Shutdown& options) {
  if (aof_.state() == Aof::State::kOff) return true;
  if (WantsBase() && options.patient && !options.force) AwaitFirstBase();
  if (WantsBase()) {
    if (!options.force) {
      Log(LogLevel::kWarning, "Writing initial AOF, can't exit.");
      Log(LogLevel::kWarning,
          "Errors trying to shut down the server. Check the logs for more information.");
      return false;
    }
    Log(LogLevel::kWarning, "Writing initial AOF. Exit anyway.");
  }
  if (aof_.rewriting()) {
    Log(LogLevel::kWarning, "There is a rewrite of the AOF. Ending it!");
    AbortRewrite();
  }
  Log(LogLevel::kNotice, "Calling fsync() on the AOF file.");
  if (!aof_.writer().Drain()) {
    Log(LogLevel::kWarning, "Fail to fsync the AOF file: ", std::strerror(aof_.writer().error()));
  }
  return true;
}

}  // namespace larder
