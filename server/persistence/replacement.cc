#include "server/persistence/replacement.h"

#include <vector>

#include "server/base/hash.h"
#include "server/persistence/same_value.h"
#include "server/store/memory.h"

namespace larder {

Replacement::Replacement(Engine& engine, ReplacementSlots& slots, uint64_t most_bytes)
    : engine_(engine),
      slots_(slots),
      most_bytes_(most_bytes),
      loaded_(std::make_unique<Keyspace>(engine.keyspace.databases())) {
  engine.eviction.Hold(true);
  engine.gate.WaitForBatches();  // for who is evicting already
  ClearMarks();
}

Replacement::~Replacement() { engine_.eviction.Hold(false); }

// Those of one that was given up.
void Replacement::ClearMarks() {
  Gate::Slot& slot = slots_.of(0);
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    Shard& shard = engine_.keyspace.shard(i);
    engine_.gate.EnterWaiting(slot);
    {
      MutexLock lock(shard.mutex());
      for (int db = 0; db < engine_.keyspace.databases(); ++db) {
        const Slice* slice = shard.existing_slice(db);
        if (slice != nullptr) slice->table.ForEach([](Entry* entry) { entry->set_marked(false); });
      }
    }
    engine_.gate.Leave(slot);
  }
}

bool Replacement::Keep(Gate::Slot& slot, int db, const Entry& entry, uint64_t hash,
                       bool* met_before) {
  Shard& shard = engine_.keyspace.shard(Keyspace::ShardOf(hash));
  bool keep = false;
  engine_.gate.EnterWaiting(slot);
  {
    MutexLock lock(shard.mutex());
    Entry* mine = shard.Find(db, entry.key(), hash);
    *met_before = mine != nullptr && mine->marked();
    keep = mine != nullptr && !*met_before && SameValue(*mine, entry);
    if (keep) mine->set_marked(true);
  }
  engine_.gate.Leave(slot);
  return keep;
}

RdbTarget::Taken Replacement::Insert(size_t thread, int db, Entry* entry, uint64_t hash) {
  bool duplicate = false;
  if (Keep(slots_.of(thread), db, *entry, hash, &duplicate)) {
    Entry::Free(entry);
    kept_.fetch_add(1, std::memory_order_relaxed);
    return Taken::kYes;
  }
  if (duplicate) return Taken::kDuplicate;
  if (inserted_.fetch_add(1, std::memory_order_relaxed) % kLookEvery == 0 && most_bytes_ > 0 &&
      UsedMemory() > most_bytes_) {
    full_.store(true, std::memory_order_relaxed);
  }
  if (full()) return Taken::kNoRoom;
  return InsertNew(*loaded_, db, entry, hash) ? Taken::kYes : Taken::kDuplicate;
}

ReadyKeys Replacement::Apply() {
  ReadyKeys ready;
  size_t freed = 0;
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    for (int db = 0; db < engine_.keyspace.databases(); ++db) {
      Shard& shard = engine_.keyspace.shard(i);
      RemoveUnmarked(shard, db, &freed, ready);
      Adopt(shard, loaded_->shard(i), db, ready);
    }
  }
  return ready;
}

void Replacement::RemoveUnmarked(Shard& shard, int db, size_t* freed, ReadyKeys& ready) {
  const Slice* slice = shard.existing_slice(db);
  if (slice == nullptr) return;
  std::vector<Entry*> gone;
  slice->table.ForEach([&gone](Entry* entry) {
    if (!entry->marked()) gone.push_back(entry);
    entry->set_marked(false);
  });
  for (Entry* entry : gone) {
    shard.TouchWatchers(db, entry->key(), KeyFate::kGoes);
    Parking::NoteReady(*slice, db, entry->key(), ready);
    entry = shard.Drop(db, entry, HashBytes(entry->key()));
    if (entry == nullptr) continue;  // a snapshot has it
    // Everybody waits at the gate: many are freed elsewhere.
    if (++*freed <= Keyspace::kFreedAtOnce) {
      Entry::Free(entry);
    } else {
      engine_.keyspace.reclaimer().Free(entry, entry->MemoryBytes());
    }
  }
}

void Replacement::Adopt(Shard& shard, Shard& loaded, int db, ReadyKeys& ready) {
  const Table::Contents contents = loaded.Flush(db);
  if (contents.slots == nullptr) return;
  std::vector<Entry*> entries;
  entries.reserve(contents.size);
  Table::ForEachIn(contents, [&entries](Entry* entry) { entries.push_back(entry); });
  Table::FreeSlots(contents);
  for (Entry* entry : entries) {
    shard.TouchWatchers(db, entry->key(), KeyFate::kStays);
    shard.Insert(db, entry, HashBytes(entry->key()));
    Parking::NoteReady(shard.slice(db), db, entry->key(), ready);
  }
}

}  // namespace larder
