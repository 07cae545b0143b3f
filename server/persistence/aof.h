// Aof: the append-only file as a whole: off, on, or on as soon as its first base is written; when
// it is rewritten, and what became of it. The log's bytes are appended by AofWriter, the files are
// AofFiles'.
//
//   rewrite: closed gate: snapshot.Cut, aof.BeginRewrite; then on the persistence thread
//            aof.WriteBase. What comes after the cut goes to a new increment, and when the base is
//            whole the manifest names these two alone.
//
// Threads: what says "closed gate" is called by the thread that closed it; everything else by any,
// without a shard's lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "server/base/mutex.h"
#include "server/persistence/aof_files.h"
#include "server/persistence/aof_load.h"
#include "server/persistence/aof_writer.h"
#include "server/persistence/command_save.h"
#include "server/persistence/rdb_save.h"
#include "server/persistence/snapshot.h"

namespace larder {

class Aof {
 public:
  enum class State : uint8_t {
    kOff,
    kWaiting,  // for its first base: what is on disk is of no use yet
    kOn,
  };

  Aof(Engine& engine, AofWriter::Events events);
  ~Aof();

  State state() const { return state_.load(std::memory_order_relaxed); }
  // On, and what is on disk is of another history, or not of this server's at all.
  bool lacks_base() const {
    return state() == State::kWaiting || (state() == State::kOn && writer_.lost());
  }

  // ---- At the start (closed gate) ---------------------------------------------------------------
  // Looks what is on disk, for who begins without it and may turn it on later.
  bool Open(std::string* error) { return files_.Open(error); }
  // True where Load finds something, or an error.
  bool Expect();
  // Replays all files. False, with the reason; an empty one: there are none.
  bool Load(Worker& worker, const AofLoad::Options& options, std::string* error);
  // Goes on writing where the files end; makes the first of them where there is none.
  bool Start(RdbSave::Options options, RdbFacts facts, std::string* error);
  uint64_t total_bytes() const { return total_bytes_.load(std::memory_order_relaxed); }

  // ---- Directives -------------------------------------------------------------------------------
  bool TurnOn(std::string* error);
  void TurnOff();
  void Stop() { writer_.End(); }
  void RemoveHistory() { files_.RemoveHistory(); }

  // ---- Rewriting --------------------------------------------------------------------------------
  void ScheduleRewrite() { scheduled_ = true; }
  // `dir` has changed, or the whole data set: what a rewrite that has begun makes is thrown away,
  // and another is wanted.
  void OutdateRewrite();
  bool scheduled() const { return scheduled_; }
  // The next rewrite is not held back by those that have failed: something else is asked for.
  void ForgetFailures();
  // Scheduled, or the file has grown enough; and what there was when that showed is synced. Asked
  // in every round of Persistence's thread.
  bool RewriteIsDue(int64_t now_s);
  // It is due but for that sync.
  bool preparing() const { return preparing_.load(std::memory_order_relaxed); }
  // At the cut of the snapshot. Closed gate.
  void BeginRewrite(const DatabaseSet& left_out);
  // Writes the base and puts it in its place. REQUIRES: of Snapshot::Write, and the databases that
  // are left out are those of BeginRewrite. False: the files are those of before.
  bool WriteBase(Snapshot& snapshot, RdbSave::Options options);
  bool rewriting() const { return began_s_.load(std::memory_order_relaxed) != 0; }

  AofWriter& writer() { return writer_; }
  const AofWriter& writer() const { return writer_; }
  struct Info {
    int64_t last_seconds = -1, began_s = 0;  // of a rewrite
    bool scheduled = false, last_ok = true;
    bool held_back = false;  // after failures: what is scheduled waits for its minute
    uint64_t rewrites = 0, failures_in_a_row = 0;
    uint64_t size_bytes = 0, base_bytes = 0;
  };
  Info info() const;

 private:
  bool MakeFirstBase(RdbSave::Options options, RdbFacts facts, std::string* error);
  bool HasGrown() const;
  bool Limited(int64_t now_s);
  // Puts the base in its place, if the append-only file is still what it was at the cut.
  bool Commit(const std::string& path, bool rdb, std::string* error);
  bool PutInPlace(const std::string& path, bool rdb, std::string* error)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_mutex_);
  // It was turned on or off, or OutdateRewrite called, since the cut.
  bool Turned() const { return generation_ != cut_generation_; }
  void NoteRewrite(bool ok, bool counts, int64_t now_s);
  void StopWaiting();
  AofWriter::Opener Opener(std::unique_ptr<AppendFile> (AofFiles::*open)(std::string*));
  CommandSave::Options CommandOptions(const RdbSave::Options& options) const;

  Engine& engine_;
  AofFiles files_;
  AofWriter writer_;
  std::atomic<State> state_{State::kOff};
  std::atomic<bool> scheduled_{false}, preparing_{false};
  std::atomic<int64_t> began_s_{0};  // of the running rewrite, Unix time; 0: none
  std::atomic<uint64_t> total_bytes_{0};

  std::atomic<uint64_t> generation_{0};      // of what a base is made for
  std::atomic<uint64_t> cut_generation_{0};  // when the running rewrite began

  // Changes of state_; held while files change, so it is not for INFO. Taken before mutex_.
  Mutex turn_mutex_;
  mutable Mutex mutex_;
  Info info_ ABSL_GUARDED_BY(mutex_);
  int64_t limited_until_s_ ABSL_GUARDED_BY(mutex_) = 0, delay_minutes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace larder
