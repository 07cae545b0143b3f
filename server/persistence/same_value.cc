#include "server/persistence/same_value.h"

#include <string>

#include "protocol/rdb_writer.h"
#include "server/persistence/rdb_value.h"
#include "server/store/hash.h"
#include "server/store/list.h"
#include "server/store/set.h"
#include "server/store/zset.h"

namespace larder {
namespace {

bool Same(const StringBlocks& a, const StringBlocks& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.count(); ++i) {
    if (a.block(i).bytes != b.block(i).bytes) return false;
  }
  return true;
}

bool Same(const List& a, const List& b) {
  if (a.size() != b.size()) return false;
  List::Cursor other = b.CursorAt(0);
  for (List::Cursor at = a.CursorAt(0); at.valid(); at.Next(), other.Next()) {
    if ((*at).bytes != (*other).bytes) return false;
  }
  return true;
}

bool Same(const Set& a, const Set& b) {
  return a.size() == b.size() &&
         !a.AnyOf([&b](std::string_view member) { return !b.Contains(member); });
}

bool Same(const Hash& a, const Hash& b) {
  bool same = a.size() == b.size();
  if (!same) return false;
  a.ForEach([&](const DictRecord& record) {
    if (!same) return;
    const std::optional<BulkView> other = b.Get(record.key);
    same = other.has_value() && other->bytes == record.value.bytes;
  });
  return same;
}

bool Same(const ZSet& a, const ZSet& b) {
  if (a.size() != b.size()) return false;
  for (ZSet::Cursor at = a.CursorAt(0); at.valid(); at.Next()) {
    if (b.Score(at.member().bytes) != at.score()) return false;
  }
  return true;
}

// Streams have one order and one form, so their bytes in a file tell.
std::string Written(const Entry& entry) {
  StringSink sink;
  RdbWriter writer(sink, {.compress = false, .checksum = false});
  WriteValue(writer, rdb::kStream2, entry);
  writer.Flush();
  return std::move(sink.text);
}

template <typename T>
bool SameObject(const Entry& a, const Entry& b) {
  return Same(*a.object<T>(), *b.object<T>());
}

}  // namespace

bool SameValue(const Entry& a, const Entry& b) {
  if (a.type() != b.type() || a.expiry_ms() != b.expiry_ms()) return false;
  switch (a.type()) {
    case ValueType::kString:
      return Same(a.string(), b.string());
    case ValueType::kList:
      return SameObject<List>(a, b);
    case ValueType::kSet:
      return SameObject<Set>(a, b);
    case ValueType::kZSet:
      return SameObject<ZSet>(a, b);
    case ValueType::kHash:
      return SameObject<Hash>(a, b);
    case ValueType::kStream:
      return Written(a) == Written(b);
  }
  return false;
}

}  // namespace larder
