// Replica: how a snapshot takes the place of the old data. Where there is room it is loaded beside
// them, which are served meanwhile, and the two are swapped; else the old ones are flushed first.
// As repl-diskless-load says, loading begins when all of it is here, or when it begins to come.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "replication/hidden_file.h"
#include "replication/replica.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/memory_limit.h"
#include "server/base/numbers.h"
#include "server/base/random.h"
#include "server/base/strings.h"
#include "server/engine/script_host.h"
#include "server/engine/tracking.h"
#include "server/engine/whole_keyspace.h"

namespace larder {
namespace {

constexpr int64_t kNewlineMs = 1000;

// Tells the primary every second that we are alive while the snapshot is being loaded. What becomes
// of the newlines shows when the stream is read.
class LivelySource : public RdbSource {
 public:
  LivelySource(RdbSource& source, PrimaryWire& wire) : source_(source), wire_(wire) {}
  size_t Read(char* to, size_t most) override {
    const int64_t now_ms = MonotonicMs();
    if (now_ms - last_ms_ >= kNewlineMs) {
      wire_.Send("\n", 0);
      last_ms_ = now_ms;
    }
    return source_.Read(to, most);
  }

 private:
  RdbSource& source_;
  PrimaryWire& wire_;
  int64_t last_ms_ = 0;
};

// What two data sets may take together; 0: no limit.
uint64_t RoomForTwo(const Config& config) {
  if (config.Text("replica-full-sync") == "swap") return 0;
  const auto maxmemory = static_cast<uint64_t>(int64_t{config.settings().maxmemory});
  const uint64_t machine = MemoryLimitBytes();
  if (maxmemory == 0 || machine == 0) return std::max(maxmemory, machine);
  return std::min(maxmemory, machine);
}

// All that somebody waits for: any of it may have come, or gone.
ReadyKeys AwaitedKeys(const Keyspace& keyspace) {
  ReadyKeys awaited;
  for (int db = 0; db < keyspace.databases(); ++db) {
    keyspace.ForEachSlice(db, [&awaited, db](const Slice& slice) {
      for (const auto& [key, queue] : slice.waiters) awaited.emplace_back(db, key);
    });
  }
  return awaited;
}

}  // namespace

// What a snapshot says beside its keys.
struct Replica::Extras {
  int stream_db = 0;
  std::vector<std::string> libraries;

