// Whole databases: SELECT, DBSIZE, FLUSHDB, FLUSHALL, SWAPDB.
#include "server/commands/databases.h"

#include <limits>

#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/engine/engine.h"
#include "server/engine/whole_keyspace.h"
#include "server/persistence/persistence.h"

namespace larder {
namespace {

// Parses word `i`, or answers the error, `not_a_number` if it is given.
bool ParseNumber(Context& c, size_t i, std::string_view not_a_number, int* value) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  int64_t number;
  if (!c.Integer(i, &number, not_a_number)) return false;
  if (number < -kMost - 1 || number > kMost) {
    c.reply.Error(not_a_number.empty()
                      ? "ERR value is out of range, value must between -2147483648 and 2147483647"
                      : not_a_number);
    return false;
  }
  *value = static_cast<int>(number);
  return true;
}

bool CheckRange(Context& c, int db) {
  if (db >= 0 && db < c.engine.keyspace.databases()) return true;
  c.reply.Error(errors::kDbIndexOutOfRange);
  return false;
}

void Select(Context& c) {
  int db;
  if (!ParseDatabase(c, 1, &db)) return;
  c.client.db.store(db, std::memory_order_relaxed);
  c.reply.Ok();
}

void DbSize(Context& c) { c.reply.Integer(static_cast<int64_t>(c.engine.keyspace.Size(c.db()))); }

// As Redis: a snapshot of what is gone is not finished, and the empty data set is saved at once
// where data sets are saved at all.
void AfterFlushAll(Persistence& persistence) {
  persistence.AbortSave();
  if (persistence.has_save_points()) persistence.Save();
}

// Whether the memory is freed in the background. False after Redis' error was answered.
bool ParseLazy(Context& c, bool* lazy) {
  *lazy = c.engine.config.settings().lazy_user_flush != 0;
  if (c.args.size() == 1) return true;
  *lazy = EqualsIgnoreCase(c.args[1], "async");
  const bool known = *lazy || EqualsIgnoreCase(c.args[1], "sync");
  if (known && c.args.size() == 2) return true;
  c.SyntaxError();
  return false;
}

void FlushDb(Context& c) {
  bool lazy;
  if (!ParseLazy(c, &lazy)) return;
  c.worker.stats.changes.Add(FlushDatabase(c.engine, c.db(), lazy, c.ready));
  c.ReplicateAs(c.args);
  c.reply.Ok();
}

void FlushAll(Context& c) {
  bool lazy;
  if (!ParseLazy(c, &lazy)) return;
  c.worker.stats.changes.Add(FlushAllDatabases(c.engine, lazy, c.ready));
  c.ReplicateAs(c.args);
  if (c.engine.persistence != nullptr) AfterFlushAll(PersistenceOf(c));
  c.reply.Ok();
}

void SwapDb(Context& c) {
  int a;
  int b;
  if (!ParseNumber(c, 1, "ERR invalid first DB index", &a) ||
      !ParseNumber(c, 2, "ERR invalid second DB index", &b) || !CheckRange(c, a) ||
      !CheckRange(c, b)) {
    return;
  }
  // What a primary has done, or a file says, has happened.
  const bool client = c.client.link != Client::Link::kPrimary;
  if (client && c.engine.persistence != nullptr && !c.engine.persistence->SameSide(a, b)) {
    return c.reply.Error(
        "ERR SWAPDB can't exchange a database that is persisted and one that is not "
        "(database-persist)");
  }
  SwapDatabases(c, a, b);
  c.worker.stats.changes.Add(1);
  c.ReplicateAs(c.args);
  c.reply.Ok();
}

constexpr Command kCommands[] = {
    {.name = "select",
     .arity = 2,
     .flags = kLoading | kStale | kFast,
     .categories = kCatConnection,
     .in_history = InHistory::kAlways,
     .run = Select,
     .group = "connection",
     .syntax = "index",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Chooses the database that the connection works on."},
    {.name = "dbsize",
     .arity = 1,
     .flags = kReadOnly | kFast,
     .categories = kCatKeyspace,
     .run = DbSize,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns the number of keys in the database.",
     .tips = "request_policy:all_shards response_policy:agg_sum"},
    {.name = "flushdb",
     .arity = -1,
     .flags = kWrite | kExclusive,
     .categories = kCatKeyspace | kCatDangerous,
     .run = FlushDb,
     .group = "server",
     .syntax = "[flush-type: ASYNC@4.0.0 | SYNC@6.2.0]",
     .since = "1.0.0",
     .history = "4.0.0 Takes ASYNC.\n"
                "6.2.0 Takes SYNC.",
     .complexity = "O(N) for N keys",
     .summary = "Removes all keys of the database.",
     .tips = kAllShards},
    {.name = "flushall",
     .arity = -1,
     .flags = kWrite | kExclusive | kOtherDatabases,
     .categories = kCatKeyspace | kCatDangerous,
     .run = FlushAll,
     .group = "server",
     .syntax = "[flush-type: ASYNC@4.0.0 | SYNC@6.2.0]",
     .since = "1.0.0",
     .history = "4.0.0 Takes ASYNC.\n"
                "6.2.0 Takes SYNC.",
     .complexity = "O(N) for N keys",
     .summary = "Removes all keys of all databases.",
     .tips = kAllShards},
    {.name = "swapdb",
     .arity = 3,
     .flags = kWrite | kFast | kExclusive | kOtherDatabases,
     .categories = kCatKeyspace | kCatDangerous,
     .run = SwapDb,
     .group = "server",
     .syntax = "index1 index2",
     .since = "4.0.0",
     .complexity = "O(N) for N clients that watch or wait",
     .summary = "Exchanges two databases for all clients."},
};

}  // namespace

bool ParseDatabase(Context& c, size_t i, int* db) {
  int number;
  if (!ParseNumber(c, i, {}, &number) || !CheckRange(c, number)) return false;
  *db = number;
  return true;
}

std::span<const Command> DatabaseCommands() { return kCommands; }

}  // namespace larder
