#include "server/commands/digest.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "server/store/hash.h"
#include "server/store/keyspace.h"
#include "server/store/list.h"
#include "server/store/set.h"
#include "server/store/stream.h"
#include "server/store/zset.h"

namespace larder {
namespace {

// Numbers enter with their most significant byte first.
void MixNumber(Digest& digest, uint32_t number) {
  const char bytes[] = {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                        static_cast<char>(number >> 8), static_cast<char>(number)};
  digest.Mix({bytes, sizeof(bytes)});
}

// As Redis numbers the types in memory.
uint32_t TypeNumber(ValueType type) {
  switch (type) {
    case ValueType::kString:
      return 0;
    case ValueType::kList:
      return 1;
    case ValueType::kSet:
      return 2;
    case ValueType::kZSet:
      return 3;
    case ValueType::kHash:
      return 4;
    case ValueType::kStream:
      return 6;
  }
  return 0;
}

void CombinePair(Digest& digest, std::string_view a, std::string_view b) {
  Digest pair;
  pair.Mix(a);
  pair.Mix(b);
  digest.Combine(pair);
}

std::string_view Bytes(const Sha1& sum) {
  return {reinterpret_cast<const char*>(sum.data()), sum.size()};
}

void AddList(Digest& digest, const List& list) {
  for (List::Cursor cursor = list.CursorAt(0); cursor.valid(); cursor.Next()) {
    digest.Mix((*cursor).bytes);
  }
}

void AddZSet(Digest& digest, const ZSet& zset) {
  uint64_t cursor = 0;
  do {
    cursor = zset.Scan(cursor, 1000, false, [&](const BulkView& member, double score) {
      char text[32];
      const int size = std::snprintf(text, sizeof(text), "%.17g", score);
      CombinePair(digest, member.bytes, {text, static_cast<size_t>(size)});
    });
  } while (cursor != 0);
}

// The entries alone: replicas see some of what happens to groups at another time.
void AddStream(Digest& digest, const Stream& stream) {
  stream.ForEach(StreamId::Min(), StreamId::Max(), [&](const StreamEntry& entry) {
    std::string id = FormatStreamId(entry.id());
    std::replace(id.begin(), id.end(), '-', '.');
    digest.Mix(id);
    entry.ForEachPair([&](std::string_view field, std::string_view value) {
      digest.Mix(field);
      digest.Mix(value);
    });
    return true;
  });
}

void AddValue(Digest& digest, const Entry& entry) {
  std::string flat;
  MixNumber(digest, TypeNumber(entry.type()));
  switch (entry.type()) {
    case ValueType::kString:
      digest.Mix(entry.string().Flatten(&flat));
      break;
    case ValueType::kList:
      AddList(digest, *entry.object<List>());
      break;
    case ValueType::kSet:
      entry.object<Set>()->ForEach([&](std::string_view member) { digest.Combine(member); });
      break;
    case ValueType::kZSet:
      AddZSet(digest, *entry.object<ZSet>());
      break;
    case ValueType::kHash:
      entry.object<Hash>()->ForEach(
          [&](const DictRecord& record) { CombinePair(digest, record.key, record.value.bytes); });
      break;
    case ValueType::kStream:
      AddStream(digest, *entry.object<Stream>());
      break;
  }
  if (entry.has_expiry()) digest.Combine("!!expire!!");
}

// The keys of one database, on top of what `digest` holds.
void AddDatabase(Digest& digest, Keyspace& keyspace, int db, int64_t now_ms) {
  bool any = false;
  keyspace.ForEachSlice(db, [&](const Slice& slice) {
    slice.table.ForEach([&](const Entry* entry) {
      if (entry->ExpiredAt(now_ms)) return;
      if (!std::exchange(any, true)) MixNumber(digest, static_cast<uint32_t>(db));
      Digest key;
      key.Mix(entry->key());
      AddValue(key, *entry);
      digest.Combine(key);
    });
  });
}

}  // namespace

void Digest::Combine(std::string_view bytes) {
  const Sha1 sum = Sha1Of(bytes);
  for (size_t i = 0; i < sum.size(); ++i) sum_[i] ^= sum[i];
}

void Digest::Combine(const Digest& other) { Combine(Bytes(other.sum_)); }

void Digest::Mix(std::string_view bytes) {
  Combine(bytes);
  sum_ = Sha1Of(Bytes(sum_));
}

Digest DigestOfValue(const Entry& entry) {
  Digest digest;
  AddValue(digest, entry);
  return digest;
}

Digest DigestOfKeyspace(Keyspace& keyspace, int64_t now_ms) {
  Digest digest;
  for (int db = 0; db < keyspace.databases(); ++db) AddDatabase(digest, keyspace, db, now_ms);
  return digest;
}

}  // namespace larder
