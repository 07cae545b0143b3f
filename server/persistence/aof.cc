#include "server/persistence/aof.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "server/base/check.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/strings.h"
#include "server/engine/engine.h"
#include "server/persistence/snapshot_file.h"

namespace larder {

Aof::Aof(Engine& engine, AofWriter::Events events)
    : engine_(engine), files_(engine.config), writer_(engine, std::move(events)) {}

Aof::~Aof() = default;

// ---- At the start -------------------------------------------------------------------------------

bool Aof::Expect() {
  std::string error;
  return !files_.Open(&error) || files_.any();
}

bool Aof::Load(Worker& worker, const AofLoad::Options& options, std::string* error) {
  error->clear();
  uint64_t base_bytes, total_bytes;
  if (!files_.Open(error) || !files_.TakeOldFile(error) ||
      !files_.Sizes(&total_bytes, &base_bytes, error)) {
    return false;
  }
  total_bytes_ = total_bytes;
  {
    MutexLock lock(mutex_);
    info_.base_bytes = base_bytes;
  }
  AofLoad load(engine_, worker, options);
  const std::vector<std::string> names = files_.Names();
  for (const std::string& name : names) {
    const int64_t begin_us = MonotonicUs();
    const AofLoad::Result result = load.Load(files_.PathOf(name));
    *error = load.error();
    if (result == AofLoad::Result::kTruncated && name != names.back()) {
      *error = StrCat("the truncated file ", name, " is not the last file");
    }
    if (!error->empty()) return false;
    char seconds[32];
    std::snprintf(seconds, sizeof(seconds), "%.3f",
                  static_cast<double>(MonotonicUs() - begin_us) / 1e6);
    Log(LogLevel::kNotice, "DB loaded from file ", name, ": ", seconds, " seconds");
  }
  return !names.empty();
}

bool Aof::Start(RdbSave::Options options, RdbFacts facts, std::string* error) {
  const DatabaseSet left_out = options.left_out;
  if (files_.Names().empty() && !MakeFirstBase(std::move(options), std::move(facts), error)) {
    return false;
  }
  std::unique_ptr<AppendFile> last = files_.OpenLast(error);
  if (last == nullptr) return false;
  files_.RemoveHistory();
  auto holder = std::make_shared<std::unique_ptr<AppendFile>>(std::move(last));
  writer_.Begin([holder] { return std::move(*holder); }, left_out);
  writer_.Count();
  state_ = State::kOn;
  return true;
}

bool Aof::MakeFirstBase(RdbSave::Options options, RdbFacts facts, std::string* error) {
  const bool rdb = engine_.config.settings().aof_use_rdb_preamble != 0;
  SnapshotFile file(engine_.config.Text("dir"), SnapshotFile::kRewrite, false);
  facts.sizes = SizesOf(engine_.keyspace);
  bool whole;
  if (rdb) {
    options.aof_base = true;
    const ValueLimits limits(engine_.config.settings());
    whole = WriteKeyspace(engine_.keyspace, facts, file, options, limits);
  } else {
    CommandSave save(file, CommandOptions(options));
    whole = WriteKeyspace(engine_.keyspace, facts, save);
  }
  whole = whole && file.Finish();
  *error = file.error();
  if (!whole || !files_.ReplaceBase(file.path(), rdb, AofFiles::Increments::kNone, error)) {
    return false;
  }
  file.Release();
  Log(LogLevel::kNotice, "Creating AOF base file ", files_.Names().front(), " on server start");
  return true;
}

// ---- Directives ---------------------------------------------------------------------------------

bool Aof::TurnOn(std::string* error) {
  if (!files_.MakeDirectory(error)) {
    Log(LogLevel::kWarning, *error);
    *error = "Unable to turn on AOF. Check server logs.";
    return false;
  }
  ForgetFailures();
  MutexLock lock(turn_mutex_);
  if (state() != State::kOff) return true;
  ++generation_;
  scheduled_ = true;
  state_ = State::kWaiting;
  return true;
}

void Aof::TurnOff() {
  MutexLock lock(turn_mutex_);
  if (state() == State::kOff) return;
  const bool waiting = state() == State::kWaiting && writer_.running();
  ++generation_;
  scheduled_ = false;
  state_ = State::kOff;
  writer_.End();
  scheduled_ = false;  // the writer may have asked for one at its end
  if (waiting) files_.RemoveTemporary();
}

// ---- Rewriting ----------------------------------------------------------------------------------

bool Aof::RewriteIsDue(int64_t now_s) {
  if (state() == State::kOn && writer_.lost()) {
    // Another history has begun (a full sync): what is on disk belongs to the one before.
    ForgetFailures();
    MutexLock lock(turn_mutex_);
    ++generation_;
    writer_.End();
    state_ = State::kWaiting;
    scheduled_ = true;
  }
  if (!scheduled_) {
    preparing_ = false;  // it was called off
    if (!HasGrown()) return false;
  }
  if (!preparing_) {
    if (Limited(now_s)) return false;
    scheduled_ = preparing_ = true;
    writer_.RequestSync();  // replies to what comes behind the cut wait for what is before it
  }
  return !writer_.syncing();
}

bool Aof::HasGrown() const {
  const Settings& settings = engine_.config.settings();
  if (state() != State::kOn || settings.auto_aof_rewrite_percentage == 0) return false;
  const Info now = info();
  if (now.size_bytes <= static_cast<uint64_t>(int64_t{settings.auto_aof_rewrite_min_bytes})) {
    return false;
  }
  const uint64_t base = std::max<uint64_t>(now.base_bytes, 1);
  const auto growth = static_cast<int64_t>(now.size_bytes * 100 / base) - 100;
  if (growth < settings.auto_aof_rewrite_percentage) return false;
  Log(LogLevel::kNotice, "Starting automatic rewriting of AOF on ", growth, "% growth");
  return true;
}

// After three failures in a row the next tries come later and later, up to an hour.
bool Aof::Limited(int64_t now_s) {
  constexpr uint64_t kFailures = 3;
  constexpr int64_t kMostMinutes = 60;
  int64_t minutes;
  {
    MutexLock lock(mutex_);
    if (info_.failures_in_a_row < kFailures) {
      limited_until_s_ = delay_minutes_ = 0;
      return false;
    }
    if (limited_until_s_ != 0) {
      if (now_s < limited_until_s_) return true;
      limited_until_s_ = 0;
      return false;
    }
    delay_minutes_ = std::clamp<int64_t>(delay_minutes_ * 2, 1, kMostMinutes);
    limited_until_s_ = now_s + delay_minutes_ * 60;
    minutes = delay_minutes_;
  }
  Log(LogLevel::kWarning,
      "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ",
      minutes, " minutes");
  return true;
}

void Aof::ForgetFailures() {
  MutexLock lock(mutex_);
  info_.failures_in_a_row = 0;
  limited_until_s_ = delay_minutes_ = 0;
}

AofWriter::Opener Aof::Opener(std::unique_ptr<AppendFile> (AofFiles::*open)(std::string*)) {
  return [this, open] {
    std::string error;
    std::unique_ptr<AppendFile> file = (files_.*open)(&error);
    if (file == nullptr) Log(LogLevel::kWarning, error);
    return file;
  };
}

void Aof::BeginRewrite(const DatabaseSet& left_out) {
  scheduled_ = preparing_ = false;
  began_s_ = WallMs() / 1000;
  writer_.set_snapshot_running(true);
  {
    MutexLock lock(mutex_);
    ++info_.rewrites;
  }
  MutexLock lock(turn_mutex_);
  cut_generation_ = generation_.load();
  if (state() == State::kOn) writer_.SwitchAt(Opener(&AofFiles::OpenNext), left_out);
  if (state() == State::kWaiting) writer_.Begin(Opener(&AofFiles::OpenTemporary), left_out);
}

CommandSave::Options Aof::CommandOptions(const RdbSave::Options& options) const {
  return {.left_out = options.left_out,
          .timestamp = engine_.config.settings().aof_timestamp_enabled != 0,
          .key_delay_us = options.key_delay_us};
}

bool Aof::WriteBase(Snapshot& snapshot, RdbSave::Options options) {
  Log(LogLevel::kNotice, "Background append only file rewriting started");
  const Settings& settings = engine_.config.settings();
  const bool rdb = settings.aof_use_rdb_preamble != 0;
  SnapshotFile file(engine_.config.Text("dir"), SnapshotFile::kRewrite,
                    settings.aof_rewrite_incremental_fsync != 0);
  Snapshot::Outcome outcome;
  if (rdb) {
    options.aof_base = true;
    outcome = snapshot.Write(file, std::move(options));
  } else {
    CommandSave::Options command_options = CommandOptions(options);
    command_options.aborted = snapshot.abort_flag();
    CommandSave save(file, std::move(command_options));
    outcome = snapshot.Write(save);
  }
  bool ok = outcome == Snapshot::Outcome::kWritten && file.Finish();
  std::string error = file.error();
  if (ok && state() != State::kOff) ok = writer_.WaitForSwitch() || writer_.error() != 0;
  ok = ok && Commit(file.path(), rdb, &error);
  const bool aborted = outcome == Snapshot::Outcome::kAborted || (!ok && Turned());
  if (ok) {
    file.Release();
    files_.RemoveHistory();
    Log(LogLevel::kNotice, "Background AOF rewrite finished successfully");
  } else {
    StopWaiting();
    if (!error.empty()) Log(LogLevel::kWarning, error);
    Log(LogLevel::kWarning, aborted ? "Background AOF rewrite ended: it was not wanted any more"
                                    : "Background AOF rewrite terminated with error");
  }
  // Last: who sees that it is over finds files and log as they stay, and may begin the next.
  NoteRewrite(ok, !aborted, WallMs() / 1000);
  return ok;
}

bool Aof::Commit(const std::string& path, bool rdb, std::string* error) {
  uint64_t all, base;
  {
    MutexLock lock(turn_mutex_);
    if (Turned() || writer_.lost()) return false;
    if (!PutInPlace(path, rdb, error)) return false;
    if (state() == State::kWaiting) {
      state_ = State::kOn;
      writer_.Count();
    }
    std::string ignored;
    files_.Sizes(&all, &base, &ignored);
  }
  MutexLock lock(mutex_);
  info_.base_bytes = all;
  return true;
}

bool Aof::PutInPlace(const std::string& path, bool rdb, std::string* error) {
  using Increments = AofFiles::Increments;
  if (state() == State::kOff) return files_.ReplaceBase(path, rdb, Increments::kNone, error);
  if (state() == State::kWaiting) {
    return files_.ReplaceBase(path, rdb, Increments::kTemporary, error);
  }
  // The old file may be what fills the disk: what it has not got is in the base.
  bool replaced = false;
  const bool switched = writer_.SwitchPast([&]() -> std::unique_ptr<AppendFile> {
    std::unique_ptr<AppendFile> next = files_.OpenTemporary(error);
    if (next == nullptr) return nullptr;
    replaced = files_.ReplaceBase(path, rdb, Increments::kTemporary, error);
    if (replaced) return next;
    files_.RemoveTemporary();
    return nullptr;
  });
  if (!switched || replaced) return switched;
  return files_.ReplaceBase(path, rdb, Increments::kLast, error);
}

// The temporary increment belonged to a base that did not come about: the next try begins anew.
void Aof::StopWaiting() {
  MutexLock lock(turn_mutex_);
  if (state() != State::kWaiting || !writer_.running()) return;
  writer_.End();
  files_.RemoveTemporary();
  scheduled_ = true;
}

// No lock: it may be held by who waits for the disk, and everybody waits for this at a full sync.
// The base that gets in its place meanwhile is of the history whose increments are there.
void Aof::OutdateRewrite() {
  if (!rewriting()) return;
  ++generation_;
  scheduled_ = true;
}

void Aof::NoteRewrite(bool ok, bool counts, int64_t now_s) {
  writer_.set_snapshot_running(false);
  MutexLock lock(mutex_);
  info_.last_seconds = now_s - began_s_.exchange(0);
  if (!counts) return;
  info_.last_ok = ok;
  info_.failures_in_a_row = ok ? 0 : info_.failures_in_a_row + 1;
}

Aof::Info Aof::info() const {
  std::string error;
  uint64_t all, base;
  const bool known = files_.Sizes(&all, &base, &error);
  MutexLock lock(mutex_);
  Info now = info_;
  now.scheduled = scheduled_;
  now.began_s = began_s_;
  now.held_back = limited_until_s_ != 0 && info_.failures_in_a_row > 0;
  if (known) now.size_bytes = all;
  return now;
}

}  // namespace larder
