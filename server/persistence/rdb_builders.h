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

// Where entries go that were built. Any thread of RdbBuilders, by its number.
class RdbTarget {
 public:
  enum class Taken : uint8_t { kYes, kDuplicate, kNoRoom };

  virtual ~RdbTarget() = default;
  // Where Insert looks for the key first.
  virtual const Keyspace& keyspace() const = 0;
  // The file says that so many keys of a database follow; not to be trusted.
  virtual void Expect(int /*db*/, uint64_t /*keys*/) {}
  // Takes the entry over unless it refuses it; its key's hash is `hash`.
  virtual Taken Insert(size_t thread, int db, Entry* entry, uint64_t hash) = 0;

 protected:
  // Puts an entry into a keyspace. False: its key is there already.
  static bool InsertNew(Keyspace& keyspace, int db, Entry* entry, uint64_t hash);
};

// The keyspace itself.
class KeyspaceTarget : public RdbTarget {
 public:
  KeyspaceTarget(Keyspace& keyspace, bool replace_existing)
      : keyspace_(keyspace), replace_existing_(replace_existing) {}
  const Keyspace& keyspace() const override { return keyspace_; }
  void Expect(int db, uint64_t keys) override;
  Taken Insert(size_t thread, int db, Entry* entry, uint64_t hash) override;

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

  void Expect(int db, uint64_t keys) { target_.Expect(db, keys); }
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

  // An entry on its way to the target; null where there is none.
  struct Built {
    Entry* entry = nullptr;
    int db = 0;
    uint64_t hash = 0;
    uint64_t position = 0;  // in the file, of the end of its bytes
  };

  void Run(size_t number);
  void Build(size_t thread, const RdbChunk& chunk);
  bool BuildOne(RdbReader& reader, const RdbChunk::Record& record, Built* built);
  void SetAccess(Entry& entry, const RdbChunk::Record& record) const;
  void Fetch(const Built& built) const;
  void Insert(size_t thread, const Built& built);
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
