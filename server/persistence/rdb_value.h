// Values of the store as the RDB format's types, out and in: what DUMP and RESTORE, files and full
// syncs have in common. Whoever calls holds the lock of the value's shard, or owns the value.
//
// Out go the types that every Redis since 7.0 reads, in the compact form where the value still
// counts as small (a listpack, an intset). In come all types of versions 1 to 11, from bytes that
// nobody vouches for: members are told apart, scores are numbers, packed forms are sound. Modules'
// values are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/rdb_format.h"
#include "protocol/rdb_reader.h"
#include "protocol/rdb_writer.h"
#include "server/config/settings.h"
#include "server/store/entry.h"
#include "server/store/hash.h"
#include "server/store/set.h"

namespace larder {

// Up to where collections count as small: the *-max-* directives.
struct ValueLimits {
  explicit ValueLimits(const Settings& settings);

  Hash::Limits hash;
  Set::Limits set;
  size_t zset_entries, zset_member_bytes;
};

// The type byte, and the value without it (a file has the key between the two).
rdb::Type TypeOf(const Entry& entry, const ValueLimits& limits);
void WriteValue(RdbWriter& writer, rdb::Type type, const Entry& entry);

enum class ReadResult : uint8_t {
  kValue,
  kEmpty,    // a collection without elements, which Redis skips: no entry
  kRefused,  // reader.error() says why: no entry
};
// Reads a value of this type and makes an entry of it, which the caller owns.
ReadResult ReadValue(RdbReader& reader, uint8_t type, std::string_view key, int64_t expiry_ms,
                     const ValueLimits& limits, Entry** entry);

}  // namespace larder
