// Integers of any width inside strings: BITFIELD, BITFIELD_RO.
#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/commands/bitmaps.h"
#include "server/commands/commands.h"
#include "server/commands/strings.h"
#include "server/engine/key_uses.h"
#include "server/store/bitmap.h"

namespace larder {
namespace {

enum class Overflow : uint8_t { kWrap, kSaturate, kFail };

// i1 to i64, u1 to u63.
struct FieldType {
  bool is_signed = false;
  int width = 1;

  int64_t most() const {
    return static_cast<int64_t>(~uint64_t{0} >> (64 - width) >> (is_signed ? 1 : 0));
  }
  int64_t least() const { return is_signed ? -most() - 1 : 0; }
  // The value that the low bits of `bits` spell.
  int64_t FromBits(uint64_t bits) const {
    const int unused = 64 - width;
    return is_signed ? static_cast<int64_t>(bits << unused) >> unused
                     : static_cast<int64_t>(bits << unused >> unused);
  }
};

struct Operation {
  enum class Kind : uint8_t { kGet, kSet, kIncrement };
  Kind kind = Kind::kGet;
  Overflow overflow = Overflow::kWrap;
  FieldType type;
  uint64_t offset = 0;
  int64_t argument = 0;  // of SET and INCRBY

  bool writes() const { return kind != Kind::kGet; }
  uint64_t last_byte() const { return (offset + static_cast<uint64_t>(type.width) - 1) / 8; }
};

// A value plus an increment, put into the range of the type; nothing where that fails. A negative
// value for an unsigned field is a very large one, as Redis sees it.
std::optional<int64_t> Add(const Operation& operation, int64_t value, int64_t increment) {
  const FieldType& type = operation.type;
  int64_t sum;
  const bool beyond = __builtin_add_overflow(value, increment, &sum);
  if (!beyond && sum >= type.least() && sum <= type.most()) return sum;
  // As Redis reckons it: a SET so far below the range that the distance overflows is too large.
  const auto room =
      static_cast<int64_t>(static_cast<uint64_t>(type.most()) - static_cast<uint64_t>(value));
  const bool too_large =
      beyond ? increment > 0 : increment > room || (!type.is_signed && value < 0);
  switch (operation.overflow) {
    case Overflow::kFail:
      return std::nullopt;
    case Overflow::kSaturate:
      return too_large ? type.most() : type.least();
    case Overflow::kWrap:
      break;
  }
  return type.FromBits(static_cast<uint64_t>(value) + static_cast<uint64_t>(increment));
}

bool ParseType(Context& c, size_t i, FieldType* type) {
  const std::string_view word = c.args[i];
  int64_t width = 0;
  type->is_signed = word.starts_with('i');
  const bool valid = (type->is_signed || word.starts_with('u')) &&
                     ParseInt64(word.substr(1), &width) && width >= 1 &&
                     width <= (type->is_signed ? 64 : 63);
  if (!valid) {
    c.reply.Error(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "
        "i64 is.");
  }
  type->width = static_cast<int>(width);
  return valid;
}

bool ParseOverflow(Context& c, size_t i, Overflow* overflow) {
  const std::string_view word = c.args[i];
  if (EqualsIgnoreCase(word, "wrap")) {
    *overflow = Overflow::kWrap;
  } else if (EqualsIgnoreCase(word, "sat")) {
    *overflow = Overflow::kSaturate;
  } else if (EqualsIgnoreCase(word, "fail")) {
    *overflow = Overflow::kFail;
  } else {
    c.reply.Error("ERR Invalid OVERFLOW type specified");
    return false;
  }
  return true;
}

// False after an error was answered.
bool ParseOperations(Context& c, std::vector<Operation>* operations) {
  using Kind = Operation::Kind;
  Overflow overflow = Overflow::kWrap;
  for (size_t i = 2; i < c.args.size();) {
    const std::string_view word = c.args[i];
    const size_t left = c.args.size() - i - 1;
    if (EqualsIgnoreCase(word, "overflow") && left >= 1) {
      if (!ParseOverflow(c, i + 1, &overflow)) return false;
      i += 2;
      continue;
    }
    Operation operation;
    operation.overflow = overflow;
    if (EqualsIgnoreCase(word, "set") && left >= 3) {
      operation.kind = Kind::kSet;
    } else if (EqualsIgnoreCase(word, "incrby") && left >= 3) {
      operation.kind = Kind::kIncrement;
    } else if (!EqualsIgnoreCase(word, "get") || left < 2) {
      c.SyntaxError();
      return false;
    }
    if (!ParseType(c, i + 1, &operation.type) ||
        !ParseBitOffset(c, i + 2, operation.type.width, &operation.offset) ||
        (operation.writes() && !c.Integer(i + 3, &operation.argument))) {
      return false;
    }
    i += operation.writes() ? 4 : 3;
    operations->push_back(operation);
  }
  return true;
}

// Answers the operation; true where it changed the string, which has just `grown` or not.
bool Run(Context& c, const Operation& operation, Entry* entry, bool grown) {
  const FieldType& type = operation.type;
  const StringBlocks string = entry == nullptr ? StringBlocks() : entry->string();
  const int64_t old = type.FromBits(ReadBits(string, operation.offset, type.width));
  if (!operation.writes()) {
    c.reply.Integer(old);
    return false;
  }
  const bool sets = operation.kind == Operation::Kind::kSet;
  const std::optional<int64_t> value =
      sets ? Add(operation, operation.argument, 0) : Add(operation, old, operation.argument);
  if (!value) {
    c.reply.Null();
    return false;
  }
  WriteBits(*entry, operation.offset, type.width, static_cast<uint64_t>(*value));
  c.reply.Integer(sets ? old : *value);
  return grown || *value != old;
}

void RunField(Context& c, bool read_only) {
  std::vector<Operation> operations;
  if (!ParseOperations(c, &operations)) return;
  size_t bytes_written = 0;  // up to the last one that is written
  for (const Operation& operation : operations) {
    if (operation.writes()) bytes_written = std::max(bytes_written, operation.last_byte() + 1);
  }
  const bool writes = bytes_written > 0;
  if (writes && read_only) {
    return c.reply.Error("ERR BITFIELD_RO only supports the GET subcommand");
  }
  const Key key = c.key(1);
  Entry* entry;
  if (!(writes ? WriteString(c, key, &entry) : ReadString(c, key, &entry))) return;
  bool grown = false;
  if (writes) {
    const size_t old_size = entry == nullptr ? 0 : entry->string().size();
    grown = bytes_written > old_size;
    entry = c.GrowString(key, entry, std::max(old_size, bytes_written));
  }
  c.reply.Array(operations.size());
  size_t changes = 0;
  for (const Operation& operation : operations) changes += Run(c, operation, entry, grown);
  // A longer string is a change also where every write overflowed, or a replica would not have it;
  // but no event.
  const std::string_view event = changes > 0 ? "setbit" : "";
  if (grown || changes > 0) {
    c.Changed(key, NotifyClass::kString, event, std::max<size_t>(changes, 1));
  }
}

void BitField(Context& c) { RunField(c, false); }
void BitFieldRo(Context& c) { RunField(c, true); }

void SettleUse(Args words, std::vector<KeyPosition>& keys) {
  const bool writes = HasWord(words, "set", 2) || HasWord(words, "incrby", 2);
  keys[0].flags = writes ? kRW | kAccess | kUpdate : kRO | kAccess;
}

constexpr Command kCommands[] = {
    {.name = "bitfield",
     .arity = -2,
     .flags = kWrite | kDenyOom,
     .categories = kCatBitmap,
     .keys = {WithNotes(Key1(kRW | kUpdate | kAccess | kVariableFlags),
                        "This command allows both access and modification of the key")},
     .run = BitField,
     .group = "bitmap",
     .syntax = "key [operation: GET <get-block: encoding offset> | "
               "<write: [OVERFLOW <overflow-block: WRAP | SAT | FAIL>] <write-operation: "
               "SET <set-block: encoding offset value(integer)> | "
               "INCRBY <incrby-block: encoding offset increment>>> ...]",
     .since = "3.2.0",
     .complexity = "O(1) for each operation",
     .summary = "Reads, sets and adds to integers of any width inside a string.",
     .settle_keys = SettleUse},
    {.name = "bitfield_ro",
     .arity = -2,
     .flags = kReadOnly | kFast,
     .categories = kCatBitmap,
     .keys = {Key1(kRO | kAccess)},
     .run = BitFieldRo,
     .group = "bitmap",
     .syntax = "key [GET <get-block: encoding offset> ...]",
     .since = "6.0.0",
     .complexity = "O(1) for each operation",
     .summary = "Reads integers of any width inside a string."},
};

}  // namespace

std::span<const Command> BitFieldCommands() { return kCommands; }

}  // namespace larder
