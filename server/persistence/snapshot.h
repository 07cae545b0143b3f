// Snapshot: the keyspace as it was at one moment, written to a sink while commands go on. BGSAVE
// and full syncs are made of it; one runs at a time. How entries are kept as they were is in
// server/store/shard_snapshot.h.
//
//   if (snapshot.Take(worker, [&](RdbFacts& facts) { offset = log.offset(); ... }) == 0) ...
//   Snapshot::Outcome outcome = snapshot.Write(sink, options);
//
// Write has threads of its own for the work, at a low priority, and waits for them.
//
// After a cut Write must follow, on any one thread, whatever happens: it ends the snapshot.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "server/base/mutex.h"
#include "server/base/progress_log.h"
#include "server/engine/gate.h"
#include "server/engine/worker.h"
#include "server/persistence/command_save.h"
#include "server/persistence/rdb_parts.h"

namespace larder {

class Engine;
class Keyspace;
class Shard;

// Everything in the keyspace, without a snapshot, as one file. False: the sink failed. REQUIRES:
// the gate is closed by this thread.
bool WriteKeyspace(Keyspace& keyspace, const RdbFacts& facts, RdbSink& sink,
                   const RdbSave::Options& options, const ValueLimits& limits);
// The same as commands.
bool WriteKeyspace(Keyspace& keyspace, const RdbFacts& facts, CommandSave& save);
// The sizes of all databases as they are now.
std::vector<RdbFacts::DbSize> SizesOf(const Keyspace& keyspace);

class Snapshot {
 public:
  explicit Snapshot(Engine& engine);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // From the cut to the end of Write.
  bool running() const { return running_.load(std::memory_order_acquire); }

  // Makes the cut and answers its number; 0 where one runs already. REQUIRES: the gate is closed by
  // this thread. `facts` are written in front; their sizes are filled in.
  uint64_t Cut(RdbFacts facts);
  // Closes the gate for the cut, with `at_cut` called in between: it gets the function libraries
  // and adds what belongs to this very moment, the offset of the log above all. REQUIRES: the
  // worker is this thread's.
  uint64_t Take(Worker& worker, absl::FunctionRef<void(RdbFacts&)> at_cut);

  enum class Outcome : uint8_t {
    kWritten,
    kFailed,  // the sink did
    kAborted,
  };
  // Writes what was there at the cut. When it returns the next cut may have been made, so what
  // became of this one is its answer alone. REQUIRES: this thread is outside the gate.
  Outcome Write(RdbSink& sink, RdbSave::Options options);
  // The same as commands, by one thread.
  Outcome Write(CommandSave& save);
  // Makes Write end soon; any thread.
  void Abort() { aborted_.store(true, std::memory_order_release); }
  // The same, unless another cut has been made since this one.
  void Abort(uint64_t cut);
  const std::atomic<bool>* abort_flag() const { return &aborted_; }
  // The last cut was.
  bool aborted() const { return aborted_.load(std::memory_order_acquire); }

  // Bytes of the strings that were kept because they changed or went.
  uint64_t kept_bytes() const;
  uint64_t keys_total() const { return keys_total_.load(std::memory_order_relaxed); }
  uint64_t keys_written() const { return keys_written_.load(std::memory_order_relaxed); }
  Pace pace() const { return progress_.PaceAt(keys_written(), keys_total()); }

 private:
  // Into an RdbPart or a CommandSave.
  template <typename Save>
  void WriteShard(Gate::Slot& slot, Shard& shard, Save& save);
  void GiveUp(Gate::Slot& slot, Shard& shard);
  Outcome End(bool whole);

  Engine& engine_;
  std::vector<Gate::Slot*> slots_;  // of its threads
  RdbFacts facts_;
  std::atomic<bool> running_{false};
  Mutex abort_mutex_;
  uint64_t cuts_ ABSL_GUARDED_BY(abort_mutex_) = 0;  // the number of the last one
  std::atomic<bool> aborted_{false};
  std::atomic<uint64_t> keys_total_{0}, keys_written_{0};
  ProgressLog progress_{"Saving", ProgressLog::kKeys};
};

}  // namespace larder
