// Replacement: a data set that is loaded beside the one that is served, and takes its place when it
// is whole. What is the same in both is not kept twice: the entry that is there is marked to stay,
// and the loaded one goes at once. So memory holds, at the most, what is served and what differs.
//
//   Replacement replacement(engine, most_bytes);
//   ... loading with options.target = &replacement, commands go on ...
//   with the gate closed, unless the served data have changed meanwhile: replacement.Apply();
//
// Nothing but Apply changes what is served, and nothing is evicted, since what was found to be the
// same must stay. One at a time; one thread constructs and applies it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "server/engine/engine.h"
#include "server/persistence/rdb_builders.h"
#include "server/store/keyspace.h"

namespace larder {

// The gate slots of the threads that load, kept for the life of the server.
class ReplacementSlots {
 public:
  explicit ReplacementSlots(Gate& gate) {
    for (Gate::Slot*& slot : slots_) slot = &gate.AddSlot();
  }
  Gate::Slot& of(size_t thread) { return *slots_[thread]; }

 private:
  std::array<Gate::Slot*, RdbBuilders::kMostThreads> slots_;
};

class Replacement : public RdbTarget {
 public:
  // Up to `most_bytes` of used memory, 0: no limit. REQUIRES: this thread is outside the gate.
  Replacement(Engine& engine, ReplacementSlots& slots, uint64_t most_bytes);
  ~Replacement() override;

  const Keyspace& keyspace() const override { return engine_.keyspace; }
  Taken Insert(size_t thread, int db, Entry* entry, uint64_t hash) override;
  // It did not fit.
  bool full() const { return full_.load(std::memory_order_relaxed); }
  // Keys that both data sets have alike.
  uint64_t kept() const { return kept_.load(std::memory_order_relaxed); }

  // Takes out of the keyspace what the loaded data set does not have, and puts in what it has.
  // Watched keys that change are marked, and those that somebody waits for returned. REQUIRES: the
  // gate is closed by this thread.
  ReadyKeys Apply();

 private:
  static constexpr uint64_t kLookEvery = 256;  // keys between two looks at the memory

  void ClearMarks();
  // True: the served entry stays, and the loaded one is not needed. *taken: it was met before.
  bool Keep(Gate::Slot& slot, int db, const Entry& entry, uint64_t hash, bool* met_before);
  void RemoveUnmarked(Shard& shard, int db, size_t* freed, ReadyKeys& ready);
  void Adopt(Shard& shard, Shard& loaded, int db, ReadyKeys& ready);

  Engine& engine_;
  ReplacementSlots& slots_;
  const uint64_t most_bytes_;
  std::unique_ptr<Keyspace> loaded_;  // what differs
  std::atomic<uint64_t> kept_{0}, inserted_{0};
  std::atomic<bool> full_{false};
};

}  // namespace larder
