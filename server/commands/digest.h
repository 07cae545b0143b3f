// Digest: a fingerprint of values and of the whole data set, for DEBUG DIGEST: equal data, equal
// digest, however it is stored and in whatever order it came. The same as Redis computes, so that a
// replica can be compared with a primary of the other kind.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/hex.h"
#include "server/script/sha1.h"
#include "server/store/entry.h"

namespace larder {

class Keyspace;

class Digest {
 public:
  void Mix(std::string_view bytes);      // order counts
  void Combine(std::string_view bytes);  // order does not: for members of a set
  void Combine(const Digest& other);     // for pairs of a hash, keys of a database
  // 40 digits; all zero when nothing was added.
  std::string Hex() const { return HexOf(sum_); }

 private:
  Sha1 sum_{};
};

// REQUIRES of both: the entry's lock or the closed gate.
Digest DigestOfValue(const Entry& entry);

// REQUIRES: the closed gate. Entries expired at `now_ms` are left out.
Digest DigestOfKeyspace(Keyspace& keyspace, int64_t now_ms);

}  // namespace larder
