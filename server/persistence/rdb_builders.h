// RdbBuilders: threads that make entries of keys which another thread has found in an RDB file.
// Finding them is fast; checking, decompressing and building them is most of the work of loading.
//
// One thread calls Take and Finish; the builders lock the shards they insert into. REQUIRES: the
// gate is closed by that thread, or the keyspace is nobody else's yet.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "server/base/mutex.h"
#include "server/persistence/rdb_value.h"
#include "server/store/keyspace.h"

namespace larder {

// Keys and values as the file has them, and what the file says of each.
struct RdbChunk {
  struct Record {
    int db;
    uint8_t type;
    int frequency;      // -1: not said
    int64_t idle_s;     // -1: not said
    int64_t expiry_ms;  // or Entry::kNoExpiry
    uint64_t position;  // in the file, of its bytes here
    size_t end;         // of its bytes here; they begin where those of the one before end
  };
  std::string bytes;
  std::vector<Record> records;
};

// Where entries go that were built.
class RdbTarget {
 public:
  enum class Taken : uint8_t { kYes, kDuplicate, kNoRoom };

  virtual ~RdbTarget() = default;
  // Takes the entry over, whatever is answered. Any thread of RdbBuilders, by its number.
  virtual Taken Insert(size_t thread, int db, Entry* entry) = 0;

 protected:
  // Puts an entry into a keyspace. False, and the entry is freed: its key is there already.
  static bool InsertNew(Keyspace& keyspace, int db, Entry* entry, uint64_t hash);
};

// The keyspace itself.
class KeyspaceTarget : public RdbTarget {
 public:
  KeyspaceTarget(Keyspace& keyspace, bool replace_existing)
      : keyspace_(keyspace), replace_existing_(replace_existing) {}
  Taken Insert(size_t thread, int db, Entry* entry) override;

 private:
  Keyspace& keyspace_;
  const bool replace_existing_;
};

class RdbBuilders {
 public:
  static constexpr size_t kMostThreads = 5;  // with the one that calls Take, number 0

  struct Options {
    bool keep_expired = false;
    std::function<void(int db, std::string_view key)> take_expired = {};  // any thread
    bool counts_uses = false;
    int64_t now_ms = 0;
  };

  // With 0 threads Take does the work itself. REQUIRES: thread_count < kMostThreads.
  RdbBuilders(RdbTarget& target, const Options& options, const ValueLimits& limits,
              size_t thread_count);
  ~RdbBuilders();
  RdbBuilders(const RdbBuilders&) = delete;
  RdbBuilders& operator=(const RdbBuilders&) = delete;

  // Has a chunk built: by this thread where the others have enough to do.
  void Take(RdbChunk chunk);
  // Waits for all of them.
  void Finish();

  // False when a key was refused; the rest is not built then.
  bool ok() const { return !refused_.load(std::memory_order_relaxed); }
  // The first that was refused. REQUIRES: Finish() has returned, !ok().
  const std::string& error() const { return error_; }
  uint64_t error_position() const { return error_position_; }

  uint64_t keys_loaded() const { return loaded_.load(std::memory_order_relaxed); }
  uint64_t keys_expired() const { return expired_.load(std::memory_order_relaxed); }
  uint64_t keys_empty() const { return empty_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kMostWaitingPerThread = 2;  // chunks; more would only be memory

  void Run(size_t number);
  void Build(size_t thread, const RdbChunk& chunk);
  bool BuildOne(size_t thread, RdbReader& reader, const RdbChunk::Record& record);
  void SetAccess(Entry& entry, const RdbChunk::Record& record) const;
  void Refuse(uint64_t position, const std::string& error);

  RdbTarget& target_;
  const Options options_;
  const ValueLimits limits_;
  std::vector<std::thread> threads_;

  Mutex mutex_;
  CondVar changed_;
  std::deque<RdbChunk> waiting_ ABSL_GUARDED_BY(mutex_);
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  std::string error_;            // written under the lock
  uint64_t error_position_ = 0;  // the same

  std::atomic<bool> refused_{false};
  std::atomic<uint64_t> loaded_{0}, expired_{0}, empty_{0};
};

}  // namespace larder
