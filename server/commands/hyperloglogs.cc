// HyperLogLog: PFADD, PFCOUNT, PFMERGE, and PFDEBUG and PFSELFTEST for test suites.
#include <memory>
#include <optional>
#include <string>

#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/strings.h"
#include "server/engine/engine.h"
#include "server/engine/replication_host.h"
#include "server/store/hyperloglog.h"

namespace larder {
namespace {

using hyperloglog::Encoding;
using hyperloglog::Registers;

constexpr std::string_view kCorrupt = "INVALIDOBJ Corrupted HLL object detected";

size_t MostSparseBytes(const Context& c) {
  return static_cast<size_t>(c.engine.config.settings().hll_sparse_max_bytes);
}

// False after an error was answered for what is no HyperLogLog. `entry` may be null.
bool Check(Context& c, const Entry* entry) {
  if (entry == nullptr) return true;
  if (entry->type() != ValueType::kString) return c.WrongType();
  std::string flat;
  if (hyperloglog::IsValid(entry->string().Flatten(&flat))) return true;
  c.reply.Error("WRONGTYPE Key is not a valid HyperLogLog string value.");
  return false;
}

std::string BytesOf(const Entry* entry) {
  const StringBlocks string = entry->string();
  return string.Copy(0, string.size());
}

// A dense one lies in its entry, and is changed there.
char* DenseBytes(Entry* entry) {
  static_assert(hyperloglog::kDenseBytes < LargeString::kMinBytes);
  char* bytes = entry->inline_string();
  const bool dense =
      bytes != nullptr && hyperloglog::EncodingOf(entry->short_string()) == Encoding::kDense;
  return dense ? bytes : nullptr;
}

void StoreBytes(Context& c, const Key& key, const Entry* entry, const std::string& bytes) {
  c.SetString(key, bytes, entry == nullptr ? Entry::kNoExpiry : entry->expiry_ms(),
              StringEncoding::kRaw);
}

// Adds words 2 and on, each to `add`; how many registers changed, or -1 where one is corrupt.
template <typename AddElement>
int64_t AddAll(Context& c, AddElement add) {
  int64_t changes = 0;
  for (const std::string_view element : c.args.subspan(2)) {
    const hyperloglog::Change change = add(element);
    if (change == hyperloglog::Change::kCorrupt) return -1;
    if (change == hyperloglog::Change::kRegister) ++changes;
  }
  return changes;
}

void PfAdd(Context& c) {
  const Key key = c.key(1);
  Entry* entry = c.WriteEntry(key);
  if (!Check(c, entry)) return;
  int64_t changes;
  if (char* dense = entry == nullptr ? nullptr : DenseBytes(entry)) {
    changes = AddAll(
        c, [dense](std::string_view element) { return hyperloglog::AddDense(dense, element); });
    if (changes > 0) hyperloglog::InvalidateCache(dense);
    entry->set_string_encoding(StringEncoding::kRaw);
  } else {
    std::string bytes = entry == nullptr ? hyperloglog::New() : BytesOf(entry);
    changes = AddAll(c, [&bytes, most = MostSparseBytes(c)](std::string_view element) {
      return hyperloglog::Add(&bytes, element, most);
    });
    if (changes < 0) return c.reply.Error(kCorrupt);
    if (entry == nullptr) ++changes;
    if (changes > 0) hyperloglog::InvalidateCache(bytes.data());
    StoreBytes(c, key, entry, bytes);
  }
  if (changes > 0) c.Changed(key, NotifyClass::kString, "pfadd", static_cast<size_t>(changes));
  c.reply.Integer(changes > 0 ? 1 : 0);
}

// Raises `registers` to those of a key. False after an error was answered.
bool MergeKey(Context& c, const Entry* entry, Registers* registers, bool* dense) {
  if (entry == nullptr) return true;
  if (!Check(c, entry)) return false;
  std::string flat;
  const std::string_view bytes = entry->string().Flatten(&flat);
  const std::optional<Registers> other = hyperloglog::Decode(bytes);
  if (!other) {
    c.reply.Error(kCorrupt);
    return false;
  }
  hyperloglog::Merge(registers, *other);
  *dense |= hyperloglog::EncodingOf(bytes) == Encoding::kDense;
  return true;
}

// A replica compares what it has with what its primary sends, which it is not to change meanwhile.
bool MayBeSyncing(const Context& c) {
  return c.engine.replica.load(std::memory_order_relaxed) && !c.engine.replication->link_up();
}

// The estimate of one key is kept in its value, so counting may change it.
void CountOne(Context& c) {
  const Key key = c.key(1);
  Entry* entry = c.ReadEntry(key);
  if (entry == nullptr) return c.reply.Integer(0);
  if (!Check(c, entry)) return;
  std::string flat;
  const std::string_view bytes = entry->string().Flatten(&flat);
  if (const std::optional<uint64_t> cached = hyperloglog::CachedEstimate(bytes)) {
    return c.reply.Integer(static_cast<int64_t>(*cached));
  }
  const std::optional<Registers> registers = hyperloglog::Decode(bytes);
  if (!registers) return c.reply.Error(kCorrupt);
  const uint64_t estimate = hyperloglog::Estimate(*registers);
  if (MayBeSyncing(c)) return c.reply.Integer(static_cast<int64_t>(estimate));
  const std::array<char, 8> cache = hyperloglog::CacheBytes(estimate);
  entry = c.GrowString(key, c.WriteEntry(key), bytes.size());
  entry->Overwrite(hyperloglog::kCacheOffset, {cache.data(), cache.size()});
  c.Changed(key, NotifyClass::kNone, "");
  c.ReplicateAs(c.args);  // not by itself, since the command only reads otherwise
  c.reply.Integer(static_cast<int64_t>(estimate));
}

void PfCount(Context& c) {
  if (c.args.size() == 2) return CountOne(c);
  Registers registers{};
  bool dense = false;
  for (size_t i = 1; i < c.args.size(); ++i) {
    if (!MergeKey(c, c.ReadEntry(c.key(i)), &registers, &dense)) return;
  }
  c.reply.Integer(static_cast<int64_t>(hyperloglog::Estimate(registers)));
}

void PfMerge(Context& c) {
  Registers registers{};
  bool dense = false;
  for (size_t i = 1; i < c.args.size(); ++i) {
    if (!MergeKey(c, c.ReadEntry(c.key(i)), &registers, &dense)) return;
  }
  const Key target = c.key(1);
  const Entry* entry = c.WriteEntry(target);
  std::string bytes = entry == nullptr ? hyperloglog::New() : BytesOf(entry);
  if (dense) hyperloglog::MakeDense(&bytes);
  hyperloglog::Raise(&bytes, registers, MostSparseBytes(c));
  hyperloglog::InvalidateCache(bytes.data());
  StoreBytes(c, target, entry, bytes);
  c.Changed(target, NotifyClass::kString, "pfadd");
  c.reply.Ok();
}

// Makes the value of the key dense; false after an error was answered.
bool MakeDense(Context& c, const Key& key, const Entry* entry, std::string* bytes) {
  if (hyperloglog::EncodingOf(*bytes) == Encoding::kDense) return true;
  if (!hyperloglog::MakeDense(bytes)) {
    c.reply.Error(kCorrupt);
    return false;
  }
  StoreBytes(c, key, entry, *bytes);
  c.Changed(key, NotifyClass::kNone, "");
  return true;
}

void PfDebug(Context& c) {
  const std::string_view what = c.args[1];
  const Key key = c.key(2);
  const Entry* entry = c.WriteEntry(key);
  if (entry == nullptr) return c.reply.Error("ERR The specified key does not exist");
  if (!Check(c, entry)) return;
  std::string bytes = BytesOf(entry);
  const bool sparse = hyperloglog::EncodingOf(bytes) == Encoding::kSparse;
  if (EqualsIgnoreCase(what, "getreg")) {
    if (!MakeDense(c, key, entry, &bytes)) return;
    const std::optional<Registers> registers = hyperloglog::Decode(bytes);
    c.reply.Array(hyperloglog::kRegisters);
    for (const uint8_t value : *registers) c.reply.Integer(value);
  } else if (EqualsIgnoreCase(what, "decode")) {
    if (!sparse) return c.reply.Error("ERR HLL encoding is not sparse");
    c.reply.Bulk(hyperloglog::DescribeRuns(bytes));
  } else if (EqualsIgnoreCase(what, "encoding")) {
    c.reply.Status(sparse ? "sparse" : "dense");
  } else if (EqualsIgnoreCase(what, "todense")) {
    if (MakeDense(c, key, entry, &bytes)) c.reply.Integer(sparse ? 1 : 0);
  } else {
    c.reply.Error(StrCat("ERR Unknown PFDEBUG subcommand '", what, "'"));
  }
}

void PfSelfTest(Context& c) {
  const std::string failure = hyperloglog::SelfTest(MostSparseBytes(c));
  failure.empty() ? c.reply.Ok() : c.reply.Error(failure);
}

constexpr Command kCommands[] = {
    {.name = "pfadd",
     .arity = -2,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHyperLogLog,
     .keys = {Key1(kRW | kInsert)},
     .run = PfAdd,
     .group = "hyperloglog",
     .syntax = "key [element [element ...]]",
     .since = "2.8.9",
     .complexity = "O(1) for each element",
     .summary = "Adds elements to a HyperLogLog, and makes it where there is none."},
    {.name = "pfcount",
     .arity = -2,
     .flags = kReadOnly | kMayReplicate,
     .categories = kCatHyperLogLog,
     .keys = {WithNotes(Keys(1, -1, 1, kRW | kAccess),
                        "RW because it may change the internal representation of the key, and "
                        "propagate to replicas")},
     .run = PfCount,
     .group = "hyperloglog",
     .syntax = "key [key ...]",
     .since = "2.8.9",
     .complexity = "O(N) for N keys; of one key the estimate is kept",
     .summary = "Estimates how many different elements were added to HyperLogLogs."},
    {.name = "pfmerge",
     .arity = -2,
     .flags = kWrite | kDenyOom,
     .categories = kCatHyperLogLog,
     .keys = {Key1(kRW | kAccess | kInsert), Keys(2, -1, 1, kRO | kAccess)},
     .run = PfMerge,
     .group = "hyperloglog",
     .syntax = "destkey [sourcekey(key) [sourcekey ...]]",
     .since = "2.8.9",
     .complexity = "O(N) for N keys",
     .summary = "Merges HyperLogLogs into one."},
    {.name = "pfdebug",
     .arity = 3,
     .flags = kWrite | kDenyOom | kAdmin | kSysCmd,
     .categories = kCatHyperLogLog,
     .keys = {Keys(2, 2, 1, kRW | kAccess)},
     .run = PfDebug,
     .group = "hyperloglog",
     .syntax = "subcommand key",
     .since = "2.8.9",
     .complexity = "O(1) in the number of elements",
     .summary = "Looks into a HyperLogLog, for test suites."},
    {.name = "pfselftest",
     .arity = 1,
     .flags = kAdmin | kSysCmd,
     .categories = kCatHyperLogLog,
     .run = PfSelfTest,
     .group = "hyperloglog",
     .since = "2.8.9",
     .complexity = "About half a second",
     .summary = "Tests the server's own HyperLogLog."},
};

}  // namespace

std::span<const Command> HyperLogLogCommands() { return kCommands; }

}  // namespace larder
