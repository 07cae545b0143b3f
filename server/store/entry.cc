#include "server/store/entry.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "server/base/check.h"
#include "server/base/numbers.h"
#include "server/store/hash.h"
#include "server/store/list.h"
#include "server/store/set.h"
#include "server/store/size_class.h"
#include "server/store/stream.h"
#include "server/store/zset.h"

namespace larder {
namespace {

// Calls `use` with the object in its own type.
template <typename Use>
auto WithObject(ValueType type, void* object, Use use) {
  switch (type) {
    case ValueType::kString:
      return use(static_cast<LargeString*>(object));
    case ValueType::kHash:
      return use(static_cast<Hash*>(object));
    case ValueType::kList:
      return use(static_cast<List*>(object));
    case ValueType::kSet:
      return use(static_cast<Set*>(object));
    case ValueType::kZSet:
      return use(static_cast<ZSet*>(object));
    case ValueType::kStream:
      return use(static_cast<Stream*>(object));
    default:
      break;
  }
  CHECK(false);
}

// Copies share their blocks until one side changes them.
template <typename T>
T* CopyOf(const T& object) {
  return new T(object.Clone());
}
List* CopyOf(const List& list) { return new List(list); }
LargeString* CopyOf(const LargeString& string) { return new LargeString(string); }
Stream* CopyOf(const Stream& stream) { return new Stream(stream); }

template <typename T>
void Destroy(T* object) {
  delete object;
}
void Destroy(Hash* in_place) { in_place->~Hash(); }

// One word without a pointer to itself, so that it may be moved as bytes.
static_assert(sizeof(Hash) == 8 && alignof(Hash) <= 8);

}  // namespace

std::string_view TypeName(ValueType type) {
  static constexpr std::string_view kNames[] = {"string", "list", "set", "zset", "hash", "stream"};
  return kNames[static_cast<size_t>(type)];
}

StringEncoding EncodingOf(std::string_view value) {
  int64_t number;
  if (value.size() < kMaxIntLength && ParseInt64(value, &number)) return StringEncoding::kInt;
  return value.size() <= kMostEmbeddedBytes ? StringEncoding::kEmbstr : StringEncoding::kRaw;
}

Entry* Entry::Allocate(std::string_view key, ValueType type, bool external, size_t inline_bytes,
                       int64_t expiry_ms) {
  CHECK(key.size() <= kMaxKeyBytes);
  const bool has_expiry = expiry_ms != kNoExpiry;
  const size_t size =
      sizeof(Entry) + (has_expiry ? 8 : 0) + (external ? 8 : 4) + key.size() + inline_bytes;
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  Entry* entry = new (memory) Entry();
  entry->access_ = 0;
  entry->key_size_ = key.size() & kMaxKeyBytes;
  entry->type_ = static_cast<uint64_t>(type) & 7;
  entry->encoding_ = 0;
  entry->has_expiry_ = has_expiry;
  entry->external_ = external;
  entry->epoch_ = 0;
  entry->marked_ = 0;
  entry->unused_ = 0;
  if (has_expiry) entry->set_expiry_ms(expiry_ms);
  if (!external) entry->set_inline_size(static_cast<uint32_t>(inline_bytes));
  std::memcpy(entry->body() + entry->value_words(), key.data(), key.size());
  return entry;
}

Entry* Entry::NewString(std::string_view key, std::string_view value, StringEncoding encoding,
                        int64_t expiry_ms) {
  const bool large = value.size() >= LargeString::kMinBytes;
  Entry* entry = Allocate(key, ValueType::kString, large, large ? 0 : value.size(), expiry_ms);
  entry->set_string_encoding(encoding);
  if (large) {
    entry->set_pointer(new LargeString(value));
  } else if (!value.empty()) {
    std::memcpy(entry->inline_string(), value.data(), value.size());
  }
  return entry;
}

Entry* Entry::NewObject(std::string_view key, ValueType type, void* object, int64_t expiry_ms) {
  Entry* entry = Allocate(key, type, true, 0, expiry_ms);
  if (type == ValueType::kHash) {
    const std::unique_ptr<Hash> hash(static_cast<Hash*>(object));
    new (entry->body()) Hash(std::move(*hash));
  } else {
    entry->set_pointer(object);
  }
  return entry;
}

Entry* Entry::Like(const Entry* old, std::string_view key, int64_t expiry_ms, bool external,
                   size_t inline_bytes) {
  Entry* entry = Allocate(key, old->type(), external, inline_bytes, expiry_ms);
  entry->encoding_ = old->encoding_;
  entry->access_ = old->access_;
  entry->epoch_ = old->epoch_;
  return entry;
}

void Entry::FreeBlock(Entry* entry) {
  entry->~Entry();
  std::free(entry);
}

Entry* Entry::Rebuild(Entry* old, std::string_view key, int64_t expiry_ms) {
  const bool external = old->external();
  const size_t inline_bytes = external ? 0 : old->inline_size();
  Entry* entry = Like(old, key, expiry_ms, external, inline_bytes);
  if (external) {
    std::memcpy(entry->body(), old->body(), old->value_words());
  } else {
    std::memcpy(entry->inline_string(), old->inline_string(), inline_bytes);
  }
  FreeBlock(old);
  return entry;
}

Entry* Entry::MakeRoom(Entry* old, size_t size) {
  if (old->external()) return old;
  const std::string_view bytes = old->inline_view();
  const bool large = size >= LargeString::kMinBytes;
  Entry* entry = Like(old, old->key(), old->expiry_ms(), large, large ? 0 : size);
  if (large) {
    entry->set_pointer(new LargeString(bytes));
  } else {
    std::memcpy(entry->inline_string(), bytes.data(), bytes.size());
  }
  FreeBlock(old);
  return entry;
}

Entry* Entry::Grow(Entry* old, size_t size) {
  const size_t old_size = old->string().size();
  CHECK(size >= old_size);
  Entry* entry = MakeRoom(old, size);
  if (entry->external()) {
    entry->large_string()->Grow(size);
  } else {
    std::memset(entry->inline_string() + old_size, 0, size - old_size);
  }
  return entry;
}

Entry* Entry::Append(Entry* old, std::string_view tail) {
  const size_t old_size = old->string().size();
  Entry* entry = MakeRoom(old, old_size + tail.size());
  if (entry->external()) {
    entry->large_string()->Append(tail);
  } else {
    std::memcpy(entry->inline_string() + old_size, tail.data(), tail.size());
  }
  return entry;
}

void Entry::Overwrite(size_t offset, std::string_view bytes) {
  if (external_) return large_string()->Overwrite(offset, bytes);
  CHECK(offset + bytes.size() <= inline_size());
  std::memcpy(inline_string() + offset, bytes.data(), bytes.size());
}

Entry* Entry::Clone(std::string_view key, int64_t expiry_ms) const {
  const size_t inline_bytes = external_ ? 0 : inline_size();
  Entry* entry = Like(this, key, expiry_ms, external_, inline_bytes);
  if (!external_) {
    std::memcpy(entry->inline_string(), inline_view().data(), inline_bytes);
  } else if (type() == ValueType::kHash) {
    new (entry->body()) Hash(object<Hash>()->Clone());
  } else {
    entry->set_pointer(
        WithObject(type(), value(), [](auto* object) -> void* { return CopyOf(*object); }));
  }
  return entry;
}

void Entry::Free(Entry* entry) {
  if (entry->external_) {
    WithObject(entry->type(), entry->value(), [](auto* object) { Destroy(object); });
  }
  FreeBlock(entry);
}

char* Entry::inline_string() { return external_ ? nullptr : body() + 4 + key_size_; }

size_t Entry::MemoryBytes() const {
  const size_t own = RoundUpToSizeClass(sizeof(Entry) + (has_expiry_ ? 8 : 0) + value_words() +
                                        key_size_ + (external_ ? 0 : inline_size()));
  if (!external_) return own;
  return own +
         WithObject(type(), value(), [](auto* object) -> size_t { return object->MemoryBytes(); });
}

const void* Entry::outside() const {
  if (!external_) return nullptr;
  return type() == ValueType::kHash ? object<Hash>()->contents() : pointer();
}

const void* Entry::contents() const {
  if (type() == ValueType::kSet) return object<Set>()->contents();
  return nullptr;
}

}  // namespace larder
