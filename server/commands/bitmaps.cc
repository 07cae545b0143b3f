// Strings as bits: SETBIT, GETBIT, BITCOUNT, BITPOS.
#include "server/commands/bitmaps.h"

#include <algorithm>
#include <optional>

#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/strings.h"
#include "server/engine/engine.h"
#include "server/store/bitmap.h"

namespace larder {

bool ParseBitOffset(Context& c, size_t i, int width, uint64_t* offset) {
  std::string_view word = c.args[i];
  const bool in_fields = width != 0 && word.starts_with('#');
  if (in_fields) word.remove_prefix(1);
  int64_t bits;
  const bool valid = ParseInt64(word, &bits) && bits >= 0 &&
                     !(in_fields && __builtin_mul_overflow(bits, int64_t{width}, &bits)) &&
                     bits / 8 < c.engine.config.settings().proto_max_bulk_bytes;
  if (!valid) c.reply.Error("ERR bit offset is not an integer or out of range");
  if (valid) *offset = static_cast<uint64_t>(bits);
  return valid;
}

namespace {

void SetBit(Context& c) {
  uint64_t bit;
  if (!ParseBitOffset(c, 2, 0, &bit)) return;
  int64_t value;
  if (!c.Integer(3, 0, 1, &value, "ERR bit is not an integer or out of range")) return;
  const Key key = c.key(1);
  Entry* entry;
  if (!WriteString(c, key, &entry)) return;
  const size_t old_size = entry == nullptr ? 0 : entry->string().size();
  entry = c.GrowString(key, entry, std::max<size_t>(old_size, bit / 8 + 1));
  const bool old = BitAt(entry->string(), bit);
  if (old != (value != 0)) WriteBits(*entry, bit, 1, static_cast<uint64_t>(value));
  if (old != (value != 0) || bit / 8 >= old_size) {
    c.Changed(key, NotifyClass::kString, "setbit");
  }
  c.reply.Integer(old ? 1 : 0);
}

void GetBit(Context& c) {
  uint64_t bit;
  if (!ParseBitOffset(c, 2, 0, &bit)) return;
  Entry* entry;
  if (!ReadString(c, c.key(1), &entry)) return;
  c.reply.Integer(entry != nullptr && BitAt(entry->string(), bit) ? 1 : 0);
}

// A range of a string in the words of BITCOUNT and BITPOS, first as numbers, then as bits.
struct Range {
  int64_t start = 0;
  int64_t end = -1;
  bool in_bits = false;

  // BIT or BYTE. False after a syntax error was answered.
  bool ParseUnit(Context& c, size_t i) {
    in_bits = EqualsIgnoreCase(c.args[i], "bit");
    if (in_bits || EqualsIgnoreCase(c.args[i], "byte")) return true;
    c.SyntaxError();
    return false;
  }

  // Makes first and last bit of it, for a string of `size` bytes; false where it is empty.
  bool Resolve(size_t size) {
    const auto total = static_cast<int64_t>(in_bits ? 8 * size : size);
    if (start < 0) start = std::max<int64_t>(start + total, 0);
    if (end < 0) end = std::max<int64_t>(end + total, 0);
    end = std::min(end, total - 1);
    if (start > end) return false;
    if (in_bits) return true;
    start = 8 * start;
    end = 8 * end + 7;
    return true;
  }
  uint64_t first() const { return static_cast<uint64_t>(start); }
  uint64_t last() const { return static_cast<uint64_t>(end); }
};

void BitCount(Context& c) {
  Entry* entry;
  if (!ReadString(c, c.key(1), &entry)) return;
  if (entry == nullptr) return c.reply.Integer(0);
  Range range;
  const size_t words = c.args.size();
  if (words == 3 || words > 5) return c.SyntaxError();
  if (words > 3) {
    if (!c.Integer(2, &range.start) || !c.Integer(3, &range.end)) return;
    if (range.start < 0 && range.end < 0 && range.start > range.end) return c.reply.Integer(0);
    if (words == 5 && !range.ParseUnit(c, 4)) return;
  }
  const StringBlocks string = entry->string();
  if (!range.Resolve(string.size())) return c.reply.Integer(0);
  c.reply.Integer(static_cast<int64_t>(CountBits(string, range.first(), range.last())));
}

void BitPos(Context& c) {
  int64_t bit;
  if (!c.Integer(2, &bit)) return;
  if (bit != 0 && bit != 1) return c.reply.Error("ERR The bit argument must be 1 or 0.");
  Entry* entry;
  if (!ReadString(c, c.key(1), &entry)) return;
  // No key: endless zeros.
  if (entry == nullptr) return c.reply.Integer(bit == 1 ? -1 : 0);
  Range range;
  const size_t words = c.args.size();
  if (words > 6) return c.SyntaxError();
  if (words > 3 && !c.Integer(3, &range.start)) return;
  if (words == 6 && !range.ParseUnit(c, 5)) return;
  if (words > 4 && !c.Integer(4, &range.end)) return;
  const StringBlocks string = entry->string();
  if (!range.Resolve(string.size())) return c.reply.Integer(-1);
  const std::optional<uint64_t> found = FindBit(string, bit == 1, range.first(), range.last());
  if (found) return c.reply.Integer(static_cast<int64_t>(*found));
  // Behind the string there are zeros, unless its end was named.
  const bool behind = bit == 0 && words <= 4;
  c.reply.Integer(behind ? static_cast<int64_t>(range.last() + 1) : -1);
}

constexpr Command kCommands[] = {
    {.name = "setbit",
     .arity = 4,
     .flags = kWrite | kDenyOom,
     .categories = kCatBitmap,
     .keys = {Key1(kRW | kAccess | kUpdate)},
     .run = SetBit,
     .group = "bitmap",
     .syntax = "key offset value(integer)",
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Sets or clears a bit of a string and returns what it was."},
    {.name = "getbit",
     .arity = 3,
     .flags = kReadOnly | kFast,
     .categories = kCatBitmap,
     .keys = {Key1(kRO | kAccess)},
     .run = GetBit,
     .group = "bitmap",
     .syntax = "key offset",
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Returns a bit of a string."},
    {.name = "bitcount",
     .arity = -2,
     .flags = kReadOnly,
     .categories = kCatBitmap,
     .keys = {Key1(kRO | kAccess)},
     .run = BitCount,
     .group = "bitmap",
     .syntax = "key [range: start end [unit@7.0.0: BYTE | BIT]]",
     .since = "2.6.0",
     .history = "7.0.0 Takes BYTE and BIT, the unit of the range.",
     .complexity = "O(N) for N bytes",
     .summary = "Counts the ones in a string or a part of it."},
    {.name = "bitpos",
     .arity = -3,
     .flags = kReadOnly,
     .categories = kCatBitmap,
     .keys = {Key1(kRO | kAccess)},
     .run = BitPos,
     .group = "bitmap",
     .syntax = "key bit [range: start [end-unit-block: end [unit@7.0.0: BYTE | BIT]]]",
     .since = "2.8.7",
     .history = "7.0.0 Takes BYTE and BIT, the unit of the range.",
     .complexity = "O(N) for N bytes",
     .summary = "Finds the first one or zero in a string or a part of it."},
};

}  // namespace

std::span<const Command> BitmapCommands() { return kCommands; }

}  // namespace larder
