// Entry: a key and its value in one allocation: a header of 8 bytes, the expiry where there is one,
// then the value's pointer or size, the key, and the bytes of a short string. Strings of
// LargeString::kMinBytes and more and collections (list, set, sorted set, stream) are objects of
// their own, which the entry owns; a hash is one word, and lies in the place of the pointer. An
// entry belongs to the table of one shard and is touched under that shard's lock.
//
//   | header 8 | expiry 8, if any | size 4 (inline string), pointer 8 or hash 8 | key | string |
//
// Invariant: an entry is freed by Entry::Free alone, which frees the value with it.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/store/large_string.h"
#include "server/store/string_blocks.h"

namespace larder {

class Hash;
class List;
class Set;
class Stream;
class ZSet;

enum class ValueType : uint8_t { kString, kList, kSet, kZSet, kHash, kStream };

// As TYPE answers: "string", "list" …
std::string_view TypeName(ValueType type);

// Strings keep what Redis would call their encoding, since OBJECT ENCODING depends on history (an
// APPENDed number is "raw").
enum class StringEncoding : uint8_t { kInt, kEmbstr, kRaw };

constexpr size_t kMostEmbeddedBytes = 44;  // of an "embstr"
// What Redis would store a new string as: a number of 64 bits, up to 44 bytes, or more.
StringEncoding EncodingOf(std::string_view value);

template <typename T>
constexpr ValueType kTypeOf = ValueType::kString;
template <>
inline constexpr ValueType kTypeOf<Hash> = ValueType::kHash;
template <>
inline constexpr ValueType kTypeOf<List> = ValueType::kList;
template <>
inline constexpr ValueType kTypeOf<Set> = ValueType::kSet;
template <>
inline constexpr ValueType kTypeOf<ZSet> = ValueType::kZSet;
template <>
inline constexpr ValueType kTypeOf<Stream> = ValueType::kStream;

class Entry {
 public:
  static constexpr int64_t kNoExpiry = -1;
  static constexpr size_t kMaxKeyBytes = (1u << 30) - 1;  // proto-max-bulk-len ends below it

  // A string; `expiry_ms` is a Unix time in milliseconds or kNoExpiry.
  static Entry* NewString(std::string_view key, std::string_view value, StringEncoding encoding,
                          int64_t expiry_ms);
  // A collection, made by `new`; takes it over. Where it is from now on object() says.
  static Entry* NewObject(std::string_view key, ValueType type, void* object, int64_t expiry_ms);
  // The same value under another key or with another expiry; the old entry is freed, its value
  // moves.
  static Entry* Rebuild(Entry* old, std::string_view key, int64_t expiry_ms);
  // A string made longer, by zero bytes up to `size` or by `tail`. The old entry is freed where a
  // new one had to be made. REQUIRES: type() == kString; `tail` does not lie in the string.
  static Entry* Grow(Entry* old, size_t size);
  static Entry* Append(Entry* old, std::string_view tail);
  // A copy under another key, as often used, which shares nothing that the other can change.
  Entry* Clone(std::string_view key, int64_t expiry_ms) const;
  // Whether most of it is blocks that a clone shares.
  bool shares_blocks() const { return external_; }
  static void Free(Entry* entry);

  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  std::string_view key() const { return {body() + value_words(), key_size_}; }
  ValueType type() const { return static_cast<ValueType>(type_); }
  StringEncoding string_encoding() const { return static_cast<StringEncoding>(encoding_); }
  void set_string_encoding(StringEncoding encoding) {
    encoding_ = static_cast<uint64_t>(encoding) & 3;
  }

  bool has_expiry() const { return has_expiry_; }
  int64_t expiry_ms() const {
    return has_expiry_ ? *reinterpret_cast<const int64_t*>(this + 1) : kNoExpiry;
  }
  bool ExpiredAt(int64_t now_ms) const { return has_expiry_ && expiry_ms() <= now_ms; }
  // REQUIRES: has_expiry(). A new or a removed expiry changes the allocation: Rebuild.
  void set_expiry_ms(int64_t expiry_ms) { *reinterpret_cast<int64_t*>(this + 1) = expiry_ms; }

