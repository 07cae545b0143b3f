#include "server/commands/digest.h"

#include <cstdio>

#include "server/base/hash.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/store/hash.h"
#include "server/store/keyspace.h"
#include "server/store/list.h"
#include "server/store/set.h"
#include "server/store/stream.h"
#include "server/store/zset.h"

namespace larder {
namespace {

Digest DigestOf(std::string_view a, std::string_view b = {}) {
  Digest digest;
  digest.Mix(a);
  digest.Mix(b);
  return digest;
}

Digest DigestOfList(const List& list) {
  Digest digest;
  for (List::Cursor cursor = list.CursorAt(0); cursor.valid(); cursor.Next()) {
    digest.Mix((*cursor).bytes);
  }
  return digest;
}

Digest DigestOfSet(const Set& set) {
  Digest digest;
  set.ForEach([&](std::string_view member) { digest.Combine(DigestOf(member)); });
  return digest;
}

Digest DigestOfHash(const Hash& hash) {
  Digest digest;
  hash.ForEach(
      [&](const DictRecord& record) { digest.Combine(DigestOf(record.key, record.value.bytes)); });
  return digest;
}

Digest DigestOfZSet(const ZSet& zset) {
  Digest digest;
  uint64_t cursor = 0;
  do {
    cursor = zset.Scan(cursor, 1000, [&](const BulkView& member, double score) {
      digest.Combine(DigestOf(member.bytes, FormatDouble(score)));
    });
  } while (cursor != 0);
  return digest;
}

// The entries alone: replicas see some of what happens to groups at another time.
Digest DigestOfStream(const Stream& stream) {
  Digest digest;
  stream.ForEach(StreamId::Min(), StreamId::Max(), [&](const StreamEntry& entry) {
    digest.Mix(FormatStreamId(entry.id()));
    entry.ForEachPair([&](std::string_view field, std::string_view value) {
      digest.Mix(field);
      digest.Mix(value);
    });
    return true;
  });
  return digest;
}

}  // namespace

void Digest::Mix(std::string_view bytes) {
  for (size_t i = 0; i < words_.size(); ++i)
    words_[i] = HashBytesWithSeed(bytes, words_[i] + i + 1);
}

void Digest::Combine(const Digest& other) {
  for (size_t i = 0; i < words_.size(); ++i) words_[i] ^= other.words_[i];
}

std::string Digest::Hex() const {
  char text[64];
  std::snprintf(
      text, sizeof(text), "%016llx%016llx%016llx", static_cast<unsigned long long>(words_[0]),
      static_cast<unsigned long long>(words_[1]), static_cast<unsigned long long>(words_[2]));
  return std::string(text, 40);
}

Digest DigestOfValue(const Entry& entry) {
  Digest digest;
  std::string flat;
  switch (entry.type()) {
    case ValueType::kString:
      digest = DigestOf(entry.string().Flatten(&flat));
      break;
    case ValueType::kList:
      digest = DigestOfList(*entry.object<List>());
      break;
    case ValueType::kSet:
      digest = DigestOfSet(*entry.object<Set>());
      break;
    case ValueType::kZSet:
      digest = DigestOfZSet(*entry.object<ZSet>());
      break;
    case ValueType::kHash:
      digest = DigestOfHash(*entry.object<Hash>());
      break;
    case ValueType::kStream:
      digest = DigestOfStream(*entry.object<Stream>());
      break;
  }
  digest.Mix(TypeName(entry.type()));
  if (entry.has_expiry()) digest.Mix("has an expiry");
  return digest;
}

Digest DigestOfKeyspace(Keyspace& keyspace, int64_t now_ms) {
  Digest digest;
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    for (int db = 0; db < keyspace.databases(); ++db) {
      const Slice* slice = keyspace.shard(i).existing_slice(db);
      if (slice == nullptr) continue;
      slice->table.ForEach([&](const Entry* entry) {
        if (entry->ExpiredAt(now_ms)) return;
        Digest key = DigestOf(StrCat(db), entry->key());
        key.Mix(DigestOfValue(*entry).Hex());
        digest.Combine(key);
      });
    }
  }
  return digest;
}

}  // namespace larder
