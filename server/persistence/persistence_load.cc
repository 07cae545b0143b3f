// Persistence: the data set at the start, DEBUG RELOAD, and what a full sync brings.
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/engine/engine.h"
#include "server/engine/script_host.h"
#include "server/persistence/import.h"
#include "server/persistence/persistence.h"
#include "server/persistence/progress_source.h"
#include "server/persistence/snapshot_file.h"

namespace larder {

bool Persistence::HasSnapshot() const {
  return access(engine_.config.Path("dbfilename").c_str(), F_OK) == 0;
}

// What is changed before the append-only file is opened would not be in it: without anything to
// load clients wait for that at the gate. And a file that was not there when clients came was
// written by them.
void Persistence::ExpectFile() {
  const bool append_only = engine_.config.settings().appendonly != 0;
  const bool exists = append_only ? aof_.Expect() : HasSnapshot();
  const bool loads = exists || !engine_.config.Text("import").empty();
  loading_.store(loads, std::memory_order_relaxed);
  if (loads || append_only) gate_at_start_.emplace(engine_.gate, main_worker_.gate_slot);
}

bool Persistence::LoadAtStart(std::string* error) {
  const int64_t begin_ms = MonotonicMs();
  const bool append_only = engine_.config.settings().appendonly != 0;
  bool ok = false;
  if (!append_only) OpenAof();
  if (gate_at_start_) {
    ok = LoadOwn(error);
    const bool imports = !engine_.config.Text("import").empty();
    if (imports && (ok || HasSnapshot())) {
      Log(LogLevel::kNotice, "Nothing is imported: there is a data file here already");
    } else if (imports && error->empty() && !stop_loading_) {
      ImportAll(error);
    }
    load_stopped_ = stop_loading_.load(std::memory_order_relaxed);
    if (append_only && error->empty() && !load_stopped_) {
      aof_left_out_ = left_out_;
      aof_.Start(SaveOptions(), LibraryFacts(), error);
    }
    // Who waits there must not have a write acknowledged that no file takes.
    if (!error->empty() || load_stopped_) loading_.store(true, std::memory_order_relaxed);
    gate_at_start_.reset();
  }
  if (load_stopped_) {
    Log(LogLevel::kWarning, "Loading was stopped: the server ends with its files as they were");
    return true;
  }
  if (!error->empty()) {
    Log(LogLevel::kWarning, "Terminating server after rdb file reading failure.");
    *error = StrCat("Fatal error loading the DB: ", *error, ". Exiting.");
    return false;
  }
  found_data_ = ok || !engine_.config.Text("import").empty();
  // One that was missed is made good from what was found, not from what comes in since.
  if (!found_data_) backups_.Skip(WallMs() / 1000);
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

bool Persistence::LoadOwn(std::string* error) {
  if (engine_.config.settings().appendonly) {
    const bool ok = LoadAof(main_worker_, error);
    if (!ok && error->empty()) WarnOfSnapshot();
    return ok;
  }
  RdbLoad::Options options;
  options.take_fact = take_fact;
  options.take_expired = take_expired;
  options.keep_expired = engine_.replica.load();  // the primary says when they go
  return LoadFile(std::move(options), error);
}

// No file has what is imported: it counts as changed, and where there are save points one is not
// waited for, since with few keys that could last.
bool Persistence::ImportAll(std::string* error) {
  const std::string from = engine_.config.Text("import");
  // Not a word of the address: it may hold a password.
  const bool server = IsImportAddress(from);
  const std::string what = server ? "another server" : from;
  Log(LogLevel::kNotice, "Importing from ", what);
  std::optional<Import> import = OpenImport(server ? from : engine_.config.Path("import"),
                                            engine_.keyspace.databases(), &stop_loading_, error);
  bool loaded = import && Load(*import->source, import->size_bytes,
                               {.replace_existing = true, .only_db = import->only_db}, error);
  if (loaded && import->only_db >= 0 && engine_.keyspace.empty()) {
    // Not to be saved: the next start would find a file, and import nothing.
    *error = StrCat("its database ", import->only_db, " has no keys");
    loaded = false;
  }
  if (!loaded) {
    *error = StrCat("import from ", what, ": ", *error);
    return false;
  }
  MutexLock lock(mutex_);
  main_worker_.stats.changes.Add(state_.keys_loaded);
  scheduled_ = !save_points_.empty();
  return true;
}

bool Persistence::Reload(bool replace_existing, std::string* error) {
  const bool ok = LoadFile({.replace_existing = replace_existing}, error);
  if (!ok && error->empty()) *error = "there is no file";
  return ok;
}

// False with an empty error: there is no file.
bool Persistence::LoadFile(RdbLoad::Options options, std::string* error) {
  const std::string name = engine_.config.Path("dbfilename");
  error->clear();
  FileSource file(name);
  if (!file.opened()) {
    if (errno != ENOENT) *error = StrCat("can't open ", name, ": ", std::strerror(errno));
    return false;
  }
  const bool loaded = Load(file, file.size_bytes(), std::move(options), error);
  if (file.error() != 0) StrAppend(*error, ": ", std::strerror(file.error()));
  return loaded;
}

void Persistence::NoteUsedMemory(std::string_view bytes) {
  MutexLock lock(mutex_);
  ParseUint64(bytes, &state_.loading_used_memory);
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
  options.take_fact = [this, next = std::move(options.take_fact)](auto name, auto value) {
    if (name == "used-mem") NoteUsedMemory(value);
    if (next) next(name, value);
  };
  if (options.stop == nullptr) options.stop = &stop_loading_;
  ProgressSource with_progress(source, size_bytes);
  RdbLoad load(with_progress, engine_.keyspace, std::move(options), ValueLimits(settings));
  {
    MutexLock lock(mutex_);
    running_load_ = &load;
    state_.loading_since_s = WallMs() / 1000;
    state_.loading_total_bytes = size_bytes;
    state_.loading_used_memory = 0;
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
    if (!load.stopped()) Log(LogLevel::kWarning, load.error(), ". Failure loading rdb format");
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

}  // namespace larder
