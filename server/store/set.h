// Set: the value of a set key: a Dict of members or, while all are integers, a sorted array of
// them. The encoding that OBJECT ENCODING reports follows Redis 7.0: intset until a member is no
// integer or there are more than set-max-intset-entries, hashtable from then on. A set reported as
// intset is listed in ascending order (as long as IntSet's limit of 16 KiB allows) and scanned
// whole.
//
// Guarded by the lock of the shard that owns it; a clone is independent. Views are valid until the
// set changes; a member handed to a visitor, until the visitor returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "server/base/numbers.h"
#include "server/store/dict.h"
#include "server/store/int_set.h"

namespace larder {

class Set {
 public:
  // set-max-intset-entries.
  struct Limits {
    size_t max_intset_entries = 512;
  };
  enum class Encoding : uint8_t { kIntset, kHashtable };
  using Visitor = absl::FunctionRef<void(std::string_view member)>;

  size_t size() const { return ints_ != nullptr ? ints_->size() : members_.size(); }
  Encoding encoding() const { return encoding_; }
  std::string_view EncodingName() const {
    return encoding_ == Encoding::kIntset ? "intset" : "hashtable";
  }

  // True when the member is new.
  bool Add(std::string_view member, const Limits& limits);
  // False when it is absent.
  bool Remove(std::string_view member);
  bool Contains(std::string_view member) const;
  // The same where the caller has the member's HashBytes already.
  bool Contains(std::string_view member, uint64_t hash) const {
    return ints_ != nullptr ? Contains(member) : members_.Contains(member, hash);
  }

  // Room for the first members of an empty set that are not all integers: see Dict::Reserve.
  void Reserve(size_t members, size_t record_bytes) { members_.Reserve(members, record_bytes); }
  size_t RecordBytes(size_t member_size) const { return members_.RecordBytes(member_size, 0); }

  // fn(std::string_view member), in the order of Dict::ForEach or ascending.
  template <typename Fn>
  void ForEach(Fn&& fn) const {
    AnyOf([&fn](std::string_view member) { return fn(member), false; });
  }
  // The same until fn returns true; whether it did.
  template <typename Fn>
  bool AnyOf(Fn&& fn) const;
  // The members, ascending, while they lie as integers; else null.
  const IntSet* ints() const { return ints_.get(); }
  // Whether a member's view outlives the visit; integers are spelled for the visit only.
  bool views_last() const { return ints_ == nullptr; }
  // As Dict::Scan.
  uint64_t Scan(uint64_t cursor, size_t count, Visitor visit) const;
  // REQUIRES: size() > 0.
  std::string RandomMember(Random& random) const;
  // `count` different members at random (all, if there are fewer).
  void Sample(size_t count, Random& random, Visitor visit) const;

  // Shares the members until either side changes them.
  Set Clone() const;
  // As Dict::contents.
  const void* contents() const { return members_.contents(); }
  // Heap bytes of the set, itself included.
  size_t MemoryBytes() const;

 private:
  bool AddInteger(std::string_view member, const Limits& limits, bool* added);
  void MoveToDict();

  std::unique_ptr<IntSet> ints_;  // while it is in use, members_ is empty
  [[no_unique_address]] Dict members_{Dict::Kind::kKeysOnly};
  Encoding encoding_ = Encoding::kIntset;  // lies in the padding of members_
};
static_assert(sizeof(Set) == 16);

template <typename Fn>
bool Set::AnyOf(Fn&& fn) const {
  if (ints_ == nullptr) {
    return members_.AnyOf([&fn](const DictRecord& record) { return fn(record.key); });
  }
  char digits[kMaxIntLength];
  for (size_t i = 0; i < ints_->size(); ++i) {
    if (fn(std::string_view(digits, FormatInt(digits, ints_->At(i))))) return true;
  }
  return false;
}

}  // namespace larder
