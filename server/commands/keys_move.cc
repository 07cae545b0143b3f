// Values that change their key or their database: RENAME, RENAMENX, COPY, MOVE.
#include "protocol/errors.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/databases.h"
#include "server/engine/engine.h"
#include "server/persistence/dump_payload.h"
#include "server/persistence/persistence.h"

namespace larder {
namespace {

// Puts an entry that was taken out elsewhere in its new place, as often used as it was.
void InsertMoved(Context& c, const Key& target, Entry* entry) {
  const uint32_t access = entry->access();
  c.InsertEntry(target, entry);
  entry->set_access(access);
}

void RenameTo(Context& c, bool only_if_absent) {
  const Key source = c.key(1);
  const Entry* entry = c.WriteEntry(source);
  if (entry == nullptr) return c.reply.Error(errors::kNoSuchKey);
  if (c.args[1] == c.args[2]) {
    return only_if_absent ? c.reply.Integer(0) : c.reply.Ok();
  }
  const Key target = c.key(2);
  if (c.WriteEntry(target) != nullptr) {
    if (only_if_absent) return c.reply.Integer(0);
    c.Delete(target);
  }
  const int64_t expiry_ms = entry->expiry_ms();
  InsertMoved(c, target, Entry::Rebuild(c.Extract(source), target.name, expiry_ms));
  c.Changed(source, NotifyClass::kGeneric, "rename_from");
  c.Changed(target, NotifyClass::kGeneric, "rename_to", 0);
  only_if_absent ? c.reply.Integer(1) : c.reply.Ok();
}

void Rename(Context& c) { RenameTo(c, false); }
void RenameNx(Context& c) { RenameTo(c, true); }

// What the append-only file needs beside the words, because it has not the database that the value
// comes from; empty: nothing.
std::string ValueForFile(const Context& c, const Entry& entry, int to) {
  const PersistenceHost* persistence = c.engine.persistence;
  if (c.effects == nullptr || persistence == nullptr) return "";
  if (to == c.db() || !persistence->EntersFile(c.db(), to)) return "";
  return MakeDumpPayload(entry, ValueLimits(c.engine.config.settings()));
}

void ReplicateRestore(Context& c, const Key& target, int64_t expiry_ms, std::string_view value) {
  const std::string ttl = std::to_string(expiry_ms == Entry::kNoExpiry ? 0 : expiry_ms);
  const std::string_view words[] = {"RESTORE", target.name, ttl, value, "ABSTTL", "REPLACE"};
  c.ReplicateIn(target.db, words);
}

void RefuseSameKey(Context& c) { c.reply.Error(errors::kSameObject); }

void Copy(Context& c) {
  int db = c.db();
  bool replace = false;
  for (size_t i = 3; i < c.args.size(); ++i) {
    if (EqualsIgnoreCase(c.args[i], "replace")) {
      replace = true;
    } else if (EqualsIgnoreCase(c.args[i], "db") && i + 1 < c.args.size()) {
      if (!ParseDatabase(c, ++i, &db)) return;
    } else {
      return c.SyntaxError();
    }
  }
  if (db == c.db() && c.args[1] == c.args[2]) return RefuseSameKey(c);
  const Entry* entry = c.ReadEntry(c.key(1));
  if (entry == nullptr) return c.reply.Integer(0);
  const Key target = c.key(2, db);
  if (c.WriteEntry(target) != nullptr) {
    if (!replace) return c.reply.Integer(0);
    c.Delete(target);
  }
  const int64_t expiry_ms = entry->expiry_ms();
  const std::string value = ValueForFile(c, *entry, db);
  c.InsertEntry(target, entry->Clone(target.name, expiry_ms));
  c.Changed(target, NotifyClass::kGeneric, "copy_to");
  if (!value.empty()) ReplicateRestore(c, target, expiry_ms, value);
  c.reply.Integer(1);
}

void Move(Context& c) {
  int db;
  if (!ParseDatabase(c, 2, &db)) return;
  if (db == c.db()) return RefuseSameKey(c);
  const Key source = c.key(1);
  const Key target = c.key(1, db);
  const Entry* entry = c.WriteEntry(source);
  if (entry == nullptr || c.WriteEntry(target) != nullptr) return c.reply.Integer(0);
  const int64_t expiry_ms = entry->expiry_ms();
  const std::string value = ValueForFile(c, *entry, db);
  InsertMoved(c, target, c.Extract(source));
  c.Changed(source, NotifyClass::kGeneric, "move_from");
  c.Changed(target, NotifyClass::kGeneric, "move_to", 0);
  if (!value.empty()) {
    c.ReplicateAs("DEL", source.name);
    ReplicateRestore(c, target, expiry_ms, value);
  }
  c.reply.Integer(1);
}

constexpr Command kCommands[] = {
    {.name = "rename",
     .arity = 3,
     .flags = kWrite,
     .categories = kCatKeyspace,
     .keys = {Key1(kRW | kAccess | kDelete), Keys(2, 2, 1, kOW | kUpdate)},
     .run = Rename,
     .group = "generic",
     .syntax = "key newkey",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Gives a key another name, in the place of whatever has it."},
    {.name = "renamenx",
     .arity = 3,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = {Key1(kRW | kAccess | kDelete), Keys(2, 2, 1, kOW | kInsert)},
     .run = RenameNx,
     .group = "generic",
     .syntax = "key newkey",
     .since = "1.0.0",
     .history = "3.2.0 Two equal names are no error any more.",
     .complexity = "O(1)",
     .summary = "Gives a key another name if no key has it."},
    {.name = "copy",
     .arity = -3,
     .flags = kWrite | kDenyOom | kOtherDatabases,
     .categories = kCatKeyspace,
     .keys = {Key1(kRO | kAccess), Keys(2, 2, 1, kOW | kUpdate)},
     .run = Copy,
     .group = "generic",
     .syntax = "source destination [DB destination-db] [REPLACE]",
     .since = "6.2.0",
     .complexity = "O(N) for a value of N elements",
     .summary = "Copies the value of a key to another key or database."},
    {.name = "move",
     .arity = 3,
     .flags = kWrite | kFast | kOtherDatabases,
     .categories = kCatKeyspace,
     .keys = {Key1(kRW | kAccess | kUpdate)},
     .run = Move,
     .group = "generic",
     .syntax = "key db",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Moves a key to another database."},
};

}  // namespace

std::span<const Command> KeyMoveCommands() { return kCommands; }

}  // namespace larder
