#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>

#include "protocol/intset.h"
#include "protocol/listpack.h"
#include "protocol/ziplist.h"
#include "protocol/zipmap.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/persistence/collection_builders.h"
#include "server/persistence/rdb_stream.h"
#include "server/persistence/rdb_value.h"

namespace larder {
namespace {

constexpr std::string_view kDuplicate = "duplicate members";
constexpr std::string_view kNotANumber = "a score that is not a number";
// The packed formats by the names that Redis' log has for them.
template <typename Packed>
constexpr std::string_view kNameOf = "listpack";
template <>
inline constexpr std::string_view kNameOf<ZiplistReader> = "ziplist";

// How many elements of a collection that is not packed are looked at before they are read: as many
// as the first block of one takes.
constexpr uint64_t kMostExpected = 512;

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
  // Reads a packed string: expect(PackedElement&) hears of each element, or of each two, before
  // add(PackedElement&) puts them in. `type` begins a sentence of the log.
  template <typename Packed, typename Expect, typename Add>
  bool ReadPacked(std::string_view type, Expect expect, Add add);

  enum class Walked : uint8_t { kWhole, kDamaged, kRefused };
  // Calls take for the elements until it returns false: with one, or with two where it takes two.
  template <typename Packed, typename Take>
  static Walked Walk(std::string_view packed, Take take);

  // Calls expect(ahead), which reads over an element, for the first of the `count` that follow.
  // Whatever is wrong with them is found when they are read.
  template <typename Expect>
  void LookAhead(uint64_t count, Expect expect) const;
  bool Score(bool as_text, double* score);
  static bool SkipScore(RdbReader& ahead, bool as_text);
  // `what` is packed: "Zset ziplist".
  bool Damaged(std::string_view type, std::string_view what) {
    return reader_.Fail(StrCat(type, what, " integrity check failed."));
  }

