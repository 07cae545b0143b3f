// Looking for keys over all shards: SCAN, KEYS, RANDOMKEY. Each shard is locked for its own visit,
// so that no walk stops the others for long.
#include <algorithm>
#include <vector>

#include "server/base/glob.h"
#include "server/base/random.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/scan_options.h"
#include "server/engine/engine.h"
#include "server/engine/removal.h"

namespace larder {
namespace {

// A cursor is the place in hash space that the next call starts from, and in its low bits the
// shard.
constexpr int kShardBits = 10;
static_assert(Keyspace::kShards <= 1u << kShardBits);
// Clients in JavaScript and Lua keep numbers as doubles, which are exact up to here.
static_assert(Table::kPositionBits + kShardBits <= 53);

// A call looks at no more than this many times COUNT buckets, so that sparse tables cannot make it
// long.
constexpr size_t kBucketsPerKey = 10;

bool Wants(const ScanOptions& options, const Entry& entry) {
  if (options.type && !EqualsIgnoreCase(*options.type, TypeName(entry.type()))) return false;
  return options.Matches(entry.key());
}

// Removes the entries that a walk has met too late, where that is allowed. REQUIRES: the shard is
// locked.
void RemoveExpiredEntries(Context& c, Shard& shard, std::vector<Entry*>& expired) {
  if (!c.engine.RemovesExpired(c.now_ms())) expired.clear();
  for (Entry* entry : expired) {
    RemoveKey(c.engine, c.worker, shard, c.db(), entry, HashBytes(entry->key()), Removal::kExpired,
              c.ready);
  }
  expired.clear();
  // The walk goes on to another shard's lock.
  if (!c.lock.exclusive()) c.engine.Commit(c.worker, c.client, c.command);
}

// Looks without the lock, so that empty shards cost a load each.
bool MayHoldKeys(Context& c, uint32_t index) {
  const Slice* slice = c.engine.keyspace.slice(c.db(), index);
  return slice != nullptr && slice->table.size() > 0;
}

// One call of SCAN: goes from the cursor through the shards, and replies as it goes.
class Scanner {
 public:
  Scanner(Context& c, const ScanOptions& options, uint64_t cursor)
      : c_(c), options_(options), shard_(cursor & ((1u << kShardBits) - 1)) {
    position_ = cursor >> kShardBits;
    keys_left_ = options.count;
    buckets_left_ = keys_left_ > SIZE_MAX / kBucketsPerKey ? SIZE_MAX : keys_left_ * kBucketsPerKey;
  }

  // The number of keys put into the reply.
  size_t Run() {
    while (shard_ < Keyspace::kShards && keys_left_ > 0 && buckets_left_ > 0) {
      VisitShard(static_cast<uint32_t>(shard_));
      if (position_ == 0) ++shard_;
    }
    return found_;
  }

  uint64_t cursor() const {
    return shard_ >= Keyspace::kShards ? 0 : position_ << kShardBits | shard_;
  }

 private:
  void VisitShard(uint32_t index) {
    if (!MayHoldKeys(c_, index)) {
      position_ = 0;
      return;
    }
    Shard& shard = c_.lock.Visit(index);
    const Slice* slice = shard.existing_slice(c_.db());
    if (slice->table.size() == 0) {
      position_ = 0;  // emptied since we looked
      return;
    }
    VisitTable(slice->table);
    RemoveExpiredEntries(c_, shard, expired_);
  }

  void VisitTable(const Table& table) {
    do {
      // No bucket holds more than one key on average, so a step of as many buckets as keys are
      // wanted does not go far beyond.
      const size_t step = std::min({keys_left_, buckets_left_, table.buckets()});
      position_ = table.Scan(position_, step, [this](Entry* entry) { Meet(entry); });
      buckets_left_ -= step;
    } while (position_ != 0 && keys_left_ > 0 && buckets_left_ > 0);
  }

  void Meet(Entry* entry) {
    if (keys_left_ > 0) --keys_left_;
    if (!Wants(options_, *entry)) return;
    if (entry->ExpiredAt(c_.now_ms())) return expired_.push_back(entry);
    c_.reply.Bulk(entry->key());
    ++found_;
  }

