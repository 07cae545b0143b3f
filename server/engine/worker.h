// Worker: one thread that executes commands: its slot in the gate, its clock, its counters, its
// scratch memory. A loop is an object that a worker runs; when a command takes longer than kSlowUs
// a stand-by worker adopts the loop, and the first one only finishes its command.
//
// All members belong to the worker's thread, but for the watch, which is the meeting point with the
// stand-by (see server/net/standby.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "replication/log/log_block.h"
#include "server/base/log.h"
#include "server/base/string_map.h"
#include "server/engine/eviction.h"
#include "server/engine/gate.h"
#include "server/engine/mailbox.h"
#include "server/engine/stats.h"

namespace larder {

// A key among the words of the running command, with its hash.
struct HashedKey {
  const char* data;
  uint64_t hash;
};

class Worker {
 public:
  static constexpr int64_t kSlowUs = 2000;

  Worker(Gate& gate, WorkerStats& worker_stats) : gate_slot(gate.AddSlot()), stats(worker_stats) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  virtual ~Worker() = default;

  Gate::Slot& gate_slot;
  WorkerStats& stats;
  int64_t now_ms = 0;  // Unix time, read once a batch; a script's commands all see the same

  // Scratch of the dispatcher: the keys of the running command.
  std::vector<HashedKey> hashed_keys;
  std::vector<uint64_t> hashes;
  // What commands have changed since the last Engine::Commit.
  LogBlock effects;
  // Keys this worker has changed since SettleTracking, and which client did, kNobody where several
  // have: for clients that track by prefix. Bounded by the commands of a batch.
  StringMap<uint64_t> broadcasts;
  // While it runs a woken client's command: that client, and what it will be told of the changes it
  // makes itself, which belongs behind the reply.
  uint64_t woken_client = 0;
  std::vector<std::unique_ptr<Letter>> behind_reply;
  // The key that the loop has hashed already, when it prefetched for the request that runs now.
  HashedKey foreseen = {nullptr, 0};

  // Collections that the running command is about to change; see Context::WriteEntry.
  struct Changing {
    Entry* entry;
    Shard* shard;
    int db;
  };
  std::vector<Changing> changing;
  EvictionShare eviction;

  // For lines of the log under locks, since a log may block: whoever runs the worker writes them
  // when it holds none, and before the replies. At most kMostLateLines; more are not worth reading.
  void LogLater(std::string line) {
    if (late_lines_.size() < kMostLateLines) late_lines_.push_back(std::move(line));
  }
  void WriteLateLines() {
    if (late_lines_.empty()) [[likely]]
      return;
    for (const std::string& line : late_lines_) Log(LogLevel::kVerbose, line);
    late_lines_.clear();
  }

  // Around a command that may take long. Where the loop was adopted meanwhile, nothing of the loop
  // may be touched any more, only the client, until a kFinished letter is posted.
  void BeginSlow(int64_t now_us) {
    // Sequentially consistent on both sides: either the watch sees the command, or it is woken.
    slow_since_us_.store(now_us, std::memory_order_seq_cst);
    if (watch_asleep_ != nullptr && watch_asleep_->load(std::memory_order_seq_cst)) WakeWatch();
  }
  void EndSlow() {
    // Nobody else makes anything out of 0, so that a quick command spares itself the locked bus.
    if (slow_since_us_.load(std::memory_order_relaxed) == 0) [[likely]]
      return;
    if (slow_since_us_.exchange(0, std::memory_order_acq_rel) == kAdopted) adopted_ = true;
  }
  // True, once, when the loop was adopted during the last command.
  bool TakeAdopted() { return std::exchange(adopted_, false); }
  // The stand-by's side: takes the loop over from a worker whose command has run since `since_us`.
  bool Adopt(int64_t since_us) {
    return slow_since_us_.compare_exchange_strong(since_us, kAdopted, std::memory_order_acq_rel);
  }
  int64_t slow_since_us() const { return slow_since_us_.load(std::memory_order_seq_cst); }

 protected:
  // Called when a slow command begins while the stand-by sleeps.
  virtual void WakeWatch() {}
  const std::atomic<bool>* watch_asleep_ = nullptr;

 private:
  static constexpr int64_t kAdopted = -1;
  static constexpr size_t kMostLateLines = 64;
  std::atomic<int64_t> slow_since_us_{0};
  bool adopted_ = false;
  std::vector<std::string> late_lines_;
};

}  // namespace larder