  RdbReader& reader_;
  const ValueLimits& limits_;
  std::string text_, other_;
};

template <typename Packed, typename Take>
ValueReader::Walked ValueReader::Walk(std::string_view packed, Take take) {
  Packed reader(packed);
  PackedElement element, second;
  while (reader.Next(&element)) {
    if constexpr (std::is_invocable_v<Take, PackedElement&>) {
      if (!take(element)) return Walked::kRefused;
    } else {
      if (!reader.Next(&second)) return Walked::kDamaged;
      if (!take(element, second)) return Walked::kRefused;
    }
  }
  return reader.finished() ? Walked::kWhole : Walked::kDamaged;
}

template <typename Packed, typename Expect, typename Add>
bool ValueReader::ReadPacked(std::string_view type, Expect expect, Add add) {
  if (!reader_.String(&text_)) return false;
  Walk<Packed>(text_, expect);  // what is wrong is found below
  constexpr std::string_view kName = kNameOf<Packed>;
  switch (Walk<Packed>(text_, add)) {
    case Walked::kWhole:
      return true;
    case Walked::kDamaged:
      return Damaged(type, kName);
    case Walked::kRefused:
      break;
  }
  return Damaged(StrCat(type, kName, " with dup elements: "), kName);
}

template <typename Expect>
void ValueReader::LookAhead(uint64_t count, Expect expect) const {
  RdbReader ahead(reader_.rest());
  for (count = std::min(count, kMostExpected); count > 0 && expect(ahead); --count) {
  }
}

bool ValueReader::ReadList(List& list) {
  uint64_t count, size;
  if (!reader_.Length(&count)) return false;
  ListBuilder builder(list);
  LookAhead(count, [&](RdbReader& ahead) {
    return ahead.SkipString(&size) && (builder.Expect(size), true);
  });
  for (; count > 0; --count) {
    if (!reader_.String(&text_)) return false;
    builder.Add(text_);
  }
  return true;
}

bool ValueReader::ReadSet(Set& set) {
  uint64_t count, size;
  if (!reader_.Length(&count)) return false;
  SetBuilder builder(set, limits_.set);
  LookAhead(count, [&](RdbReader& ahead) {
    return ahead.SkipString(&size) && (builder.Expect(size), true);
  });
  for (; count > 0; --count) {
    if (!reader_.String(&text_)) return false;
    if (!builder.Add(text_)) return reader_.Fail(kDuplicate);
  }
  return true;
}

bool ValueReader::ReadHash(Hash& hash) {
  uint64_t count, field_size, value_size;
  if (!reader_.Length(&count)) return false;
  HashBuilder builder(hash, limits_.hash);
  LookAhead(count, [&](RdbReader& ahead) {
    return ahead.SkipString(&field_size) && ahead.SkipString(&value_size) &&
           (builder.Expect(field_size, value_size), true);
  });
  for (; count > 0; --count) {
    if (!reader_.String(&text_) || !reader_.String(&other_)) return false;
    if (!builder.Add(text_, other_)) return reader_.Fail(kDuplicate);
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

bool ValueReader::SkipScore(RdbReader& ahead, bool as_text) {
  if (!as_text) return ahead.Skip(sizeof(double));
  uint8_t size;
  return ahead.Byte(&size) && ahead.Skip(size < rdb::kScoreNan ? size : 0);
}

bool ValueReader::ReadZSet(ZSet& zset, bool text_scores) {
  uint64_t count, size;
  if (!reader_.Length(&count)) return false;
  ZSetBuilder builder(zset);
  LookAhead(count, [&](RdbReader& ahead) {
    return ahead.SkipString(&size) && SkipScore(ahead, text_scores) && (builder.Expect(size), true);
  });
  for (; count > 0; --count) {
    double score;
    if (!reader_.String(&text_) || !Score(text_scores, &score)) return false;
    if (std::isnan(score)) return reader_.Fail(kNotANumber);
    if (!builder.Add(text_, score)) return reader_.Fail(kDuplicate);
  }
  return true;
}

template <typename Packed>
bool ValueReader::ReadPackedList(List& list) {
  ListBuilder builder(list);
  return ReadPacked<Packed>(
      "List ", [&](PackedElement& element) { return builder.Expect(element.size()), true; },
      [&](PackedElement& element) { return builder.Add(element.text()); });
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
  HashBuilder builder(hash, limits_.hash);
  std::string_view field, value;
  for (ZipmapReader ahead(text_); ahead.Next(&field, &value);) {
    builder.Expect(field.size(), value.size());
  }
  ZipmapReader zipmap(text_);
  while (zipmap.Next(&field, &value)) {
    if (!builder.Add(field, value)) return Damaged("", "Zipmap");
  }
  return (zipmap.finished() && hash.size() > 0) || Damaged("", "Zipmap");
}

template <typename Packed>
bool ValueReader::ReadPackedSet(Set& set) {
  SetBuilder builder(set, limits_.set);
  return ReadPacked<Packed>(
      "Set ", [&](PackedElement& member) { return builder.Expect(member.size()), true; },
      [&](PackedElement& member) { return builder.Add(member.text()); });
}

template <typename Packed>
bool ValueReader::ReadPackedHash(Hash& hash) {
  HashBuilder builder(hash, limits_.hash);
  return ReadPacked<Packed>(
      "Hash ",
      [&](PackedElement& field, PackedElement& value) {
        return builder.Expect(field.size(), value.size()), true;
      },
      [&](PackedElement& field, PackedElement& value) {
        return builder.Add(field.text(), value.text());
      });
}

template <typename Packed>
bool ValueReader::ReadPackedZSet(ZSet& zset) {
  ZSetBuilder builder(zset);
  return ReadPacked<Packed>(
      "Zset ",
      [&](PackedElement& member, PackedElement&) { return builder.Expect(member.size()), true; },
      [&](PackedElement& member, PackedElement& number) {
        double score = static_cast<double>(number.number());
        if (!number.is_number() && !ParseDouble(number.text(), &score)) {
          return reader_.Fail(kNotANumber);
        }
        return builder.Add(member.text(), score);
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