  void Take(std::string_view name, std::string_view value) {
    int64_t db;
    if (name != "repl-stream-db" || !ParseInt64(value, &db) || db < 0) return;
    stream_db = static_cast<int>(db);
  }
};

bool Replica::TakeSnapshot(PrimaryWire& wire, const Target& target, const SyncReply& answer) {
  HiddenFile file(engine_.config.Text("dir"));
  ArrivingSnapshot snapshot(wire, file, engine_.config.settings(), progress_);
  if (!snapshot.Begin() || !Load(snapshot, wire, target, answer)) return false;
  // What a restart finds: with it and our primary's backlog it gets by without a full sync.
  const bool wanted = snapshot.kept() && engine_.config.Text("rdb-del-sync-files") != "yes" &&
                      engine_.persistence->left_out().empty();  // it has all databases
  if (wanted) Keep(file);
  return true;
}

void Replica::Keep(HiddenFile& file) {
  const Snapshot::Outcome outcome = KeepSnapshot(file, persistence_, file_number_);
  if (outcome != Snapshot::Outcome::kFailed) return;
  Log(LogLevel::kNotice, "The snapshot could not be kept as a file: ", std::strerror(file.error()));
}

bool Replica::Load(ArrivingSnapshot& snapshot, PrimaryWire& wire, const Target& target,
                   const SyncReply& answer) {
  const std::string diskless = engine_.config.Text("repl-diskless-load");
  const bool empty = engine_.keyspace.empty();
  // Who may write changes what would be compared, and then it was in vain.
  const bool swaps = !empty && engine_.config.Text("replica-full-sync") != "flush" &&
                     (engine_.config.settings().replica_read_only != 0 || diskless == "swapdb");
  // Old data are not given up for what may not come to its end.
  const bool at_once = empty ? diskless != "disabled" : swaps && diskless == "swapdb";
  if (!at_once && !snapshot.Receive()) return false;
  if (swaps) {
    engine_.persistence->set_async_loading(at_once);
    const Loaded loaded = LoadBeside(snapshot, wire, target, answer);
    engine_.persistence->set_async_loading(false);
    if (loaded != Loaded::kNotPossible) return loaded == Loaded::kYes;
    if (!snapshot.Rewind()) return false;
  }
  return LoadAfterFlush(snapshot, wire, target, answer);
}

Replica::Loaded Replica::LoadBeside(ArrivingSnapshot& snapshot, PrimaryWire& wire,
                                    const Target& target, const SyncReply& answer) {
  Log(LogLevel::kNotice, "MASTER <-> REPLICA sync: Loading DB in memory, beside the old data");
  stop_loading_.store(false);
  if (!Wanted(target)) return Loaded::kNo;
  Replacement replacement(engine_, replacement_slots_, RoomForTwo(engine_.config));
  const uint64_t changes = engine_.stats.Sum(&WorkerStats::changes);
  Extras extras;
  RdbLoad::Options options = {.keep_expired = true, .target = &replacement, .stop = &stop_loading_};
  options.take_fact = [&extras](auto name, auto value) { extras.Take(name, value); };
  options.load_library = [&extras](std::string_view source, bool) {
    extras.libraries.emplace_back(source);
    return std::string();
  };
  LivelySource source(snapshot, wire);
  std::string error;
  if (!persistence_.Load(source, snapshot.total_bytes(), std::move(options), &error)) {
    if (!replacement.full()) {
      Log(LogLevel::kWarning, "Failed trying to load the MASTER synchronization DB: ", error);
      return Loaded::kNo;  // the old data stay
    }
    Log(LogLevel::kWarning,
        "Two data sets do not fit into memory together: the old one is flushed first");
    return Loaded::kNotPossible;
  }
  if (!snapshot.Receive()) return Loaded::kNo;
  ReadyKeys ready;
  const Loaded swapped = Swap(replacement, extras, changes, target, answer, &ready);
  ServeWaiters(std::move(ready));
  return swapped;
}

// Who waits for what has come, or gone.
void Replica::ServeWaiters(ReadyKeys ready) {
  engine_.gate.EnterWaiting(worker_.gate_slot);
  Parking::Serve(engine_, worker_, std::move(ready));
  engine_.gate.Leave(worker_.gate_slot);
  engine_.log.Announce();
  engine_.Settle(worker_);
}

// Closes the gate, and has the loaded data set take the place of the old one if that is as it was.
Replica::Loaded Replica::Swap(Replacement& replacement, const Extras& extras, uint64_t changes,
                              const Target& target, const SyncReply& answer, ReadyKeys* ready) {
  GateClosed closed(engine_.gate, worker_.gate_slot);
  if (!Wanted(target)) return Loaded::kNo;
  if (engine_.stats.Sum(&WorkerStats::changes) != changes) {
    Log(LogLevel::kWarning, "The old data set was changed meanwhile: it is flushed first");
    return Loaded::kNotPossible;
  }
  if (const std::string why =
          engine_.scripts->RestoreLibraries(extras.libraries, LibraryMerge::kFlush);
      !why.empty()) {
    Log(LogLevel::kWarning, "Failed trying to load the MASTER synchronization DB: ", why);
    return Loaded::kNo;
  }
  primary_.DropReplicas();
  persistence_.AbortSave();  // its snapshot would keep all that goes
  *ready = replacement.Apply();
  persistence_.NoteIncomplete(false);
  InvalidateAll(engine_);
  history_.Adopt(answer.id.empty() ? RandomHex(History::kIdLetters) : answer.id);
  engine_.log.Restart(answer.offset, extras.stream_db);
  BeginBacklog();
  persistence_.NoteNewHistory();
  file_number_ = persistence_.NumberFile();
  Log(LogLevel::kNotice, "MASTER <-> REPLICA sync: Finished with success, ", replacement.kept(),
      " keys were the same");
  return Loaded::kYes;
}

bool Replica::LoadAfterFlush(ArrivingSnapshot& snapshot, PrimaryWire& wire, const Target& target,
                             const SyncReply& answer) {
  ReadyKeys ready;
  const bool loaded = FlushAndLoad(snapshot, wire, target, answer, &ready);
  ServeWaiters(std::move(ready));
  return loaded;
}

bool Replica::FlushAndLoad(ArrivingSnapshot& snapshot, PrimaryWire& wire, const Target& target,
                           const SyncReply& answer, ReadyKeys* ready) {
  primary_.DropReplicas();
  Log(LogLevel::kNotice, "MASTER <-> REPLICA sync: Flushing old data");
  GateClosed closed(engine_.gate, worker_.gate_slot);
  if (!Wanted(target)) return false;
  persistence_.NoteIncomplete(true);
  persistence_.AbortSave();
  Flush();
  Log(LogLevel::kNotice, "MASTER <-> REPLICA sync: Loading DB in memory");
  std::string error;
  Extras extras;
  RdbLoad::Options options = {.keep_expired = true};
  options.take_fact = [&extras](auto name, auto value) { extras.Take(name, value); };
  LivelySource source(snapshot, wire);
  bool loaded = persistence_.Load(source, snapshot.total_bytes(), std::move(options), &error);
  if (loaded && !snapshot.Receive()) {
    error = "its end did not come";
    loaded = false;
  }
  if (!loaded) Flush();  // functions too, which come first
  *ready = AwaitedKeys(engine_.keyspace);
  persistence_.NoteIncomplete(!loaded);
  // Where that failed nothing is left, which continues nobody's history.
  history_.Adopt(loaded && !answer.id.empty() ? answer.id : RandomHex(History::kIdLetters));
  engine_.log.Restart(loaded ? answer.offset : 0, extras.stream_db);
  loaded ? BeginBacklog() : engine_.log.SetWindow(0);
  persistence_.NoteNewHistory();
  file_number_ = persistence_.NumberFile();
  if (!loaded) {
    Log(LogLevel::kWarning, "Failed trying to load the MASTER synchronization DB: ", error);
    return false;
  }
  Log(LogLevel::kNotice, "MASTER <-> REPLICA sync: Finished with success");
  return true;
}

// Keys and libraries go. REQUIRES: the gate is closed by this thread.
void Replica::Flush() {
  ReadyKeys ready;  // whatever comes next, all who wait are asked then
  FlushAllDatabases(engine_, /*lazy=*/true, ready);
  engine_.scripts->RestoreLibraries({}, LibraryMerge::kFlush);
}

}  // namespace larder
