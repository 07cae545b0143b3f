#include "server/store/shard.h"

#include <cstdlib>
#include <utility>

#include "server/base/check.h"
#include "server/store/heap_counters.h"

namespace larder {

Shard::~Shard() {
  for (int db = 0; db < databases(); ++db) {
    Slice* slice = existing_slice(db);
    if (slice == nullptr) continue;
    Table::FreeContents(slice->table.Release());
  }
  FreeRetired();
}

Slice& Shard::slice(int db) {
  if (Slice* slice = existing_slice(db)) [[likely]]
    return *slice;
  directory_.MakeRow(db);
  return *existing_slice(db);
}

void Shard::SwapSlices(int a, int b) {
  Slice& first = slice(a);
  Slice& second = slice(b);
  directory_.at(a, index_).store(&second, std::memory_order_release);
  directory_.at(b, index_).store(&first, std::memory_order_release);
  ++swaps_;
  // Clients watch and wait for a key of a database by number, whatever is swapped beneath it.
  std::swap(first.watchers, second.watchers);
  std::swap(first.waiters, second.waiters);
}

Entry* Shard::Find(int db, std::string_view key, uint64_t hash) const {
  const Slice* slice = existing_slice(db);
  return slice == nullptr ? nullptr : slice->table.Find(key, hash);
}

void Shard::Insert(int db, Entry* entry, uint64_t hash) {
  Slice& slice = this->slice(db);
  entry->set_epoch(snapshot_.epoch());
  slice.table.Insert(entry, hash, retired_);
  NoteRetired();
  if (entry->has_expiry()) AddExpiry(slice, entry->expiry_ms(), hash);
  CountBytes(slice, entry->MemoryBytes(), 0);
  CountIndexes(slice);
}

void Shard::Reserve(int db, size_t keys) {
  Slice& slice = this->slice(db);
  slice.table.Reserve(slice.table.size() + keys, retired_);
  NoteRetired();
  CountIndexes(slice);
}

Entry* Shard::Replace(int db, Entry* old, Entry* entry, uint64_t hash) {
  Slice& slice = this->slice(db);
  entry->set_epoch(snapshot_.epoch());
  slice.table.Replace(old, entry, hash);
  NoteExpiry(slice, old->expiry_ms(), entry->expiry_ms(), hash);
  CountBytes(slice, entry->MemoryBytes(), old->MemoryBytes());
  return LetGo(slice, old);
}

void Shard::Moved(int db, const Entry* old, Entry* entry, uint64_t hash) {
  slice(db).table.Replace(old, entry, hash);
}

Entry* Shard::CloneInPlace(int db, Entry* entry, uint64_t hash) {
  Slice& slice = this->slice(db);
  const HeapGrowth growth;
  Entry* clone = entry->Clone(entry->key(), entry->expiry_ms());
  const size_t bytes = entry->shares_blocks() ? growth.bytes() : entry->MemoryBytes();
  clone->set_epoch(snapshot_.epoch());
  slice.table.Replace(entry, clone, hash);
  CountBytes(slice, clone->MemoryBytes(), entry->MemoryBytes());
  snapshot_.Keep(slice.saved_as, entry, bytes);
  return clone;
}

Entry* Shard::Remove(int db, Entry* entry, uint64_t hash) {
  return Drop(db, Writable(db, entry, hash), hash);
}

Entry* Shard::Drop(int db, Entry* entry, uint64_t hash) {
  Slice& slice = this->slice(db);
  slice.table.Remove(entry, hash, retired_);
  NoteRetired();
  if (entry->has_expiry()) slice.expiry.CountEntries(-1);
  CountBytes(slice, 0, entry->MemoryBytes());
  CountIndexes(slice);
  return LetGo(slice, entry);
}

Entry* Shard::LetGo(Slice& slice, Entry* entry) {
  if (!snapshot_.Unsaved(entry)) [[likely]]
    return entry;
  snapshot_.Keep(slice.saved_as, entry, entry->MemoryBytes());
  return nullptr;
}

Table::Contents Shard::Flush(int db) {
  Slice* slice = existing_slice(db);
  if (slice == nullptr) return {};
  FreeRetired();
  Table::Contents contents = slice->table.Release();
  contents.bytes = slice->entry_bytes.exchange(0, std::memory_order_relaxed);
  slice->expiry.Clear();
  slice->expiry.CountEntries(-static_cast<int64_t>(slice->expiry.entries()));
  CountIndexes(*slice);
  if (contents.slots == nullptr || !snapshot_.running()) return contents;
  // What came since the cut, perhaps again and again during a long snapshot, is of no use to it.
  if (!std::exchange(slice->at_cut, false)) return contents;
  snapshot_.Keep(slice->saved_as, contents);
  return {};
}

void Shard::CutSnapshot() {
  for (int db = 0; db < databases(); ++db) {
    Slice* slice = existing_slice(db);
    if (slice == nullptr) continue;
    slice->saved_as = db;
    slice->at_cut = true;
  }
  snapshot_.Cut();
}

Entry* Shard::SetExpiry(int db, Entry* entry, int64_t expiry_ms, uint64_t hash) {
  const int64_t old_ms = entry->expiry_ms();
  if (old_ms == expiry_ms) return entry;
  Slice& slice = this->slice(db);
  entry = Writable(db, entry, hash);
  if (old_ms != Entry::kNoExpiry && expiry_ms != Entry::kNoExpiry) {
    entry->set_expiry_ms(expiry_ms);
  } else {
    // The expiry's 8 bytes come or go, so the entry moves. The key outlives the old entry in
    // `fresh`.
    const Entry* old = entry;
    CountBytes(slice, 0, entry->MemoryBytes());
    entry = Entry::Rebuild(entry, entry->key(), expiry_ms);
    slice.table.Replace(old, entry, hash);
    CountBytes(slice, entry->MemoryBytes(), 0);
  }
  NoteExpiry(slice, old_ms, expiry_ms, hash);
  CountIndexes(slice);
  return entry;
}

void Shard::NoteExpiry(Slice& slice, int64_t old_ms, int64_t new_ms, uint64_t hash) {
  if (old_ms != Entry::kNoExpiry) slice.expiry.CountEntries(-1);
  if (new_ms == Entry::kNoExpiry) return;
  // A record at or before the old expiry is in the index already.
  if (old_ms != Entry::kNoExpiry && new_ms >= old_ms) return slice.expiry.CountEntries(1);
  AddExpiry(slice, new_ms, hash);
}

void Shard::AddExpiry(Slice& slice, int64_t expiry_ms, uint64_t hash) {
  slice.expiry.CountEntries(1);
  slice.expiry.Add(expiry_ms, hash);
  if (!slice.expiry.Bloated()) return;
  slice.expiry.Clear();
  slice.table.ForEach([&slice](const Entry* entry) {
    if (entry->has_expiry()) slice.expiry.Add(entry->expiry_ms(), HashBytes(entry->key()));
  });
}

bool Shard::PopDue(int db, int64_t now_ms, uint32_t* hash_top) {
  Slice& slice = this->slice(db);
  const bool due = slice.expiry.PopDue(now_ms, hash_top);
  CountIndexes(slice);
  return due;
}

void Shard::TouchWatchers(int db, std::string_view key, KeyFate fate) {
  Slice* slice = existing_slice(db);
  if (slice == nullptr || slice->watchers.empty()) return;
  auto found = slice->watchers.find(key);
  if (found == slice->watchers.end()) return;
  // Who has seen one change need not see the next: a key that many watch is then written at once.
  absl::erase_if(found->second, [fate](const WatchRef& watch) {
    watch->changed |= fate == KeyFate::kStays || !watch->expired;
    watch->expired = false;
    return watch->changed;
  });
  if (found->second.empty()) slice->watchers.erase(found);
}

void Shard::FreeRetired() {
  Table::Retired arrays;
  TakeRetired(arrays);
  for (void* array : arrays) std::free(array);
}

void Shard::TakeRetired(Table::Retired& out) {
  out.insert(out.end(), retired_.begin(), retired_.end());
  retired_.clear();
  has_retired_.store(false, std::memory_order_relaxed);
}

}  // namespace larder
