#include "server/store/shard.h"

#include <cstdlib>
#include <utility>

#include "server/base/check.h"

namespace larder {

Shard::~Shard() {
  for (std::atomic<Slice*>& slot : slices_) {
    Slice* slice = slot.load(std::memory_order_relaxed);
    if (slice == nullptr) continue;
    Table::FreeContents(slice->table.Release());
    delete slice;
  }
  FreeRetired();
}

Slice& Shard::slice(int db) {
  std::atomic<Slice*>& slot = slices_[static_cast<size_t>(db)];
  Slice* slice = slot.load(std::memory_order_relaxed);
  if (slice == nullptr) {
    slice = new Slice();
    slot.store(slice, std::memory_order_release);
  }
  return *slice;
}

void Shard::SwapSlices(int a, int b) {
  std::atomic<Slice*>& first = slices_[static_cast<size_t>(a)];
  std::atomic<Slice*>& second = slices_[static_cast<size_t>(b)];
  Slice* slice = first.load(std::memory_order_relaxed);
  first.store(second.load(std::memory_order_relaxed), std::memory_order_release);
  second.store(slice, std::memory_order_release);
  // Clients watch and wait for a key of a database by number, whatever is swapped beneath it.
  if (Slice* one = first.load(std::memory_order_relaxed),
      *other = second.load(std::memory_order_relaxed);
      one != nullptr || other != nullptr) {
    Slice& x = this->slice(a);
    Slice& y = this->slice(b);
    std::swap(x.watchers, y.watchers);
    std::swap(x.waiters, y.waiters);
  }
}

Entry* Shard::Find(int db, std::string_view key, uint64_t hash) const {
  const Slice* slice = existing_slice(db);
  return slice == nullptr ? nullptr : slice->table.Find(key, hash);
}

void Shard::Insert(int db, Entry* entry, uint64_t hash) {
  Slice& slice = this->slice(db);
  slice.table.Insert(entry, hash, retired_);
  NoteRetired();
  if (entry->has_expiry()) AddExpiry(slice, entry->expiry_ms(), hash);
}

void Shard::Replace(int db, Entry* old, Entry* entry, uint64_t hash) {
  const int64_t old_expiry_ms = old->expiry_ms();
  slice(db).table.Replace(old, entry, hash);
  NoteExpiry(slice(db), old_expiry_ms, entry->expiry_ms(), hash);
  Entry::Free(old);
}

void Shard::Moved(int db, const Entry* old, Entry* entry, uint64_t hash) {
  slice(db).table.Replace(old, entry, hash);
}

Entry* Shard::Remove(int db, Entry* entry, uint64_t hash) {
  Slice& slice = this->slice(db);
  slice.table.Remove(entry, hash, retired_);
  NoteRetired();
  if (entry->has_expiry()) slice.expiry.CountEntries(-1);
  return entry;
}

Entry* Shard::SetExpiry(int db, Entry* entry, int64_t expiry_ms, uint64_t hash) {
  const int64_t old_ms = entry->expiry_ms();
  if (old_ms == expiry_ms) return entry;
  Slice& slice = this->slice(db);
  if (old_ms != Entry::kNoExpiry && expiry_ms != Entry::kNoExpiry) {
    entry->set_expiry_ms(expiry_ms);
  } else {
    // The expiry's 8 bytes come or go, so the entry moves. The key outlives the old entry in
    // `fresh`.
    const Entry* old = entry;
    entry = Entry::Rebuild(entry, entry->key(), expiry_ms);
    slice.table.Replace(old, entry, hash);
  }
  NoteExpiry(slice, old_ms, expiry_ms, hash);
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

void Shard::TouchWatchers(int db, std::string_view key) {
  Slice* slice = existing_slice(db);
  if (slice == nullptr || slice->watchers.empty()) return;
  auto found = slice->watchers.find(key);
  if (found == slice->watchers.end()) return;
  for (const WatchFlag& flag : found->second) flag->store(true, std::memory_order_relaxed);
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
