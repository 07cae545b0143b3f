#include <bitset>
#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "protocol/intset.h"
#include "protocol/listpack.h"
#include "protocol/ziplist.h"
#include "protocol/zipmap.h"
#include "server/base/hash.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/persistence/rdb_stream.h"
#include "server/persistence/rdb_value.h"
#include "server/store/list.h"
#include "server/store/zset.h"

namespace larder {
namespace {

constexpr std::string_view kDuplicate = "duplicate members";
constexpr std::string_view kNotANumber = "a score that is not a number";
// The packed formats by the names that Redis' log has for them.
template <typename Packed>
constexpr std::string_view kNameOf = "listpack";
template <>
inline constexpr std::string_view kNameOf<ZiplistReader> = "ziplist";

// Tells at once of most members that they are new, since a small sorted set finds one only by
// walking over all it has, and almost no input repeats one.
class Seen {
 public:
  // False: this is the first time.
  bool MayHave(std::string_view member) {
    auto bit = bits_[HashBytes(member) % kBits];
    const bool seen = bit;
    bit = true;
    return seen;
  }

 private:
  static constexpr size_t kBits = 8192;  // many for what a small sorted set has, and one KiB
  std::bitset<kBits> bits_;
};

// Reads one value; `text` and `other` are scratch, so that a large collection allocates per
// element what it keeps and no more.
class ValueReader {
 public:
  ValueReader(RdbReader& reader, const ValueLimits& limits) : reader_(reader), limits_(limits) {}

  bool ReadList(List& list);
  bool ReadSet(Set& set);
  bool ReadHash(Hash& hash);
  bool ReadZSet(ZSet& zset, bool text_scores);
  bool ReadQuicklist(List& list);
  bool ReadQuicklist2(List& list);
  bool ReadIntegers(Set& set);
  bool ReadZipmap(Hash& hash);
  template <typename Packed>
  bool ReadPackedList(List& list);
  template <typename Packed>
  bool ReadPackedSet(Set& set);
  template <typename Packed>
  bool ReadPackedHash(Hash& hash);
  template <typename Packed>
  bool ReadPackedZSet(ZSet& zset);

 private:
  // Calls take(element) for each of a packed string's until it returns false; what is wrong then
  // is that it has come before. `type` begins a sentence of the log.
  template <typename Packed, typename Take>
  bool ForEach(std::string_view type, Take take);
  // The same by twos; the first is copied, since a view holds only until the next.
  template <typename Packed, typename Take>
  bool ForEachPair(std::string_view type, Take take);
  bool Score(bool as_text, double* score);
  // `what` is packed: "Zset ziplist".
  bool Damaged(std::string_view type, std::string_view what) {
    return reader_.Fail(StrCat(type, what, " integrity check failed."));
  }

  bool Add(Set& set, std::string_view member) {
    return set.Add(member, limits_.set) || reader_.Fail(kDuplicate);
  }
  bool Add(Hash& hash, std::string_view field, std::string_view value) {
    return hash.Set(field, BulkView{value}, limits_.hash) || reader_.Fail(kDuplicate);
  }
  // False when the member has come before.
  static bool AddOnce(ZSet& zset, Seen& seen, std::string_view member, double score) {
    if (seen.MayHave(member)) return zset.Set(member, score);
    zset.AddNew(member, score);
    return true;
  }

