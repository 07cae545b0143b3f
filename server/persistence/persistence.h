// Persistence: when the data set is saved and loaded, and what became of it: SAVE, BGSAVE, save
// points, loading at the start, the end of the server. Snapshots for replicas are made with the
// same Snapshot. Has a thread of its own, which watches the save points and writes in the
// background.
//
// Threads: what says "closed gate" is called by the thread that closed it; everything else by any
// thread, without a shard's lock unless it says so.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/base/mutex.h"
#include "server/engine/context.h"
#include "server/engine/gate.h"
#include "server/engine/persistence_host.h"
#include "server/engine/worker.h"
#include "server/persistence/aof.h"
#include "server/persistence/backups.h"
#include "server/persistence/migration.h"
#include "server/persistence/rdb_load.h"
#include "server/persistence/snapshot.h"

namespace larder {

class Engine;

class Persistence : public PersistenceHost {
 public:
  explicit Persistence(Engine& engine);
  ~Persistence() override;  // stops
  Persistence(const Persistence&) = delete;
  Persistence& operator=(const Persistence&) = delete;

  // Set before LoadAtStart. Adds what other rooms have in a file beside the keys. Closed gate.
  std::function<void(RdbFacts&)> on_cut;
  // Is told the facts of the file that is loaded at the start.
  std::function<void(std::string_view name, std::string_view value)> take_fact;
  // And, on any thread, of its keys whose time is over, which are not loaded.
  std::function<void(int db, std::string_view key)> take_expired;

  // More of the append-only file is on disk, synced_offset(), or it was switched off.
  std::function<void()> on_sync;

  // ---- Saving (persistence_save.cc) -------------------------------------------------------------
  // Writes the file while everybody waits. False: see the log; also where the data set is
  // incomplete(). Closed gate.
  bool Save();
  // How files are written now, as the directives say.
  RdbSave::Options SaveOptions() const;
  enum class Begun : uint8_t {
    kStarted,
    kScheduled,
    kBusy,  // the same is being done already
  };
  // Cuts a snapshot, which the thread writes; `later`: when the present one is written, or the
  // transaction has ended, as where it waits for the data set to be whole. Closed gate.
  Begun BeginSave(bool later);
  // Something is being written, for the disk or a replica.
  bool saving() const;
  // The same for a new base of the append-only file.
  Begun BeginRewrite(bool later);
  // For a file that is written elsewhere, by a full sync: its number among those that may become
  // `dbfilename`. Closed gate, at the moment whose data it holds.
  uint64_t NumberFile() { return ++targets_; }
  // Has `put` give that file this path; kAborted: a later one is there already.
  Snapshot::Outcome Keep(uint64_t number, absl::FunctionRef<bool(const std::string& path)> put);
  // It holds what TotalChanges() was at its cut.
  void NoteSaved(bool ok, uint64_t changes_then);
  uint64_t TotalChanges() const;
  // The log has begun another history, of which the append-only file has nothing yet: that is known
  // when this returns, and a rewrite that runs ends and begins anew. Closed gate.
  void NoteNewHistory();
  // FLUSHALL and the like: the snapshot that is being written is of no use any more, and if it is
  // not in its place when this returns it never will be.
  void AbortSave();
  struct Shutdown {
    bool save = false, no_save = false, now = false, force = false;
    bool patient = false;  // the append-only file gets its first base, which else is an error
    // Takes a word of SHUTDOWN; false where it is none.
    bool Add(std::string_view word);
  };
  // Before the server ends: saves, if the options or the save points want it. False: that failed,
  // and the server must go on. The worker is this thread's.
  bool PrepareShutdown(Worker& worker, const Shutdown& options);
  // The same for the thread that started the server, with the words of a directive.
  bool PrepareShutdown(const std::string& words, bool patient);
  bool saving_to_stop() const { return saving_to_stop_.load(std::memory_order_relaxed); }
  // Before the process ends in the middle of things: leaves no temporary file. Any thread.
  void DropUnfinishedFiles() const;
  // When no client is left, by the thread that started the server: saves what came in meanwhile and
  // ends the thread.
  void Stop();
  bool has_save_points() const { return save_points_count_.load(std::memory_order_relaxed) > 0; }

