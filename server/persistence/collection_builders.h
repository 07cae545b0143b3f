// Collections as the reader of RDB values fills them, one way for all. Expect hears the sizes of
// what is about to come, so that the first Add makes room for all of it at once; Add puts it in,
// and says false where it has come before. What is expected and does not come wastes a part of a
// block, what comes unexpected makes it grow: neither is wrong.
//
// For the time of reading one value, which the reader owns: one thread.
#pragma once

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/base/hash.h"
#include "server/base/numbers.h"
#include "server/store/hash.h"
#include "server/store/list.h"
#include "server/store/set.h"
#include "server/store/zset.h"

namespace larder {

class ListBuilder {
 public:
  explicit ListBuilder(List& list) : list_(list) {}

  void Expect(size_t size) { ahead_ += Footprint(size); }
  bool Add(std::string_view element) {
    ahead_ -= std::min(ahead_, Footprint(element.size()));
    list_.Push(List::End::kBack, element, ahead_);
    return true;
  }

 private:
  static size_t Footprint(size_t size) {
    return PackedBlock::Footprint(PackedBlock::Kind::kPlain, size);
  }

  List& list_;
  size_t ahead_ = 0;
};

class SetBuilder {
 public:
  SetBuilder(Set& set, const Set::Limits& limits) : set_(set), limits_(limits) {}

  void Expect(size_t size) {
    ++members_;
    bytes_ += set_.RecordBytes(size);
  }
  bool Add(std::string_view member) {
    // A set that begins with a number lies elsewhere, at first at least.
    int64_t number;
    if (set_.size() == 0 && !ParseInt64(member, &number)) set_.Reserve(members_, bytes_);
    return set_.Add(member, limits_);
  }

 private:
  Set& set_;
  const Set::Limits& limits_;
  size_t members_ = 0, bytes_ = 0;
};

class HashBuilder {
 public:
  HashBuilder(Hash& hash, const Hash::Limits& limits) : hash_(hash), limits_(limits) {}

  void Expect(size_t field_size, size_t value_size) {
    ++fields_;
    bytes_ += hash_.RecordBytes(field_size, value_size);
  }
  bool Add(std::string_view field, std::string_view value) {
    if (hash_.size() == 0) hash_.Reserve(fields_, bytes_);
    return hash_.Set(field, BulkView{value}, limits_);
  }

 private:
  Hash& hash_;
  const Hash::Limits& limits_;
  size_t fields_ = 0, bytes_ = 0;
};

class ZSetBuilder {
 public:
  explicit ZSetBuilder(ZSet& zset) : zset_(zset) {}

  void Expect(size_t member_size) { ahead_ += Footprint(member_size); }
  bool Add(std::string_view member, double score) {
    ahead_ -= std::min(ahead_, Footprint(member.size()));
    if (MayHaveSeen(member)) return zset_.Set(member, score);
    zset_.AddNew(member, score, ahead_);
    return true;
  }

 private:
  static constexpr size_t kBits = 8192;  // many for what a small sorted set has, and one KiB

  static size_t Footprint(size_t size) {
    return PackedBlock::Footprint(PackedBlock::Kind::kScored, size);
  }
  // Tells at once of most members that they are new, since a small sorted set finds one only by
  // walking over all it has, and almost no input repeats one.
  bool MayHaveSeen(std::string_view member) {
    auto bit = seen_[HashBytes(member) % kBits];
    const bool seen = bit;
    bit = true;
    return seen;
  }

  ZSet& zset_;
  std::bitset<kBits> seen_;
  size_t ahead_ = 0;
};

}  // namespace larder
