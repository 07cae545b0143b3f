// AofWriter: reads the replication log and appends its bytes to the current increment of the
// append-only file, by a thread of its own. While that waits for the disk the log goes on, so that
// the next write and sync are for all who came meanwhile (group commit).
//
// With `appendfsync always` a group is written and synced or not there at all, and the engine's
// ReplyHold follows. With everysec and no it follows what is in the kernel's hands, so that a
// process that is killed loses nothing it has answered: whoever announces news writes them itself,
// as Redis does, also while the thread syncs. Where the disk refuses, the group stays here, is
// tried again every kRetryMs, and error() tells; who wants to write then is refused by the
// dispatcher, so that what waits stays small. Where the disk is merely slow, threads that announce
// news wait once kMostWaiting bytes have collected, as Redis waits in write().
//
// A switch to another file is the thread's: it has the old one synced, and the next one named by
// the manifest, without a lock that others want. What comes meanwhile waits for the next file, and
// so do the replies to it, but no thread.
//
// Threads: Begin, SwitchAt with the gate closed; End, Drain by any thread without a lock; the state
// by any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "replication/log/replication_log.h"
#include "server/base/mutex.h"
#include "server/config/settings.h"
#include "server/persistence/aof_filter.h"
#include "server/persistence/append_file.h"

namespace larder {

class Engine;

class AofWriter {
 public:
  using Opener = std::function<std::unique_ptr<AppendFile>()>;

  // What the thread tells, quickly taken.
  struct Events {
    std::function<void(int error)> on_error;               // error() has changed
    std::function<void(std::optional<uint64_t>)> on_sync;  // synced_offset(), where it counts
    // The files must be written anew: AofFilter::TakeCrossed, or a sync has failed for what was
    // written before it, which the disk may never get, though later ones succeed.
    std::function<void()> on_outdated;
  };
  AofWriter(Engine& engine, Events events);
  ~AofWriter();  // ends

  // Starts to read the log at its end, and to write to what `open` answers what belongs to other
  // databases than those that are left out. REQUIRES: not running.
  void Begin(Opener open, const DatabaseSet& left_out);
  // What comes from now on goes to another file. Where `open` answers none all stays as it was.
  void SwitchAt(Opener open, const DatabaseSet& left_out);
  // Whether the last switch was made: waits until that is known. False: it could not be made, or
  // error() tells that it is not to be reached.
  bool WaitForSwitch();
  // For who has, in another file, what the disk does not let reach the place of the last switch:
  // makes it with the file that `open` answers, and drops what was to come before. False: `open`
  // has answered none, and all stays as it was. Where it was made meanwhile, `open` is not called.
  bool SwitchPast(const Opener& open);
  // What is written counts from now on: replies may be held for it.
  void Count();
  // Has what is in the log by now written and synced, without waiting for it.
  void RequestSync();
  // What was requested is not on disk yet, and the disk does not refuse it.
  bool syncing() const;
  // Writes and syncs all that is in the log. False: the disk refuses, or takes longer than a while.
  bool Drain();
  // Writes and syncs what it can, and stops.
  void End();
  // A directive has changed: returns when the thread has seen it.
  void Poke();

  bool running() const { return running_.load(std::memory_order_acquire); }
  // The history that it read is over (a full sync): nothing more is written.
  bool lost() const { return lost_.load(std::memory_order_relaxed); }
  int error() const { return error_.load(std::memory_order_relaxed); }  // errno; 0: all is well
  uint64_t synced_offset() const { return synced_.load(std::memory_order_acquire); }
  uint64_t waiting_bytes() const;
  uint64_t delayed_syncs() const { return delayed_syncs_.load(std::memory_order_relaxed); }
  // DEBUG AOF-FLUSH-SLEEP: microseconds of rest before each write.
  void set_rest_us(int64_t us) { rest_us_.store(us, std::memory_order_relaxed); }
  // While a snapshot is written syncs may be left out (no-appendfsync-on-rewrite).
  void set_snapshot_running(bool running) { snapshot_running_.store(running); }

 private:
  enum class Policy { kEverySecond, kAlways, kNever };
  static constexpr uint64_t kMostWaiting = 64 * 1024 * 1024;  // a second of a busy server
  static constexpr int64_t kRetryMs = 100;

