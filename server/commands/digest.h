// Digest: a fingerprint of values and of the whole data set, for DEBUG DIGEST: equal data, equal
// digest, however it is stored and in whatever order it came. Not Redis' value, and not meant to
// withstand somebody who looks for collisions.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/store/entry.h"

namespace larder {

class Keyspace;

class Digest {
 public:
  void Mix(std::string_view bytes);   // order counts
  void Combine(const Digest& other);  // order does not: for members of a set, keys of a database
  std::string Hex() const;            // 40 digits; all zero when nothing was added

 private:
  std::array<uint64_t, 3> words_{};
};

// REQUIRES of both: the entry's lock or the closed gate.
Digest DigestOfValue(const Entry& entry);

// REQUIRES: the closed gate. Entries expired at `now_ms` are left out.
Digest DigestOfKeyspace(Keyspace& keyspace, int64_t now_ms);

}  // namespace larder
