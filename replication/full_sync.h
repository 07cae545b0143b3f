// FullSync: gives some replicas the whole data set: a snapshot, cut together with the log, so that
// the stream from there on is what they lack. One at a time. A thread of its own writes the
// snapshot straight into their sockets, or into a file first where one of them needs to know its
// length; until done() the sockets belong to that thread. While a file is being written more
// replicas may join: it is what they lack as well, and the log keeps what came since.
//
// One thread (Primary's) calls everything but Abort and last_ok.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "replication/hidden_file.h"
#include "replication/history.h"
#include "replication/replica_link.h"
#include "server/base/mutex.h"
#include "server/engine/engine.h"
#include "server/engine/worker.h"
#include "server/persistence/persistence.h"

namespace larder {

class FullSync {
 public:
  // `on_done` is called by the sync's thread when it is done.
  FullSync(Engine& engine, History& history, Persistence& persistence,
           std::function<void()> on_done);
  ~FullSync();

  bool running() const { return thread_.joinable(); }
  // Cuts the snapshot and begins. False where another snapshot is being written: try again later.
  // The links stay alive until Finish. `to_file`: with a length in front, from a file.
  bool Start(std::vector<ReplicaLink*> links, bool to_file);
  // Takes one more replica into a sync that writes a file. False where none does: it has to wait
  // for the next. REQUIRES: running().
  bool Join(ReplicaLink& link) ABSL_LOCKS_EXCLUDED(mutex_);
  // Shows all of them that this server is alive, while the file is being written.
  void SendNewlines() ABSL_LOCKS_EXCLUDED(mutex_);
  // The file becomes `dbfilename`, as the save points want one: worth while without replicas too.
  bool saves() const { return saves_; }
  // False where the last one failed because its file could not be written. Any thread.
  bool last_ok() const { return last_ok_.load(std::memory_order_relaxed); }
  bool done() const { return done_.load(std::memory_order_acquire); }
  // Returns the links; who did not get everything has failed. REQUIRES: done().
  std::vector<ReplicaLink*> Finish();
  // Lets it fail soon, for all its links. Any thread.
  void Abort() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  friend class SnapshotSockets;

  void Run();
  void Greet();
  std::vector<ReplicaLink*> links() const ABSL_LOCKS_EXCLUDED(mutex_);
  bool WriteToSockets();
  bool WriteToFile();
  bool Write(RdbSink& sink);
  void Keep(HiddenFile& file);
  void SetWriting(bool writing) ABSL_LOCKS_EXCLUDED(mutex_);
  bool SendToAll(std::string_view bytes);
  bool SendTo(ReplicaLink& link, std::string_view bytes);

  Engine& engine_;
  History& history_;
  Persistence& persistence_;
  const std::function<void()> on_done_;
  Worker worker_;
  std::vector<ReplicaLink*> receivers_;  // the thread's: to whom it sends
  std::string history_id_;               // of the place where the stream goes on
  uint64_t cut_ = 0;                     // its offset
  bool to_file_ = false;
  RdbFacts facts_;
  bool whole_ = true;  // with the keys, from a snapshot
  bool saves_ = false;
  uint64_t changes_at_cut_ = 0, file_number_ = 0;  // Persistence::NumberFile
  mutable Mutex mutex_;
  std::vector<ReplicaLink*> links_ ABSL_GUARDED_BY(mutex_);  // all, also who joins meanwhile
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;             // the snapshot is being written
  uint64_t snapshot_ ABSL_GUARDED_BY(mutex_) = 0;            // its number; 0: without keys
  std::atomic<bool> done_{false}, aborted_{false}, last_ok_{true};
  std::thread thread_;
};

}  // namespace larder
