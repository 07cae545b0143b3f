// Hashes, field by field: HSET, HGET and their relatives.
#include "server/commands/hashes.h"

#include "protocol/errors.h"
#include "server/commands/commands.h"
#include "server/engine/command_table.h"

namespace larder {

Hash::Limits HashLimits(const Context& c) {
  const Settings& settings = c.engine.config.settings();
  return {static_cast<size_t>(int64_t{settings.hash_max_listpack_entries}),
          static_cast<size_t>(int64_t{settings.hash_max_listpack_value})};
}

namespace {

// Sets the pairs from word 2 on; the number of fields that are new. False after an error was
// answered.
bool SetPairs(Context& c, int64_t* added) {
  if (c.args.size() % 2 != 0) {
    c.reply.Error(errors::WrongArity(CommandTable::FullName(c.command)));
    return false;
  }
  const Key key = c.key(1);
  Hash* hash;
  if (!c.FindOrCreate(key, &hash)) return false;
  if (hash->size() == 0) {
    size_t bytes = 0;
    for (size_t i = 2; i < c.args.size(); i += 2) {
      bytes += hash->RecordBytes(c.args[i], c.args[i + 1]);
    }
    hash->Reserve((c.args.size() - 2) / 2, bytes);
  }
  const Hash::Limits limits = HashLimits(c);
  *added = 0;
  for (size_t i = 2; i < c.args.size(); i += 2) {
    *added += hash->Set(c.args[i], {c.args[i + 1]}, limits);
  }
  c.Changed(key, NotifyClass::kHash, "hset", (c.args.size() - 2) / 2);
  return true;
}

void HSet(Context& c) {
  int64_t added;
  if (SetPairs(c, &added)) c.reply.Integer(added);
}

void HMSet(Context& c) {
  int64_t added;
  if (SetPairs(c, &added)) c.reply.Ok();
}

void HSetNx(Context& c) {
  const Key key = c.key(1);
  Hash* hash;
  if (!c.FindOrCreate(key, &hash)) return;
  if (hash->Contains(c.args[2])) return c.reply.Integer(0);
  hash->Set(c.args[2], {c.args[3]}, HashLimits(c));
  c.Changed(key, NotifyClass::kHash, "hset");
  c.reply.Integer(1);
}

void ReplyField(Context& c, const Hash* hash, std::string_view field) {
  if (hash == nullptr) return c.reply.Null();
  const std::optional<BulkView> value = hash->Get(field);
  if (!value) return c.reply.Null();
  c.reply.Bulk(*value);
}

void HGet(Context& c) {
  const Hash* hash;
  if (c.Read(c.key(1), &hash)) ReplyField(c, hash, c.args[2]);
}

void HMGet(Context& c) {
  const Hash* hash;
  if (!c.Read(c.key(1), &hash)) return;
  c.reply.Array(c.args.size() - 2);
  for (size_t i = 2; i < c.args.size(); ++i) ReplyField(c, hash, c.args[i]);
}

void HGetAll(Context& c) {
  const Hash* hash;
  if (!c.Read(c.key(1), &hash)) return;
  if (hash == nullptr) return c.reply.Map(0);
  c.reply.Map(hash->size());
  hash->ForEach([&c](const DictRecord& record) {
    c.reply.Bulk(record.key);
    c.reply.Bulk(record.value);
  });
}

void HKeys(Context& c) {
  const Hash* hash;
  if (!c.Read(c.key(1), &hash)) return;
  if (hash == nullptr) return c.reply.EmptyArray();
  c.reply.Array(hash->size());
  hash->ForEach([&c](const DictRecord& record) { c.reply.Bulk(record.key); });
}

void HVals(Context& c) {
  const Hash* hash;
  if (!c.Read(c.key(1), &hash)) return;
  if (hash == nullptr) return c.reply.EmptyArray();
  c.reply.Array(hash->size());
  hash->ForEach([&c](const DictRecord& record) { c.reply.Bulk(record.value); });
}

void HLen(Context& c) {
  const Hash* hash;
  if (!c.Read(c.key(1), &hash)) return;
  c.reply.Integer(hash == nullptr ? 0 : static_cast<int64_t>(hash->size()));
}

void HStrLen(Context& c) {
  const Hash* hash;
  if (!c.Read(c.key(1), &hash)) return;
  const std::optional<BulkView> value = hash == nullptr ? std::nullopt : hash->Get(c.args[2]);
  c.reply.Integer(value ? static_cast<int64_t>(value->bytes.size()) : 0);
}

void HExists(Context& c) {
  const Hash* hash;
  if (!c.Read(c.key(1), &hash)) return;
  c.reply.Integer(hash != nullptr && hash->Contains(c.args[2]));
}

void HDel(Context& c) {
  const Key key = c.key(1);
  Hash* hash;
  if (!c.Write(key, &hash)) return;
  int64_t deleted = 0;
  for (size_t i = 2; hash != nullptr && i < c.args.size(); ++i) deleted += hash->Delete(c.args[i]);
  if (deleted > 0) {
    c.Changed(key, NotifyClass::kHash, "hdel", static_cast<size_t>(deleted));
    c.RemoveIfEmpty(key, *hash);
  }
  c.reply.Integer(deleted);
}

constexpr Command kCommands[] = {
    {.name = "hset",
     .arity = -4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = {Key1(kRW | kUpdate)},
     .run = HSet,
     .group = "hash",
     .syntax = "key <data: field value ...>",
     .since = "2.0.0",
     .history = "4.0.0 Takes several fields and values.",
     .complexity = "O(N) for N pairs",
     .summary = "Sets fields of a hash, which is made if need be; answers how many are new."},
    {.name = "hsetnx",
     .arity = 4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = {Key1(kRW | kInsert)},
     .run = HSetNx,
     .group = "hash",
     .syntax = "key field value",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Sets a field unless the hash has it."},
    {.name = "hmset",
     .arity = -4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = {Key1(kRW | kUpdate)},
     .run = HMSet,
     .group = "hash",
     .syntax = "key <data: field value ...>",
     .since = "2.0.0",
     .deprecated = "4.0.0 `HSET` with multiple field-value pairs",
     .complexity = "O(N) for N pairs",
     .summary = "HSET with another answer; kept for old clients."},
    {.name = "hget",
     .arity = 3,
     .flags = kReadOnly | kFast,
     .categories = kCatHash,
     .keys = {Key1(kRO | kAccess)},
     .run = HGet,
     .group = "hash",
     .syntax = "key field",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Returns the value of a field."},
    {.name = "hmget",
     .arity = -3,
     .flags = kReadOnly | kFast,
     .categories = kCatHash,
     .keys = {Key1(kRO | kAccess)},
     .run = HMGet,
     .group = "hash",
     .syntax = "key field [field ...]",
     .since = "2.0.0",
     .complexity = "O(N) for N fields",
     .summary = "Returns the values of several fields, a null for each that is absent."},
    {.name = "hgetall",
     .arity = 2,
     .flags = kReadOnly,
     .categories = kCatHash,
     .keys = {Key1(kRO | kAccess)},
     .run = HGetAll,
     .group = "hash",
     .syntax = "key",
     .since = "2.0.0",
     .complexity = "O(N) for N fields of the hash",
     .summary = "Returns all fields with their values.",
     .tips = "nondeterministic_output_order"},
    {.name = "hkeys",
     .arity = 2,
     .flags = kReadOnly,
     .categories = kCatHash,
     .keys = {Key1(kRO | kAccess)},
     .run = HKeys,
     .group = "hash",
     .syntax = "key",
     .since = "2.0.0",
     .complexity = "O(N) for N fields of the hash",
     .summary = "Returns the names of all fields.",
     .tips = "nondeterministic_output_order"},
    {.name = "hvals",
     .arity = 2,
     .flags = kReadOnly,
     .categories = kCatHash,
     .keys = {Key1(kRO | kAccess)},
     .run = HVals,
     .group = "hash",
     .syntax = "key",
     .since = "2.0.0",
     .complexity = "O(N) for N fields of the hash",
     .summary = "Returns the values of all fields.",
     .tips = "nondeterministic_output_order"},
    {.name = "hlen",
     .arity = 2,
     .flags = kReadOnly | kFast,
     .categories = kCatHash,
     .keys = {Key1(kRO)},
     .run = HLen,
     .group = "hash",
     .syntax = "key",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Returns the number of fields."},
    {.name = "hstrlen",
     .arity = 3,
     .flags = kReadOnly | kFast,
     .categories = kCatHash,
     .keys = {Key1(kRO)},
     .run = HStrLen,
     .group = "hash",
     .syntax = "key field",
     .since = "3.2.0",
     .complexity = "O(1)",
     .summary = "Returns the length of a field's value in bytes."},
    {.name = "hexists",
     .arity = 3,
     .flags = kReadOnly | kFast,
     .categories = kCatHash,
     .keys = {Key1(kRO)},
     .run = HExists,
     .group = "hash",
     .syntax = "key field",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Tells whether the hash has a field."},
    {.name = "hdel",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatHash,
     .keys = {Key1(kRW | kDelete)},
     .run = HDel,
     .group = "hash",
     .syntax = "key field [field ...]",
     .since = "2.0.0",
     .history = "2.4.0 Takes several fields.",
     .complexity = "O(N) for N fields named",
     .summary = "Deletes fields; the key goes with the last one."},
};

}  // namespace

std::span<const Command> HashCommands() { return kCommands; }

}  // namespace larder