  void OnNews();
  // Writes the news on the thread that announces them. False: the writer's thread has to.
  bool WriteAtOnce();
  void AskForSwitch(ReplicationLog::Place at, Opener open, const DatabaseSet& left_out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Behind() const;
  // ---- The thread -------------------------------------------------------------------------------
  void Run();
  int Round(bool sync_now);
  // All there is up to a place where the file changes; with `sync` that is on disk then. 0, or
  // errno.
  int Write(bool sync) ABSL_EXCLUSIVE_LOCKS_REQUIRED(file_mutex_);
  void Sleep();
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Policy policy() const;
  void Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(file_mutex_);
  int WriteGroup(bool sync) ABSL_EXCLUSIVE_LOCKS_REQUIRED(file_mutex_);
  int AppendGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(file_mutex_);
  bool SyncIsDue(bool now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(file_mutex_);
  int SyncIfDue(bool now);
  int Switch();
  void SwitchTo(std::unique_ptr<AppendFile> next) ABSL_EXCLUSIVE_LOCKS_REQUIRED(file_mutex_);
  void FreeReplies() ABSL_EXCLUSIVE_LOCKS_REQUIRED(file_mutex_);
  void Settle(int error, uint64_t pokes);
  void Tell(std::optional<uint64_t> synced);

  Engine& engine_;
  const Events events_;

  // Whoever makes a switch holds it while the disk works; taken before the others.
  Mutex switch_mutex_;
  // Whoever writes holds it, nobody while the disk syncs but with `always`; taken before mutex_.
  Mutex file_mutex_;
  std::unique_ptr<LogReader> reader_ ABSL_GUARDED_BY(file_mutex_);
  std::shared_ptr<AppendFile> file_ ABSL_GUARDED_BY(file_mutex_);  // also of who syncs it
  // Taken from the log and not written; where database-persist leaves databases out, what the
  // filter has left of it.
  std::vector<ReplicationLog::Piece> group_ ABSL_GUARDED_BY(file_mutex_);
  std::unique_ptr<AofFilter> filter_ ABSL_GUARDED_BY(file_mutex_);
  // SELECT, in front of the next group.
  std::string head_ ABSL_GUARDED_BY(file_mutex_);
  int64_t stamped_s_ ABSL_GUARDED_BY(file_mutex_) = 0, synced_ms_ ABSL_GUARDED_BY(file_mutex_) = 0;
  bool unsynced_ ABSL_GUARDED_BY(file_mutex_) = false;
  // The last sync has: only another can tell that the disk works again.
  bool sync_failed_ ABSL_GUARDED_BY(file_mutex_) = false;
  std::atomic<uint64_t> taken_{0};  // offset of the log behind the group
  std::atomic<bool> has_file_{false};

  // The thread's.
  int64_t complained_ms_ = 0;
  std::optional<uint64_t> told_;  // by on_sync

  std::atomic<bool> running_{false}, lost_{false}, counts_{false}, asleep_{false};
  std::atomic<bool> snapshot_running_{false};
  std::atomic<int> error_{0};
  std::atomic<uint64_t> written_{0}, synced_{0};  // offsets of the log
  std::atomic<uint64_t> delayed_syncs_{0};
  std::atomic<int64_t> rest_us_{0};

  mutable Mutex mutex_;
  CondVar wake_, progress_;
  enum class SwitchState { kNone, kAsked, kMade, kFailed };
  SwitchState switch_ ABSL_GUARDED_BY(mutex_) = SwitchState::kNone;
  uint64_t switch_at_ ABSL_GUARDED_BY(mutex_) = 0;
  Opener open_ ABSL_GUARDED_BY(mutex_);
  std::string switch_head_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<AofFilter> switch_filter_ ABSL_GUARDED_BY(mutex_);
  uint64_t drain_to_ ABSL_GUARDED_BY(mutex_) = 0;        // an offset of the log
  uint64_t pokes_ ABSL_GUARDED_BY(mutex_) = 0;           // asked for
  uint64_t pokes_answered_ ABSL_GUARDED_BY(mutex_) = 0;  // by a whole round
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace larder
