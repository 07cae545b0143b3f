#include <algorithm>
#include <string>
#include <vector>

#include "protocol/intset.h"
#include "protocol/listpack.h"
#include "server/base/check.h"
#include "server/base/numbers.h"
#include "server/persistence/rdb_stream.h"
#include "server/persistence/rdb_value.h"
#include "server/store/list.h"
#include "server/store/zset.h"

namespace larder {
namespace {

// A listpack's sizes have 32 bits; far below that, an element a time is as good.
constexpr size_t kMostPackedBytes = size_t{256} << 20;
// Of a list's node, as Redis cuts them by default (list-max-listpack-size -2).
constexpr size_t kNodeBytes = 8 * 1024;
constexpr size_t kElementOverhead = 11;  // of an element in a listpack, at most
// A longer element is a node of its own without a listpack around it, as in Redis.
constexpr size_t kMostPackedElement = size_t{1} << 30;

void WriteSet(RdbWriter& writer, const Set& set) {
  writer.Length(set.size());
  set.ForEach([&](std::string_view member) { writer.String(member); });
}

void WriteIntegers(RdbWriter& writer, const Set& set) {
  std::vector<int64_t> numbers;
  numbers.reserve(set.size());
  if (const IntSet* ints = set.ints()) {
    for (size_t i = 0; i < ints->size(); ++i) numbers.push_back(ints->At(i));
  } else {
    set.ForEach([&](std::string_view member) {
      int64_t number;
      CHECK(ParseInt64(member, &number));
      numbers.push_back(number);
    });
    std::sort(numbers.begin(), numbers.end());
  }
  writer.String(WriteIntset(numbers));
}

void WriteHash(RdbWriter& writer, const Hash& hash) {
  writer.Length(hash.size());
  hash.ForEach([&](const DictRecord& record) {
    writer.String(record.key);
    writer.String(record.value.bytes);
  });
}

void WritePackedHash(RdbWriter& writer, const Hash& hash) {
  ListpackWriter listpack;
  hash.ForEach([&](const DictRecord& record) {
    listpack.Append(record.key);
    listpack.Append(record.value.bytes);
  });
  writer.String(listpack.Finish());
}

// Highest score first: whoever builds a skiplist of it always inserts at the front.
void WriteZSet(RdbWriter& writer, const ZSet& zset) {
  writer.Length(zset.size());
  if (zset.empty()) return;
  for (ZSet::Cursor at = zset.CursorAt(zset.size() - 1); at.valid(); at.Previous()) {
    writer.String(at.member().bytes);
    writer.Double(at.score());
  }
}

void WritePackedZSet(RdbWriter& writer, const ZSet& zset) {
  ListpackWriter listpack;
  char digits[kMaxDoubleLength];
  for (ZSet::Cursor at = zset.CursorAt(0); at.valid(); at.Next()) {
    listpack.Append(at.member().bytes);
    listpack.Append({digits, FormatPackedScore(digits, at.score())});
  }
  writer.String(listpack.Finish());
}

// The number of elements of the node that begins here, and moves the cursor behind it.
size_t SkipNode(List::Cursor& at) {
  size_t count = 0, bytes = 0;
  for (; at.valid(); at.Next(), ++count) {
    bytes += (*at).bytes.size() + kElementOverhead;
    if (count > 0 && bytes > kNodeBytes) break;
  }
  return count;
}

void WriteNode(RdbWriter& writer, List::Cursor& at, size_t count, ListpackWriter& listpack) {
  if (count == 1 && (*at).bytes.size() >= kMostPackedElement) {
    writer.Length(rdb::kNodePlain);
    writer.String((*at).bytes);
    return at.Next();
  }
  listpack.Clear();
  for (; count > 0; --count, at.Next()) listpack.Append((*at).bytes);
  writer.Length(rdb::kNodePacked);
  writer.String(listpack.Finish());
}

// A string in blocks becomes one piece: it is compressed as a whole.
void WriteString(RdbWriter& writer, const StringBlocks& string) {
  if (string.contiguous()) return writer.String(string.view());
  writer.String(string.Copy(0, string.size()));
}

void WriteList(RdbWriter& writer, const List& list) {
  std::vector<size_t> nodes;
  for (List::Cursor at = list.CursorAt(0); at.valid();) nodes.push_back(SkipNode(at));
  writer.Length(nodes.size());
  List::Cursor at = list.CursorAt(0);
  ListpackWriter listpack;
  for (const size_t count : nodes) WriteNode(writer, at, count, listpack);
}

rdb::Type TypeOfHash(const Hash& hash) {
  const bool packed =
      hash.encoding() == Hash::Encoding::kListpack && hash.MemoryBytes() <= kMostPackedBytes;
  return packed ? rdb::kHashListpack : rdb::kHash;
}

rdb::Type TypeOfZSet(const ZSet& zset, const ValueLimits& limits) {
  const bool packed = zset.Encoding(limits.zset_entries, limits.zset_member_bytes) == "listpack" &&
                      zset.MemoryBytes() <= kMostPackedBytes;
  return packed ? rdb::kZSetListpack : rdb::kZSet;
}

}  // namespace

ValueLimits::ValueLimits(const Settings& settings)
    : hash{static_cast<size_t>(int64_t{settings.hash_max_listpack_entries}),
           static_cast<size_t>(int64_t{settings.hash_max_listpack_value})},
      set{static_cast<size_t>(int64_t{settings.set_max_intset_entries})},
      zset_entries(static_cast<size_t>(int64_t{settings.zset_max_listpack_entries})),
      zset_member_bytes(static_cast<size_t>(int64_t{settings.zset_max_listpack_value})) {}

rdb::Type TypeOf(const Entry& entry, const ValueLimits& limits) {
  switch (entry.type()) {
    case ValueType::kString:
      return rdb::kString;
    case ValueType::kList:
      return rdb::kListQuicklist2;
    case ValueType::kSet:
      return entry.object<Set>()->encoding() == Set::Encoding::kIntset ? rdb::kSetIntset
                                                                       : rdb::kSet;
    case ValueType::kZSet:
      return TypeOfZSet(*entry.object<ZSet>(), limits);
    case ValueType::kHash:
      return TypeOfHash(*entry.object<Hash>());
    case ValueType::kStream:
      return rdb::kStream2;
  }
  CHECK(false);
}

void WriteValue(RdbWriter& writer, rdb::Type type, const Entry& entry) {
  switch (type) {
    case rdb::kString:
      return WriteString(writer, entry.string());
    case rdb::kListQuicklist2:
      return WriteList(writer, *entry.object<List>());
    case rdb::kSet:
      return WriteSet(writer, *entry.object<Set>());
    case rdb::kSetIntset:
      return WriteIntegers(writer, *entry.object<Set>());
    case rdb::kZSet:
      return WriteZSet(writer, *entry.object<ZSet>());
    case rdb::kZSetListpack:
      return WritePackedZSet(writer, *entry.object<ZSet>());
    case rdb::kHash:
      return WriteHash(writer, *entry.object<Hash>());
    case rdb::kHashListpack:
      return WritePackedHash(writer, *entry.object<Hash>());
    case rdb::kStream2:
      return WriteStream(writer, *entry.object<Stream>());
    default:
      CHECK(false);
  }
}

}  // namespace larder
