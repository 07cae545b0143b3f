// Strings that are numbers: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT.
#include <cmath>
#include <limits>

#include "protocol/errors.h"
#include "server/base/numbers.h"
#include "server/commands/commands.h"
#include "server/commands/strings.h"

namespace larder {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

void AddTo(Context& c, int64_t increment) {
  const Key key = c.key(1);
  Entry* entry;
  if (!WriteString(c, key, &entry)) return;
  int64_t value = 0;
  if (entry != nullptr && !ParseInt64(entry->short_string(), &value)) {
    return c.reply.Error(errors::kNotInteger);
  }
  int64_t sum;
  if (__builtin_add_overflow(value, increment, &sum)) {
    return c.reply.Error(errors::kOverflow);
  }
  char digits[kMaxIntLength];
  const size_t size = FormatInt(digits, sum);
  c.SetString(key, {digits, size}, entry == nullptr ? Entry::kNoExpiry : entry->expiry_ms(),
              StringEncoding::kInt);
  c.Changed(key, NotifyClass::kString, "incrby");
  c.reply.Integer(sum);
}

void Incr(Context& c) { AddTo(c, 1); }
void Decr(Context& c) { AddTo(c, -1); }

void IncrBy(Context& c) {
  int64_t increment;
  if (c.Integer(2, &increment)) AddTo(c, increment);
}

void DecrBy(Context& c) {
  int64_t decrement;
  if (!c.Integer(2, &decrement)) return;
  if (decrement == kLeast) return c.reply.Error("ERR decrement would overflow");
  AddTo(c, -decrement);
}

void IncrByFloat(Context& c) {
  const Key key = c.key(1);
  Entry* entry;
  if (!WriteString(c, key, &entry)) return;
  long double value = 0;
  long double increment;
  if ((entry != nullptr && !ParseLongDouble(entry->short_string(), &value)) ||
      !ParseLongDouble(c.args[2], &increment)) {
    return c.reply.Error(errors::kNotFloat);
  }
  value += increment;
  if (std::isnan(value) || std::isinf(value)) {
    return c.reply.Error(errors::kNanOrInfinity);
  }
  const std::string text = FormatLongDoubleHuman(value);
  // Redis does not look whether the sum happens to be an integer.
  c.SetString(key, text, entry == nullptr ? Entry::kNoExpiry : entry->expiry_ms(),
              text.size() <= kMostEmbeddedBytes ? StringEncoding::kEmbstr : StringEncoding::kRaw);
  c.Changed(key, NotifyClass::kString, "incrbyfloat");
  c.ReplicateAs("SET", key.name, text, "KEEPTTL");
  c.reply.Bulk(text);
}

constexpr Command kCommands[] = {
    {.name = "incr",
     .arity = 2,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = {Key1(kRW | kAccess | kUpdate)},
     .run = Incr,
     .group = "string",
     .syntax = "key",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Adds one to an integer."},
    {.name = "decr",
     .arity = 2,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = {Key1(kRW | kAccess | kUpdate)},
     .run = Decr,
     .group = "string",
     .syntax = "key",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Subtracts one from an integer."},
    {.name = "incrby",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = {Key1(kRW | kAccess | kUpdate)},
     .run = IncrBy,
     .group = "string",
     .syntax = "key increment",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Adds to an integer."},
    {.name = "decrby",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = {Key1(kRW | kAccess | kUpdate)},
     .run = DecrBy,
     .group = "string",
     .syntax = "key decrement",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Subtracts from an integer."},
    {.name = "incrbyfloat",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = {Key1(kRW | kAccess | kUpdate)},
     .run = IncrByFloat,
     .group = "string",
     .syntax = "key increment(double)",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Adds to a number with a fraction."},
};

}  // namespace

std::span<const Command> StringCounterCommands() { return kCommands; }

}  // namespace larder