  Context& c_;
  const ScanOptions& options_;
  uint64_t shard_;
  uint64_t position_;
  size_t buckets_left_;
  size_t keys_left_;
  size_t found_ = 0;
  std::vector<Entry*> expired_;
};

void Scan(Context& c) {
  uint64_t cursor;
  ScanOptions options;
  if (!ParseScanCursor(c, 1, &cursor) || !ParseScanOptions(c, 2, true, &options)) return;
  ScanReply reply(c.reply);
  Scanner scanner(c, options, cursor);
  const size_t found = scanner.Run();
  reply.End(scanner.cursor(), found);
}

void Keys(Context& c) {
  const auto begin = c.reply.Begin();
  const bool all = c.args[1] == "*";
  size_t found = 0;
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    if (!MayHoldKeys(c, i)) continue;
    c.lock.Visit(i).existing_slice(c.db())->table.ForEach([&](const Entry* entry) {
      if (entry->ExpiredAt(c.now_ms())) return;  // stays where it is, as in Redis
      if (!all && !GlobMatch(c.args[1], entry->key())) return;
      c.reply.Bulk(entry->key());
      ++found;
    });
  }
  c.reply.EndArray(begin, found);
}

// A shard with keys of the client's database, drawn by their number; kShards where there is none.
uint32_t RandomShard(Context& c) {
  const size_t keys = c.engine.keyspace.Size(c.db());
  if (keys == 0) return Keyspace::kShards;
  size_t skip = ThreadRandom().Below(keys);
  uint32_t last = Keyspace::kShards;  // others may be deleting meanwhile
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    const Slice* slice = c.engine.keyspace.slice(c.db(), i);
    const size_t size = slice == nullptr ? 0 : slice->table.size();
    if (size > skip) return i;
    if (size > 0) last = i;
    skip -= size;
  }
  return last;
}

void RandomKey(Context& c) {
  // Where expired keys stay there may be no other: then an expired one is the answer, as in Redis.
  // Elsewhere each that is met goes, and the search ends with the last.
  constexpr int kMostExpired = 100;
  const bool expired_stay = !c.engine.RemovesExpired(c.now_ms());
  for (int met = 1;;) {
    const uint32_t index = RandomShard(c);
    if (index == Keyspace::kShards) return c.reply.Null();
    Shard& shard = c.lock.Visit(index);
    const Slice* slice = shard.existing_slice(c.db());
    if (slice->table.size() == 0) continue;
    Entry* entry = slice->table.Random(ThreadRandom().Next());
    const bool answers = !entry->ExpiredAt(c.now_ms()) || (expired_stay && met++ == kMostExpired);
    if (answers) return c.reply.Bulk(entry->key());
    std::vector<Entry*> expired{entry};
    RemoveExpiredEntries(c, shard, expired);
  }
}

constexpr Command kCommands[] = {
    {.name = "scan",
     .arity = -2,
     .flags = kReadOnly | kTouchesArbitraryKeys | kInsideGate,
     .categories = kCatKeyspace,
     .run = Scan,
     .group = "generic",
     .syntax = "cursor [MATCH pattern] [COUNT count] [TYPE@6.0.0 type]",
     .since = "2.8.0",
     .history = "6.0.0 Takes TYPE.",
     .complexity = "O(1) for every call, O(N) for all N keys",
     .summary = "Walks through the keys of the database, a few at a call.",
     .tips = "nondeterministic_output request_policy:special response_policy:special"},
    {.name = "keys",
     .arity = 2,
     .flags = kReadOnly | kInsideGate,
     .categories = kCatKeyspace | kCatDangerous,
     .run = Keys,
     .group = "generic",
     .syntax = "pattern",
     .since = "1.0.0",
     .complexity = "O(N) for N keys in the database",
     .summary = "Returns all keys that match a pattern.",
     .tips = "request_policy:all_shards nondeterministic_output_order"},
    {.name = "randomkey",
     .arity = 1,
     .flags = kReadOnly | kTouchesArbitraryKeys | kInsideGate,
     .categories = kCatKeyspace,
     .run = RandomKey,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns a random key of the database.",
     .tips = "request_policy:all_shards response_policy:special nondeterministic_output"},
};

}  // namespace

std::span<const Command> ScanCommands() { return kCommands; }

}  // namespace larder
