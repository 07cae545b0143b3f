// Hash: the value of a hash key, a Dict of fields to values, and the encoding that OBJECT ENCODING
// reports. The report follows Redis' history-dependent rule (a hash that was ever too large for a
// listpack stays a hashtable) and says nothing about how the fields are stored here. A hash
// reported as listpack is listed in the order of insertion and scanned whole, as in Redis.
//
// Guarded by the lock of the shard that owns it; a clone is independent. Views are valid until the
// hash changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/store/dict.h"

namespace larder {

class Hash {
 public:
  // hash-max-listpack-entries and hash-max-listpack-value.
  struct Limits {
    size_t max_listpack_entries = 512;
    size_t max_listpack_value = 64;  // bytes of a field or of a value
  };
  enum class Encoding : uint8_t { kListpack, kHashtable };

  size_t size() const { return fields_.size(); }
  Encoding encoding() const { return encoding_; }
  std::string_view EncodingName() const {
    return encoding_ == Encoding::kListpack ? "listpack" : "hashtable";
  }

  // True when the field is new.
  bool Set(std::string_view field, const BulkView& value, const Limits& limits) {
    const bool added = fields_.Set(field, value);
    if (encoding_ == Encoding::kListpack &&
        (field.size() > limits.max_listpack_value ||
         value.bytes.size() > limits.max_listpack_value || size() > limits.max_listpack_entries)) {
      encoding_ = Encoding::kHashtable;
    }
    return added;
  }
  std::optional<BulkView> Get(std::string_view field) const { return fields_.Find(field); }
  bool Contains(std::string_view field) const { return fields_.Contains(field); }
  // False when the field is absent.
  bool Delete(std::string_view field) { return fields_.Erase(field); }

  // Room for the first fields of an empty hash: see Dict::Reserve.
  void Reserve(size_t fields, size_t record_bytes) { fields_.Reserve(fields, record_bytes); }
  size_t RecordBytes(std::string_view field, std::string_view value) const {
    return RecordBytes(field.size(), value.size());
  }
  size_t RecordBytes(size_t field_size, size_t value_size) const {
    return fields_.RecordBytes(field_size, value_size);
  }

  // fn(const DictRecord&): key is the field.
  template <typename Fn>
  void ForEach(Fn&& fn) const {
    fields_.ForEach(fn);
  }
  // As Dict::Scan.
  uint64_t Scan(uint64_t cursor, size_t count, Dict::Visitor visit) const {
    if (encoding_ == Encoding::kHashtable) return fields_.Scan(cursor, count, visit);
    fields_.ForEach(visit);
    return 0;
  }
  // REQUIRES: size() > 0.
  DictRecord RandomField(Random& random) const { return fields_.RandomRecord(random); }
  // `count` different fields at random (all, if there are fewer).
  void Sample(size_t count, Random& random, Dict::Visitor visit) const {
    fields_.Sample(count, random, visit);
  }

  // Shares the fields until either side changes them.
  Hash Clone() const {
    Hash clone;
    clone.fields_ = fields_.Clone();
    clone.encoding_ = encoding_;
    return clone;
  }
  // As Dict::contents.
  const void* contents() const { return fields_.contents(); }
  // Heap bytes beside the hash itself, which lies in its entry.
  size_t MemoryBytes() const { return fields_.MemoryBytes(); }

 private:
  [[no_unique_address]] Dict fields_{Dict::Kind::kMap};
  Encoding encoding_ = Encoding::kListpack;  // lies in the padding of fields_
};
static_assert(sizeof(Hash) == 8);

}  // namespace larder
