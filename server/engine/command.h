// Command: one row of the command table, everything the server knows of a command. COMMAND, ACL
// categories, arity errors, key locking and the list in the README are computed from it. Rows are
// constants; the tables are spans of rows, collected by server/server.cc and checked by
// CommandTable.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "server/acl/categories.h"
#include "server/engine/args.h"

namespace larder {

struct Context;

// Names as in COMMAND INFO's flags (redis.io/commands/command), and some of our own at the end.
enum CommandFlag : uint64_t {
  kWrite = 1u << 0,
  kReadOnly = 1u << 1,
  kDenyOom = 1u << 2,
  kAdmin = 1u << 3,
  kPubSub = 1u << 4,
  kNoScript = 1u << 5,
  kFast = 1u << 6,
  kBlocking = 1u << 7,
  kLoading = 1u << 8,
  kStale = 1u << 9,
  kSkipMonitor = 1u << 10,
  kSkipSlowlog = 1u << 11,
  kNoAuth = 1u << 12,
  kMayReplicate = 1u << 13,
  kNoMandatoryKeys = 1u << 14,
  kProtectedCommand = 1u << 15,  // for whom, a directive says (CommandTable::DirectiveOf)
  kNoAsyncLoading = 1u << 16,
  kNoMulti = 1u << 17,
  kAllowBusy = 1u << 18,
  kTouchesArbitraryKeys = 1u << 19,
  kSentinel = 1u << 20,
  kAsking = 1u << 21,
  kMovableKeys = 1u << 22,  // computed by CommandTable, never written in a row
  kSysCmd = 1u << 23,       // what servers say to each other, or tests: syscmd in COMMAND DOCS
  kExclusive = 1u << 24,    // closes the gate: works on the whole keyspace
  // Looks at shards of its own choice (KEYS, EXEC): not while the gate is closed.
  kInsideGate = 1u << 25,
  kMayBeSlow = 1u << 26,   // computed: long enough, perhaps, for its loop to be adopted
  kContainer = 1u << 27,   // computed: has subcommands
  kOneKey = 1u << 28,      // computed: always one key, at word keys.specs[0].begin
  kRunsScript = 1u << 29,  // computed: the script may change the flags (ScriptHost::FlagsOf)
  kRunsAtOnce = 1u << 30,  // is not queued between MULTI and EXEC
  // A RESP2 client may say it while it is subscribed. With kPubSub: (un)subscribes.
  kWhileSubscribed = 1u << 31,
  kChangesUsers = 1ull << 32,    // even the one who says it, in the middle of his transaction
  kOtherDatabases = 1ull << 33,  // changes not only the selected database
  kNamesPrimary = 1ull << 34,    // says who is primary, which a server that joins waits for
  kHealthCheck = 1ull << 35,     // is told what is wrong with the server, though it needs nothing
};

// What a command runs besides itself, whose flags then count like its own.
enum class Program : uint8_t {
  kNone,
  kQueue,     // what MULTI has queued
  kSource,    // a script, whose text is the word behind the name,
  kDigest,    // or its digest,
  kFunction,  // or the name of a function
};

// Whether a replication stream or an append-only file may hold the command (BelongsToHistory).
enum class InHistory : uint8_t {
  kIfOfData,  // if its flags say that it is about data
  kAlways,
  kNever,
};

// Which words behind the name are channels, for permissions.
enum class Channels : uint8_t { kNone, kFirst, kAll, kPatterns };

// How a key is used, as in COMMAND INFO's key specifications.
enum KeyFlag : uint16_t {
  kRO = 1u << 0,
  kRW = 1u << 1,
  kOW = 1u << 2,
  kRM = 1u << 3,
  kAccess = 1u << 4,
  kUpdate = 1u << 5,
  kInsert = 1u << 6,
  kDelete = 1u << 7,
  kNotKey = 1u << 8,
  kIncomplete = 1u << 9,
  kVariableFlags = 1u << 10,
};

// One group of keys among a command's words (redis.io/docs/reference/key-specs). Made by the
// functions below.
struct KeySpec {
  enum class Find : uint8_t { kRange, kKeyNum, kUnknown };
  // Where not empty: the search begins behind this word, from word `begin`.
  std::string_view keyword;
  int16_t begin = 0;  // index of the first key (kRange) or of what the find counts from
  Find find = Find::kRange;
  int16_t last = 0;  // kRange: relative to begin; negative: from the end (-1: the last word)
  int16_t step = 1;
  int16_t limit = 0;    // kRange with last -1: only the first 1/limit of the words
  int16_t key_num = 0;  // kKeyNum: index of the count, relative to begin
  int16_t first = 0;    // kKeyNum: index of the first key, relative to begin
  uint16_t flags = 0;
  std::string_view notes = {};  // Redis' words, which COMMAND INFO shows; "" for none
};

// Keys from word `first` on; `last` as in COMMAND INFO: absolute, negative from the end.
constexpr KeySpec Keys(int first, int last, int step, int flags) {
  KeySpec spec;
  spec.begin = static_cast<int16_t>(first);
  spec.last = static_cast<int16_t>(last < 0 ? last : last - first);
  spec.step = static_cast<int16_t>(step);
  spec.flags = static_cast<uint16_t>(flags);
  return spec;
}
constexpr KeySpec Key1(int flags) { return Keys(1, 1, 1, flags); }
// Word `count_at` says how many keys follow it.
constexpr KeySpec KeyCount(int count_at, int flags) {
  KeySpec spec;
  spec.begin = static_cast<int16_t>(count_at);
  spec.find = KeySpec::Find::kKeyNum;
  spec.first = 1;
  spec.flags = static_cast<uint16_t>(flags);
  return spec;
}
// The word behind `keyword`, which is looked for from word `from` on (negative: backwards from the
// end).
constexpr KeySpec KeyAfter(std::string_view keyword, int from, int flags) {
  KeySpec spec;
  spec.keyword = keyword;
  spec.begin = static_cast<int16_t>(from);
  spec.flags = static_cast<uint16_t>(flags);
  return spec;
}
// The words behind `keyword`: all of them (MIGRATE), or the first half (XREAD, whose ids follow).
constexpr KeySpec KeysAfter(std::string_view keyword, int from, int flags, int limit = 0) {
  KeySpec spec = KeyAfter(keyword, from, flags);
  spec.last = -1;
  spec.limit = static_cast<int16_t>(limit);
  return spec;
}
// Keys that no rule finds (SORT's BY and GET).
constexpr KeySpec UnknownKeys(int flags) {
  KeySpec spec;
  spec.find = KeySpec::Find::kUnknown;
  spec.flags = static_cast<uint16_t>(flags);
  return spec;
}

constexpr KeySpec WithNotes(KeySpec spec, std::string_view notes) {
  spec.notes = notes;
  return spec;
}

struct KeySpecs {
  static constexpr size_t kMost = 4;
  constexpr KeySpecs() = default;
  // NOLINTNEXTLINE: rows read better without a name.
  constexpr KeySpecs(std::initializer_list<KeySpec> list) {
    for (const KeySpec& spec : list) specs[size++] = spec;
  }
  KeySpec specs[kMost];
  uint8_t size = 0;
};

// Where a key is among a command's words.
struct KeyPosition {
  uint32_t index;
  uint16_t flags;  // KeyFlag bits
};

// COMMAND INFO's tips for what a client of a cluster sends to each node, or to each with a part of
// the keys, and where each must succeed.
inline constexpr std::string_view kAllNodes =
    "request_policy:all_nodes response_policy:all_succeeded";
inline constexpr std::string_view kAllShards =
    "request_policy:all_shards response_policy:all_succeeded";

struct Command {
  std::string_view name;         // lower case; of a subcommand only its own word ("setname")
  std::string_view parent = "";  // of a subcommand ("client")
  int arity;  // 3: exactly three words, the name and the parent's among them; -4: four or more
  uint64_t flags = 0;
  uint32_t categories = 0;  // AclCategory bits that the flags do not imply
  KeySpecs keys = {};
  Channels channels = Channels::kNone;
  Program program = Program::kNone;
  InHistory in_history = InHistory::kIfOfData;
  void (*run)(Context&) = nullptr;  // null: a container, which has only subcommands
  std::string_view group;           // as in COMMAND DOCS: "string", "sorted-set" …
  // The words after the name, as in syntax.h: "key value [condition: NX | XX] [GET@6.2.0]". COMMAND
  // DOCS' arguments are made of it.
  std::string_view syntax = "";
  std::string_view since;
  // What has changed since then, as in COMMAND DOCS, oldest first: lines of a version, a blank and
  // our own words, "6.0.0 Takes KEEPTTL.\n7.0.0 Takes NX and GET together."
  std::string_view history = "";
  // Where Redis advises against the command: a line of the version since when, and what it names
  // instead, "4.0.0 `HSET` with multiple field-value pairs".
  std::string_view deprecated = "";
  std::string_view complexity;
  std::string_view summary;    // our own words
  std::string_view tips = "";  // COMMAND INFO's tips, with spaces between
  // Says whether this call needs the closed gate although the row does not (SORT with BY). May be
  // null.
  bool (*exclusive)(Args) = nullptr;
  // Finds the keys where the specs could be deceived (XREADGROUP with a consumer called STREAMS);
  // the specs are only shown then. As FindKeys in command_table.h; null: the specs find them.
  bool (*find_keys)(Args, std::vector<KeyPosition>&) = nullptr;
  // Corrects what these have found where only the words settle it: which words are keys (SORT's
  // STORE), or what is done to them (SET with GET). For FindKeyUses; locks need not know. May be
  // null.
  void (*settle_keys)(Args, std::vector<KeyPosition>&) = nullptr;
  // How many words behind word `i`, which is none, are secrets (AUTH's); MONITOR and SLOWLOG do not
  // show them. Null: there are never any.
  size_t (*secrets_behind)(Args, size_t i) = nullptr;
  // Says whether this call comes after the script that runs, unless that is busy (SHUTDOWN). Null:
  // no.
  bool (*after_script)(Args) = nullptr;
};

// Whether a request of so many words can be this command. A container takes at least two, so that
// none without a subcommand fits.
constexpr bool ArityFits(const Command& command, size_t words) {
  const int arity = command.arity;
  return arity > 0 ? words == static_cast<size_t>(arity) : words >= static_cast<size_t>(-arity);
}

}  // namespace larder