  Snapshot& snapshot() { return snapshot_; }
  const Snapshot& snapshot() const { return snapshot_; }

  // ---- Loading (persistence_load.cc) ------------------------------------------------------------
  // Closes the gate for LoadAtStart, and if there is a file or something to import loading() is
  // true from now on. Before clients are served.
  void ExpectFile();
  // Loads the files, or imports where there is none, and opens the append-only file, with the gate
  // closed all the time; without a file the data set is empty. False, with a sentence for people,
  // where one is refused. Called once; save points count from its end on.
  bool LoadAtStart(std::string* error);
  // AbortLoading came before it was done: nothing was written, and nobody is served.
  bool load_stopped() const { return load_stopped_; }
  // Whether it found a data set, be it an empty one.
  bool found_data() const { return found_data_; }
  // What is here is less than what there is elsewhere: the start has found no data, or the keyspace
  // was emptied for what a primary sends, and that is not whole yet. No file is made of it on a
  // replica, since the last one may hold more. Closed gate, or before replication starts.
  void NoteIncomplete(bool incomplete) { incomplete_ = incomplete; }
  // So it is, or that is not known yet. Who has become a primary goes on with what there is.
  bool incomplete() const;
  // Makes it end, and the server stay useless. Any thread.
  void AbortLoading() { stop_loading_.store(true, std::memory_order_relaxed); }
  void AllowLoading() { stop_loading_.store(false, std::memory_order_relaxed); }
  // DEBUG RELOAD: the same file into the keyspace as it is. Closed gate.
  bool Reload(bool replace_existing, std::string* error);
  // DEBUG LOADAOF: the append-only file in the place of the keyspace. Closed gate.
  bool ReloadAof(Context& c, std::string* error);
  // Reads a data set from elsewhere: a full sync. The keyspace must be empty. Closed gate; not so
  // where options.target takes it beside the present one (replacement.h), which stays what it is.
  bool Load(RdbSource& source, uint64_t size_bytes, RdbLoad::Options options, std::string* error);

  // ---- State ------------------------------------------------------------------------------------
  struct State {
    int64_t last_save_s = 0;  // Unix time
    bool last_save_ok = true;
    int64_t last_duration_s = -1;  // of a background save
    int64_t running_since_s = 0;   // Unix time; 0: none runs
    bool about_to_run = false;     // begins when one that was aborted has ended
    uint64_t saves = 0;
    uint64_t last_kept_bytes = 0;                // Snapshot::kept_bytes of the last background save
    uint64_t keys_loaded = 0, keys_expired = 0;  // by the last load
    int64_t last_backup_s = 0;                   // Unix time; 0: none since the start
    bool last_backup_ok = true;
    bool loading = false;
    bool loading_beside = false;  // beside the data that are served
    int64_t loading_since_s = 0;
    uint64_t loading_total_bytes = 0, loading_bytes = 0;  // total 0: not known
    uint64_t loading_used_memory = 0;  // of the server that wrote it, if it says so
  };
  State state() const;
  // Changes since the last save.
  uint64_t changes() const;

  Migration& migration() { return migration_; }
  Aof& aof() { return aof_; }
  const Aof& aof() const { return aof_; }

 private:
  struct SavePoint {
    int64_t seconds, changes;
  };

  enum class Writing : uint8_t { kNothing, kSnapshot, kAofBase };

