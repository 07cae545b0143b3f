#include "server/persistence/rdb_builders.h"

#include <algorithm>
#include <array>
#include <utility>

#include "server/base/background.h"
#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/base/log.h"
#include "server/base/quote.h"
#include "server/base/strings.h"
#include "server/store/access.h"
#include "server/store/heap_counters.h"

namespace larder {
namespace {

constexpr uint64_t kEmptyKeysLogged = 10;  // as Redis
// Room is made ahead for no more than this, 16 MB: a file may announce what it has not. Tables of
// larger databases double once or twice more.
constexpr uint64_t kMostKeysAhead = 1024 * 1024;

}  // namespace

bool RdbTarget::InsertNew(Keyspace& keyspace, int db, Entry* entry, uint64_t hash) {
  Shard& shard = keyspace.shard(Keyspace::ShardOf(hash));
  MutexLock lock(shard.mutex());
  if (shard.Find(db, entry->key(), hash) != nullptr) return false;
  shard.Insert(db, entry, hash);
  return true;
}

void KeyspaceTarget::Expect(int db, uint64_t keys) {
  const uint64_t keys_a_shard = std::min(keys, kMostKeysAhead) / Keyspace::kShards;
  for (uint32_t i = 0; keys_a_shard > 0 && i < Keyspace::kShards; ++i) {
    Shard& shard = keyspace_.shard(i);
    MutexLock lock(shard.mutex());
    shard.Reserve(db, keys_a_shard);
  }
}

RdbTarget::Taken KeyspaceTarget::Insert(size_t, int db, Entry* entry, uint64_t hash) {
  if (!replace_existing_) {
    return InsertNew(keyspace_, db, entry, hash) ? Taken::kYes : Taken::kDuplicate;
  }
  Shard& shard = keyspace_.shard(Keyspace::ShardOf(hash));
  Entry* gone;
  {
    // Another builder may have the same key, from elsewhere in the file.
    MutexLock lock(shard.mutex());
    gone = shard.Find(db, entry->key(), hash);
    if (gone != nullptr) gone = shard.Remove(db, gone, hash);
    shard.Insert(db, entry, hash);
  }
  if (gone != nullptr) Entry::Free(gone);
  return Taken::kYes;
}

RdbBuilders::RdbBuilders(RdbTarget& target, const Options& options, const ValueLimits& limits,
                         size_t thread_count)
    : target_(target), options_(options), limits_(limits) {
  CHECK(thread_count < kMostThreads);
  for (size_t i = 0; i < thread_count; ++i) threads_.emplace_back([this, i] { Run(i + 1); });
}

RdbBuilders::~RdbBuilders() { Finish(); }

void RdbBuilders::Take(RdbChunk chunk) {
  {
    MutexLock lock(mutex_);
    if (waiting_.size() < kMostWaitingPerThread * threads_.size()) {
      waiting_.push_back(std::move(chunk));
      changed_.NotifyOne();
      return;
    }
  }
  Build(0, chunk);
}

void RdbBuilders::Finish() {
  {
    MutexLock lock(mutex_);
    finishing_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void RdbBuilders::Run(size_t number) {
  CountThisThread();
  for (;;) {
    RdbChunk chunk;
    {
      MutexLock lock(mutex_);
      while (waiting_.empty() && !finishing_) changed_.Wait(mutex_);
      if (waiting_.empty()) return;
      chunk = std::move(waiting_.front());
      waiting_.pop_front();
    }
    Build(number, chunk);
  }
}

void RdbBuilders::Build(size_t thread, const RdbChunk& chunk) {
  const std::string_view bytes = chunk.bytes;
  CoreOffers offers;
  // Entries rest here until their table, and then their place in it, have been fetched.
  std::array<Built, 4> resting;
  size_t number = 0, begin = 0;
  for (const RdbChunk::Record& record : chunk.records) {
    if (!ok()) break;
    RdbReader reader(bytes.substr(begin, record.end - begin));
    Built built;
    if (!BuildOne(reader, record, &built)) {
      Refuse(record.position + reader.position(), reader.error());
      break;
    }
    Insert(thread, std::exchange(resting[number % resting.size()], built));
    Fetch(resting[(number + resting.size() / 2) % resting.size()]);
    ++number;
    begin = record.end;
    offers.WorkDone();
  }
  for (const Built& built : resting) Insert(thread, built);
}

bool RdbBuilders::BuildOne(RdbReader& reader, const RdbChunk::Record& record, Built* built) {
  std::string key;
  if (!reader.String(&key)) return false;
  if (key.size() > Entry::kMaxKeyBytes) return reader.Fail("a key that is too long");
  const uint64_t hash = HashBytes(key);
  target_.keyspace().PrefetchTable(record.db, hash);
  Entry* entry = nullptr;
  switch (ReadValue(reader, record.type, key, record.expiry_ms, limits_, &entry)) {
    case ReadResult::kRefused:
      return false;
    case ReadResult::kEmpty:
      if (empty_.fetch_add(1, std::memory_order_relaxed) < kEmptyKeysLogged) {
        Log(LogLevel::kWarning, "Loading skipping empty key: ", Printable(key));
      }
      return true;
    case ReadResult::kValue:
      break;
  }
  if (!options_.keep_expired && entry->ExpiredAt(options_.now_ms)) {
    expired_.fetch_add(1, std::memory_order_relaxed);
    if (options_.take_expired) options_.take_expired(record.db, key);
    Entry::Free(entry);
    return true;
  }
  SetAccess(*entry, record);
  *built = {entry, record.db, hash, record.position + reader.position()};
  return true;
}

void RdbBuilders::Fetch(const Built& built) const {
  if (built.entry != nullptr) target_.keyspace().PrefetchSlot(built.db, built.hash);
}

void RdbBuilders::Insert(size_t thread, const Built& built) {
  if (built.entry == nullptr) return;
  const RdbTarget::Taken taken = target_.Insert(thread, built.db, built.entry, built.hash);
  if (taken == RdbTarget::Taken::kYes) {
    loaded_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  Refuse(built.position, taken == RdbTarget::Taken::kNoRoom
                             ? "no room for it beside the present data set"
                             : StrCat("RDB has duplicated key ", Printable(built.entry->key()),
                                      " in DB ", built.db));
  Entry::Free(built.entry);
}

void RdbBuilders::SetAccess(Entry& entry, const RdbChunk::Record& record) const {
  if (options_.counts_uses) {
    const int frequency = record.frequency >= 0 ? record.frequency : kLfuStart;
    entry.set_access(LfuAccess(static_cast<uint8_t>(frequency), options_.now_ms));
  } else {
    const int64_t idle_ms = record.idle_s > 0 ? record.idle_s * 1000 : 0;
    entry.set_access(LruAccess(options_.now_ms - idle_ms));
  }
}

void RdbBuilders::Refuse(uint64_t position, const std::string& error) {
  MutexLock lock(mutex_);
  if (!ok() && error_position_ <= position) return;
  error_position_ = position;
  error_ = error;
  refused_.store(true, std::memory_order_relaxed);
}

}  // namespace larder