  // REQUIRES of all: type() == kString.
  StringBlocks string() const {
    return external_ ? StringBlocks(large_string()) : StringBlocks(inline_view());
  }
  // The string where it is a short one; empty where it is large, and so no number.
  std::string_view short_string() const { return external_ ? std::string_view() : inline_view(); }
  // Room to overwrite a short string of the same size in place; null where it is large.
  char* inline_string();
  // REQUIRES: offset + bytes.size() <= string().size(); `bytes` do not lie in the string.
  void Overwrite(size_t offset, std::string_view bytes);

  // Valid until the entry is rebuilt or freed. REQUIRES: type() == kTypeOf<T>.
  template <typename T>
  T* object() const {
    return static_cast<T*>(value());
  }

  // 24 bits for the eviction policy: seconds of last use, or LFU's counter and time.
  uint32_t access() const { return access_; }
  void set_access(uint32_t access) { access_ = access & 0xffffff; }

  // The parity of the snapshot that this entry was made or saved in (shard_snapshot.h).
  uint8_t epoch() const { return epoch_; }
  void set_epoch(uint8_t epoch) { epoch_ = epoch & 1; }

  // For whoever goes over all entries of a keyspace twice (server/persistence/replacement.h).
  bool marked() const { return marked_; }
  void set_marked(bool marked) { marked_ = marked; }

  // All memory behind this entry, in bytes, as jemalloc rounds it. O(1): collections answer from a
  // count they keep. What is shared with a clone, a snapshot or a reply counts in full.
  size_t MemoryBytes() const;
  // For prefetching: what of the value lies outside of the entry, what that points to; or null.
  const void* outside() const;
  const void* contents() const;
  // Whether a change of the value changes what MemoryBytes answers without the entry's knowing: a
  // collection.
  bool grows_by_itself() const { return type() != ValueType::kString; }

 private:
  Entry() = default;
  static Entry* Allocate(std::string_view key, ValueType type, bool external, size_t inline_bytes,
                         int64_t expiry_ms);
  // An entry with the old one's type, encoding and use, and room for a value of its own.
  static Entry* Like(const Entry* old, std::string_view key, int64_t expiry_ms, bool external,
                     size_t inline_bytes);
  // The entry of a string, or one in its place, that can hold `size` bytes: inline with the bytes
  // behind the old ones left to fill in, or around a LargeString of the old bytes.
  static Entry* MakeRoom(Entry* old, size_t size);
  // Frees the entry but not its object.
  static void FreeBlock(Entry* entry);

  bool external() const { return external_; }
  size_t value_words() const { return external_ ? 8 : 4; }
  const char* body() const {
    return reinterpret_cast<const char*>(this + 1) + (has_expiry_ ? 8 : 0);
  }
  char* body() { return reinterpret_cast<char*>(this + 1) + (has_expiry_ ? 8 : 0); }
  uint32_t inline_size() const { return *reinterpret_cast<const uint32_t*>(body()); }
  void set_inline_size(uint32_t size) { *reinterpret_cast<uint32_t*>(body()) = size; }
  // REQUIRES of all: external(). The object: a hash in place, others where the pointer says.
  void* value() const { return type() == ValueType::kHash ? const_cast<char*>(body()) : pointer(); }
  void* pointer() const { return *reinterpret_cast<void* const*>(body()); }
  void set_pointer(void* pointer) { *reinterpret_cast<void**>(body()) = pointer; }
  std::string_view inline_view() const { return {body() + 4 + key_size_, inline_size()}; }
  LargeString* large_string() const { return static_cast<LargeString*>(pointer()); }

  uint64_t access_ : 24;
  uint64_t key_size_ : 30;
  uint64_t type_ : 3;
  uint64_t encoding_ : 2;
  uint64_t has_expiry_ : 1;
  uint64_t external_ : 1;
  uint64_t epoch_ : 1;
  uint64_t marked_ : 1;
  uint64_t unused_ : 1;
};
static_assert(sizeof(Entry) == 8);

}  // namespace larder
