#include "server/store/keyspace.h"

namespace larder {

Keyspace::Keyspace(int databases) : directory_(databases, kShards) {
  shards_.reserve(kShards);
  for (uint32_t i = 0; i < kShards; ++i) {
    shards_.push_back(std::make_unique<Shard>(directory_, i, snapshot_memory_));
  }
}

Keyspace::~Keyspace() = default;

size_t Keyspace::Size(int db) const {
  size_t keys = 0;
  ForEachSlice(db, [&keys](const Slice& slice) { keys += slice.table.size(); });
  return keys;
}

bool Keyspace::empty() const {
  for (int db = 0; db < databases(); ++db) {
    if (Size(db) > 0) return false;
  }
  return true;
}

size_t Keyspace::Expires(int db) const {
  size_t keys = 0;
  ForEachSlice(db, [&keys](const Slice& slice) { keys += slice.expiry.entries(); });
  return keys;
}

Keyspace::Bytes Keyspace::BytesOf(int db) const {
  Bytes bytes;
  ForEachSlice(db, [&bytes](const Slice& slice) {
    bytes.entries += slice.entry_bytes.load(std::memory_order_relaxed);
    bytes.tables += sizeof(Slice) + slice.table_bytes.load(std::memory_order_relaxed);
    bytes.expiries += slice.expiry_bytes.load(std::memory_order_relaxed);
  });
  return bytes;
}

size_t Keyspace::Flush(int db, bool lazy) {
  if (slice(db, 0) == nullptr) return 0;
  const size_t keys = Size(db);
  if (keys > kFreedAtOnce || BytesOf(db).entries > kBytesFreedAtOnce) lazy = true;
  for (const auto& shard : shards_) {
    const Table::Contents contents = shard->Flush(db);
    if (contents.slots == nullptr) continue;
    if (lazy) {
      reclaimer_.Free(contents);
    } else {
      Table::FreeContents(contents);
    }
  }
  return keys;
}

void Keyspace::FlushAll() {
  for (int db = 0; db < databases(); ++db) Flush(db, /*lazy=*/true);
}

}  // namespace larder