  void Run();
  void Round();
  void ReadSavePoints(const std::string& text);
  void NoteUsedMemory(std::string_view bytes);
  bool SaveIsDue(int64_t now_s);
  bool BackupIsDue(int64_t now_s);
  bool HasKeysForFiles() const;
  void TakeBackup();
  void WriteInBackground();
  // Where a snapshot of this moment is to be, CONFIG SET may change it for the next; its number
  // among them, and TotalChanges().
  struct Target {
    std::string directory, name;
    uint64_t number = 0, changes = 0;
  };
  // Closed gate.
  Target TargetNow();
  // Writes a file of this kind with `write`, puts it in place and notes that, unless a later one is
  // there already or it is not wanted any more.
  Snapshot::Outcome WriteFile(std::string_view kind, const Target& target,
                              absl::FunctionRef<Snapshot::Outcome(RdbSink&)> write,
                              std::string* error);
  Snapshot::Outcome PutInPlace(uint64_t number, absl::FunctionRef<bool()> put)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(place_mutex_);
  bool HasSnapshot() const;  // `dbfilename` is there, be it loaded or not
  bool LoadFile(RdbLoad::Options options, std::string* error);
  // What LoadAtStart does with the gate closed. True: there was a file.
  bool LoadOwn(std::string* error);
  // What the directive `import` names. False, with a sentence, where that fails.
  bool ImportAll(std::string* error);
  RdbFacts Facts();
  RdbFacts LibraryFacts() const;
  void UpdateSaveFailed();
  bool Saving() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether nothing is under way that a round must look after soon.
  bool Quiet() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // ---- The append-only file (persistence_aof.cc) ------------------------------------------------
  AofWriter::Events WriterEvents();
  void FollowDatabasePersist();
  void AbortRewrite();
  void RestartRewrite();
  void WriteAofBase();
  void DropLeftOut();
  void FollowAofDirectives();
  bool LoadAof(Worker& worker, std::string* error);
  void WarnOfSnapshot() const;
  void WarnOfLocalWrites() const;
  void OpenAof();
  // There is an append-only file that ought to have a base now, and has none.
  bool WantsBase() const { return aof_.lacks_base() && !incomplete(); }
  bool PrepareAofForShutdown(const Shutdown& options);
  void AwaitFirstBase();

  Engine& engine_;
  Worker worker_;       // of the thread
  Worker main_worker_;  // of the thread that starts and stops the server
  Snapshot snapshot_;
  Aof aof_;
  Migration migration_;
  Backups backups_;  // the thread's
  std::atomic<size_t> save_points_count_{0};
  std::optional<GateClosed> gate_at_start_;  // of the starting thread, as the next
  bool load_stopped_ = false, found_data_ = false;
  std::atomic<bool> incomplete_{true};  // until it is known what the start has found
  std::atomic<bool> stop_loading_{false};
  std::atomic<bool> saving_to_stop_{false};
  std::atomic<bool> saved_to_stop_{false};
  std::atomic<uint64_t> aof_loaded_bytes_{0};
  std::atomic<uint64_t> saved_changes_{0};  // TotalChanges that the last file contains
  std::atomic<uint64_t> targets_{0};        // the number of the last one

  // Whoever puts a file in its place holds it; taken before mutex_.
  Mutex place_mutex_;
  // Files up to this number are not put in place any more.
  uint64_t outdated_ ABSL_GUARDED_BY(place_mutex_) = 0;

  mutable Mutex mutex_;
  CondVar changed_;
  State state_ ABSL_GUARDED_BY(mutex_);
  std::vector<SavePoint> save_points_ ABSL_GUARDED_BY(mutex_);
  const RdbLoad* running_load_ ABSL_GUARDED_BY(mutex_) = nullptr;
  int64_t last_try_s_ ABSL_GUARDED_BY(mutex_) = 0;
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;
  // The number of the last snapshot that was cut here, and where it is to be.
  uint64_t cut_ ABSL_GUARDED_BY(mutex_) = 0;
  Target cut_target_ ABSL_GUARDED_BY(mutex_);
  RdbSave::Options cut_options_ ABSL_GUARDED_BY(mutex_);  // what is said of the cut fits to them
  Writing to_write_ ABSL_GUARDED_BY(mutex_) = Writing::kNothing;  // a cut waits for the thread
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// The one of the engine that the command runs in.
Persistence& PersistenceOf(Context& c);

}  // namespace larder