  RdbReader& reader_;
  const ValueLimits& limits_;
  std::string text_, other_;
};

template <typename Packed, typename Take>
bool ValueReader::ForEach(std::string_view type, Take take) {
  if (!reader_.String(&text_)) return false;
  Packed packed(text_);
  std::string_view element;
  while (packed.Next(&element)) {
    if (!take(element)) {
      return Damaged(StrCat(type, kNameOf<Packed>, " with dup elements: "), kNameOf<Packed>);
    }
  }
  return packed.finished() || Damaged(type, kNameOf<Packed>);
}

template <typename Packed, typename Take>
bool ValueReader::ForEachPair(std::string_view type, Take take) {
  bool second = false;
  const bool read = ForEach<Packed>(type, [&](std::string_view element) {
    second = !second;
    if (!second) return take(other_, element);
    other_ = element;
    return true;
  });
  return read && (!second || Damaged(type, kNameOf<Packed>));
}

bool ValueReader::ReadList(List& list) {
  uint64_t count;
  if (!reader_.Length(&count)) return false;
  for (; count > 0; --count) {
    if (!reader_.String(&text_)) return false;
    list.Push(List::End::kBack, text_);
  }
  return true;
}

bool ValueReader::ReadSet(Set& set) {
  uint64_t count;
  if (!reader_.Length(&count)) return false;
  for (; count > 0; --count) {
    if (!reader_.String(&text_) || !Add(set, text_)) return false;
  }
  return true;
}

bool ValueReader::ReadHash(Hash& hash) {
  uint64_t count;
  if (!reader_.Length(&count)) return false;
  for (; count > 0; --count) {
    if (!reader_.String(&text_) || !reader_.String(&other_) || !Add(hash, text_, other_)) {
      return false;
    }
  }
  return true;
}

bool ValueReader::Score(bool as_text, double* score) {
  if (!as_text) return reader_.Double(score);
  uint8_t size;
  if (!reader_.Byte(&size)) return false;
  switch (size) {
    case rdb::kScoreNan:
      *score = std::numeric_limits<double>::quiet_NaN();
      return true;
    case rdb::kScoreInfinity:
      *score = std::numeric_limits<double>::infinity();
      return true;
    case rdb::kScoreMinusInfinity:
      *score = -std::numeric_limits<double>::infinity();
      return true;
    default:
      return reader_.Bytes(size, &other_) &&
             (ParseDouble(other_, score) || reader_.Fail(kNotANumber));
  }
}

bool ValueReader::ReadZSet(ZSet& zset, bool text_scores) {
  uint64_t count;
  if (!reader_.Length(&count)) return false;
  Seen seen;
  for (; count > 0; --count) {
    double score;
    if (!reader_.String(&text_) || !Score(text_scores, &score)) return false;
    if (std::isnan(score)) return reader_.Fail(kNotANumber);
    if (!AddOnce(zset, seen, text_, score)) return reader_.Fail(kDuplicate);
  }
  return true;
}

template <typename Packed>
bool ValueReader::ReadPackedList(List& list) {
  return ForEach<Packed>("List ", [&](std::string_view element) {
    list.Push(List::End::kBack, element);
    return true;
  });
}

bool ValueReader::ReadQuicklist(List& list) {
  uint64_t nodes;
  if (!reader_.Length(&nodes)) return false;
  for (; nodes > 0; --nodes) {
    if (!ReadPackedList<ZiplistReader>(list)) return false;
  }
  return true;
}

bool ValueReader::ReadQuicklist2(List& list) {
  uint64_t nodes, container;
  if (!reader_.Length(&nodes)) return false;
  for (; nodes > 0; --nodes) {
    if (!reader_.Length(&container)) return false;
    if (container == rdb::kNodePacked) {
      if (!ReadPackedList<ListpackReader>(list)) return false;
    } else if (container == rdb::kNodePlain) {
      if (!reader_.String(&text_)) return false;
      if (text_.empty()) return reader_.Fail("an empty node of a list");
      list.Push(List::End::kBack, text_);
    } else {
      return reader_.Fail("unknown container of a list's node");
    }
  }
  return true;
}

bool ValueReader::ReadIntegers(Set& set) {
  if (!reader_.String(&text_)) return false;
  char digits[kMaxIntLength];
  const bool sound = ReadIntset(text_, [&](int64_t number) {
    set.Add({digits, FormatInt(digits, number)}, limits_.set);
  });
  return sound || Damaged("", "Intset");
}

bool ValueReader::ReadZipmap(Hash& hash) {
  if (!reader_.String(&text_)) return false;
  ZipmapReader zipmap(text_);
  std::string_view field, value;
  while (zipmap.Next(&field, &value)) {
    if (!hash.Set(field, BulkView{value}, limits_.hash)) return Damaged("", "Zipmap");
  }
  return (zipmap.finished() && hash.size() > 0) || Damaged("", "Zipmap");
}

template <typename Packed>
bool ValueReader::ReadPackedSet(Set& set) {
  return ForEach<Packed>("Set ",
                         [&](std::string_view member) { return set.Add(member, limits_.set); });
}

template <typename Packed>
bool ValueReader::ReadPackedHash(Hash& hash) {
  return ForEachPair<Packed>("Hash ", [&](std::string_view field, std::string_view value) {
    return hash.Set(field, BulkView{value}, limits_.hash);
  });
}

template <typename Packed>
bool ValueReader::ReadPackedZSet(ZSet& zset) {
  Seen seen;
  return ForEachPair<Packed>("Zset ", [&](std::string_view member, std::string_view text) {
    double score;
    if (!ParseDouble(text, &score)) return reader_.Fail(kNotANumber);
    return AddOnce(zset, seen, member, score);
  });
}

// Reads a collection with `read` and makes an entry of it.
template <typename T, typename Read>
ReadResult ReadCollection(std::string_view key, int64_t expiry_ms, Entry** entry, Read read) {
  auto value = std::make_unique<T>();
  if (!read(*value)) return ReadResult::kRefused;
  if (value->size() == 0) return ReadResult::kEmpty;
  *entry = Entry::NewObject(key, kTypeOf<T>, value.release(), expiry_ms);
  return ReadResult::kValue;
}

ReadResult ReadString(RdbReader& reader, std::string_view key, int64_t expiry_ms, Entry** entry) {
  std::string text;
  if (!reader.String(&text)) return ReadResult::kRefused;
  *entry = Entry::NewString(key, text, EncodingOf(text), expiry_ms);
  return ReadResult::kValue;
}

}  // namespace

ReadResult ReadValue(RdbReader& reader, uint8_t type, std::string_view key, int64_t expiry_ms,
                     const ValueLimits& limits, Entry** entry) {
  ValueReader value(reader, limits);
  auto list = [&](auto read) { return ReadCollection<List>(key, expiry_ms, entry, read); };
  auto set = [&](auto read) { return ReadCollection<Set>(key, expiry_ms, entry, read); };
  auto hash = [&](auto read) { return ReadCollection<Hash>(key, expiry_ms, entry, read); };
  auto zset = [&](auto read) { return ReadCollection<ZSet>(key, expiry_ms, entry, read); };
  switch (type) {
    case rdb::kString:
      return ReadString(reader, key, expiry_ms, entry);
    case rdb::kList:
      return list([&](List& v) { return value.ReadList(v); });
    case rdb::kListZiplist:
      return list([&](List& v) { return value.ReadPackedList<ZiplistReader>(v); });
    case rdb::kListQuicklist:
      return list([&](List& v) { return value.ReadQuicklist(v); });
    case rdb::kListQuicklist2:
      return list([&](List& v) { return value.ReadQuicklist2(v); });
    case rdb::kSet:
      return set([&](Set& v) { return value.ReadSet(v); });
    case rdb::kSetIntset:
      return set([&](Set& v) { return value.ReadIntegers(v); });
    case rdb::kSetListpack:
      return set([&](Set& v) { return value.ReadPackedSet<ListpackReader>(v); });
    case rdb::kHash:
      return hash([&](Hash& v) { return value.ReadHash(v); });
    case rdb::kHashZipmap:
      return hash([&](Hash& v) { return value.ReadZipmap(v); });
    case rdb::kHashZiplist:
      return hash([&](Hash& v) { return value.ReadPackedHash<ZiplistReader>(v); });
    case rdb::kHashListpack:
      return hash([&](Hash& v) { return value.ReadPackedHash<ListpackReader>(v); });
    case rdb::kZSetText:
      return zset([&](ZSet& v) { return value.ReadZSet(v, true); });
    case rdb::kZSet:
      return zset([&](ZSet& v) { return value.ReadZSet(v, false); });
    case rdb::kZSetZiplist:
      return zset([&](ZSet& v) { return value.ReadPackedZSet<ZiplistReader>(v); });
    case rdb::kZSetListpack:
      return zset([&](ZSet& v) { return value.ReadPackedZSet<ListpackReader>(v); });
    case rdb::kStream:
    case rdb::kStream2:
    case rdb::kStream3: {
      std::unique_ptr<Stream> stream = ReadStream(reader, static_cast<rdb::Type>(type));
      if (stream == nullptr) return ReadResult::kRefused;
      *entry = Entry::NewObject(key, ValueType::kStream, stream.release(), expiry_ms);
      return ReadResult::kValue;
    }
    case rdb::kModulePreview:
    case rdb::kModule:
      reader.Fail("a value of a module, which larder does not have");
      return ReadResult::kRefused;
    default:
      reader.Fail("unknown type of value");
      return ReadResult::kRefused;
  }
}

}  // namespace larder
