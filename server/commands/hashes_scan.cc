// Hashes, beyond single fields: HINCRBY, HINCRBYFLOAT, HRANDFIELD, HSCAN.
#include <cmath>

#include "protocol/errors.h"
#include "server/base/numbers.h"
#include "server/base/random.h"
#include "server/commands/commands.h"
#include "server/commands/hashes.h"
#include "server/commands/sampling.h"
#include "server/commands/scan_options.h"

namespace larder {
namespace {

void HIncrBy(Context& c) {
  int64_t increment;
  if (!c.Integer(3, &increment)) return;
  const Key key = c.key(1);
  Hash* hash;
  if (!c.FindOrCreate(key, &hash)) return;
  int64_t value = 0;
  const std::optional<BulkView> old = hash->Get(c.args[2]);
  if (old && !ParseInt64(old->bytes, &value)) return c.reply.Error(errors::kNotHashInteger);
  if (__builtin_add_overflow(value, increment, &value)) return c.reply.Error(errors::kOverflow);
  char digits[kMaxIntLength];
  hash->Set(c.args[2], {{digits, FormatInt(digits, value)}}, HashLimits(c));
  c.Changed(key, NotifyClass::kHash, "hincrby");
  c.reply.Integer(value);
}

void HIncrByFloat(Context& c) {
  long double increment;
  if (!ParseLongDouble(c.args[3], &increment)) return c.reply.Error(errors::kNotFloat);
  if (!std::isfinite(increment)) return c.reply.Error("ERR value is NaN or Infinity");
  const Key key = c.key(1);
  Hash* hash;
  if (!c.FindOrCreate(key, &hash)) return;
  long double value = 0;
  const std::optional<BulkView> old = hash->Get(c.args[2]);
  if (old && !ParseLongDouble(old->bytes, &value)) return c.reply.Error(errors::kNotHashFloat);
  value += increment;
  if (!std::isfinite(value)) return c.reply.Error(errors::kNanOrInfinity);
  const std::string text = FormatLongDoubleHuman(value);
  hash->Set(c.args[2], {text}, HashLimits(c));
  c.Changed(key, NotifyClass::kHash, "hincrbyfloat");
  c.ReplicateAs("HSET", key.name, c.args[2], text);
  c.reply.Bulk(text);
}

void RandomFields(Context& c, const Hash& hash, const SampleSize& size, bool with_values) {
  const size_t count = size.Of(hash.size());
  const bool nested = with_values && c.reply.resp() == 3;
  c.reply.Array(with_values && !nested ? count * 2 : count);
  const auto write = [&](const DictRecord& record) {
    if (nested) c.reply.Array(2);
    c.reply.Bulk(record.key);
    if (with_values) c.reply.Bulk(record.value);
  };
  if (size.distinct) return hash.Sample(count, ThreadRandom(), write);
  for (size_t i = 0; i < count && !c.output_is_full(); ++i) write(hash.RandomField(ThreadRandom()));
}

void HRandField(Context& c) {
  SampleSize size;
  bool with_values = false;
  if (!ParseSample(c, "withvalues", &size, &with_values)) return;
  const Hash* hash;
  if (!c.Read(c.key(1), &hash)) return;
  if (c.args.size() == 2) {
    if (hash == nullptr) return c.reply.Null();
    return c.reply.Bulk(hash->RandomField(ThreadRandom()).key);
  }
  if (hash == nullptr) return c.reply.EmptyArray();
  if (!size.Affordable(c)) return c.reply.Error(errors::kOutOfRange);
  RandomFields(c, *hash, size, with_values);
}

void HScan(Context& c) {
  uint64_t cursor;
  if (!ParseScanCursor(c, 2, &cursor)) return;
  const Hash* hash;
  if (!c.Read(c.key(1), &hash)) return;
  if (hash == nullptr) return EmptyScan(c.reply);
  ScanOptions options;
  if (!ParseScanOptions(c, 3, false, &options)) return;
  ScanReply reply(c.reply);
  size_t found = 0;
  const uint64_t next = hash->Scan(cursor, options.count, [&](const DictRecord& record) {
    if (!options.Matches(record.key)) return;
    c.reply.Bulk(record.key);
    c.reply.Bulk(record.value);
    found += 2;
  });
  reply.End(next, found);
}

constexpr Command kCommands[] = {
    {.name = "hincrby",
     .arity = 4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = {Key1(kRW | kAccess | kUpdate)},
     .run = HIncrBy,
     .group = "hash",
     .syntax = "key field increment",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Adds an integer to the number in a field, 0 where there is none."},
    {.name = "hincrbyfloat",
     .arity = 4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = {Key1(kRW | kAccess | kUpdate)},
     .run = HIncrByFloat,
     .group = "hash",
     .syntax = "key field increment(double)",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Adds a decimal fraction to the number in a field, 0 where there is none."},
    {.name = "hrandfield",
     .arity = -2,
     .flags = kReadOnly,
     .categories = kCatHash,
     .keys = {Key1(kRO | kAccess)},
     .run = HRandField,
     .group = "hash",
     .syntax = "key [options: count [WITHVALUES]]",
     .since = "6.2.0",
     .complexity = "O(N) for N fields returned",
     .summary = "Returns fields at random: different ones, or with a negative count any.",
     .tips = "nondeterministic_output"},
    {.name = "hscan",
     .arity = -3,
     .flags = kReadOnly,
     .categories = kCatHash,
     .keys = {Key1(kRO | kAccess)},
     .run = HScan,
     .group = "hash",
     .syntax = "key cursor [MATCH pattern] [COUNT count]",
     .since = "2.8.0",
     .complexity = "O(1) a call, O(N) for all calls over a hash of N fields",
     .summary = "Walks over a hash, some fields a call.",
     .tips = "nondeterministic_output"},
};

}  // namespace

std::span<const Command> HashScanCommands() { return kCommands; }

}  // namespace larder
