#include "protocol/rdb_skip.h"

#include "protocol/rdb_format.h"

namespace larder {
namespace {

constexpr uint64_t kIdBytes = 16, kTimeBytes = 8, kScoreBytes = 8;

bool SkipLengths(RdbReader& reader, int count) {
  uint64_t ignored;
  for (; count > 0; --count) {
    if (!reader.Length(&ignored)) return false;
  }
  return true;
}

// A count, and so many times what `skip_one` reads over.
template <typename SkipOne>
bool SkipCounted(RdbReader& reader, SkipOne skip_one) {
  uint64_t count;
  if (!reader.Length(&count)) return false;
  for (; count > 0; --count) {
    if (!skip_one()) return false;
  }
  return true;
}

bool SkipTextScore(RdbReader& reader) {
  uint8_t size;
  if (!reader.Byte(&size)) return false;
  return size >= rdb::kScoreNan || reader.Skip(size);
}

bool SkipGroup(RdbReader& reader, uint8_t type) {
  const auto pending = [&] { return reader.Skip(kIdBytes + kTimeBytes) && SkipLengths(reader, 1); };
  const auto consumer = [&] {
    const uint64_t times = type == rdb::kStream3 ? 2 : 1;
    return reader.SkipString() && reader.Skip(times * kTimeBytes) &&
           SkipCounted(reader, [&] { return reader.Skip(kIdBytes); });
  };
  return reader.SkipString() && SkipLengths(reader, type == rdb::kStream ? 2 : 3) &&
         SkipCounted(reader, pending) && SkipCounted(reader, consumer);
}

bool SkipStream(RdbReader& reader, uint8_t type) {
  return SkipCounted(reader, [&] { return reader.SkipString() && reader.SkipString(); }) &&
         SkipLengths(reader, type == rdb::kStream ? 3 : 8) &&
         SkipCounted(reader, [&] { return SkipGroup(reader, type); });
}

}  // namespace

bool SkipRdbValue(RdbReader& reader, uint8_t type) {
  switch (type) {
    case rdb::kString:
    case rdb::kHashZipmap:
    case rdb::kListZiplist:
    case rdb::kSetIntset:
    case rdb::kZSetZiplist:
    case rdb::kHashZiplist:
    case rdb::kHashListpack:
    case rdb::kZSetListpack:
    case rdb::kSetListpack:
      return reader.SkipString();
    case rdb::kList:
    case rdb::kSet:
    case rdb::kListQuicklist:
      return SkipCounted(reader, [&] { return reader.SkipString(); });
    case rdb::kHash:
      return SkipCounted(reader, [&] { return reader.SkipString() && reader.SkipString(); });
    case rdb::kZSetText:
      return SkipCounted(reader, [&] { return reader.SkipString() && SkipTextScore(reader); });
    case rdb::kZSet:
      return SkipCounted(reader, [&] { return reader.SkipString() && reader.Skip(kScoreBytes); });
    case rdb::kListQuicklist2:
      return SkipCounted(reader, [&] { return SkipLengths(reader, 1) && reader.SkipString(); });
    case rdb::kStream:
    case rdb::kStream2:
    case rdb::kStream3:
      return SkipStream(reader, type);
    case rdb::kModulePreview:
    case rdb::kModule:
      return reader.Fail("a value of a module, which larder does not have");
    default:
      return reader.Fail("unknown type of value");
  }
}

}  // namespace larder
