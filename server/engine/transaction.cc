#include "server/engine/transaction.h"

#include <algorithm>
#include <iterator>

#include "protocol/errors.h"
#include "server/base/hash.h"
#include "server/base/strings.h"
#include "server/engine/engine.h"
#include "server/engine/permissions.h"
#include "server/engine/refusals.h"

namespace larder {
namespace {

bool NeedsClosedGate(const Command& command, Args args) {
  return (command.flags & (kExclusive | kInsideGate)) ||
         (command.exclusive != nullptr && command.exclusive(args));
}

void NoteNeeds(Engine& engine, Worker& worker, Transaction::Needs& needs, const Command& command,
               uint64_t flags, Args args) {
  needs.flags_of_any |= flags;
  needs.flags_of_all &= flags;
  needs.closed_gate |= NeedsClosedGate(command, args);
  worker.hashed_keys.clear();
  engine.HashKeys(command, args, worker.hashed_keys);
  for (const HashedKey& key : worker.hashed_keys) needs.hashes.push_back(key.hash);
}

bool WatchedKeysHold(Context& c, KeyLock& lock) {
  const std::vector<Transaction::Watched>& all = c.client.transaction.watched;
  return std::all_of(all.begin(), all.end(), [&](const Transaction::Watched& watched) {
    if (watched.watch->changed || watched.watch->expired) return !watched.watch->changed;
    const uint64_t hash = HashBytes(watched.key);
    const Entry* entry = lock.shard(hash).Find(watched.db, watched.key, hash);
    return entry == nullptr || !entry->ExpiredAt(c.now_ms());
  });
}

// Permissions may have changed since the command was queued. True: refused, and answered.
bool RefuseQueued(Context& c, const Command& command, Args words) {
  const AclDenial denial = CheckWithin(c.engine, c.client, command, words);
  if (!denial) [[likely]]
    return false;
  NoteDenial(c.engine, c.worker, c.client, denial, AclLog::Where::kTransaction, command, words);
  const std::string_view reason = denial.reason == AclDenial::Reason::kKey
                                      ? "no permission to touch the specified keys"
                                  : denial.reason == AclDenial::Reason::kChannel
                                      ? "no permission to access one of the channels "
                                        "used as arguments"
                                      : "no permission to execute the command or subcommand";
  c.reply.Error(
      StrCat("NOPERM ACLs rules changed between the moment the transaction was accumulated and the "
             "EXEC call. This command is no longer allowed for the following reason: ",
             reason));
  return true;
}

void RunQueue(Context& c) {
  if (!WatchedKeysHold(c, c.lock)) return c.reply.NullArray();
  Client& client = c.client;
  client.in_exec = true;
  c.reply.Array(client.transaction.queue.size());
  std::vector<std::string_view> words;
  for (const Transaction::Queued& queued : client.transaction.queue) {
    words.assign(queued.words.begin(), queued.words.end());
    if (c.engine.log.sealed()) [[unlikely]] {  // a script was ended here: nothing more is kept
      c.reply.Error("ERR The server was stopped in the middle of this transaction");
      continue;
    }
    if (RefuseQueued(c, *queued.command, words)) continue;
    c.engine.Run(c.worker, client, *queued.command, words, c.lock, c.reply, c.ready);
    // Whoever changes himself is changed for the rest, and who removes himself goes on as default.
    const bool changed_users = (queued.command->flags & kChangesUsers) != 0;
    if (changed_users && !FollowUser(c.engine, client)) BecomeDefaultUser(c.engine, client);
  }
  client.in_exec = false;
  c.engine.Commit(c.worker, client, c.command);
}

void Reset(Client& client) {
  Transaction& transaction = client.transaction;
  transaction.active = transaction.aborted = false;
  transaction.queue.clear();
  transaction.needs = {};
  client.queued.store(0, std::memory_order_relaxed);
  client.queued_bytes.store(0, std::memory_order_relaxed);
}

}  // namespace

bool MustQueue(const Client& client, const Command& command) {
  if (!client.transaction.active || client.in_exec || client.is_script) return false;
  return !(command.flags & kRunsAtOnce);
}

void Enqueue(Engine& engine, Worker& worker, Client& client, const Command& command, Args args) {
  Transaction& transaction = client.transaction;
  // Nothing of a transaction that failed already will run.
  if (transaction.aborted) return;
  const uint64_t flags = FlagsOf(engine, command, args);
  transaction.queue.push_back({&command, flags, {args.begin(), args.end()}});
  NoteNeeds(engine, worker, transaction.needs, command, flags, args);
  uint64_t bytes = client.queued_bytes.load(std::memory_order_relaxed) +
                   sizeof(Transaction::Queued) + args.size() * sizeof(std::string);
  for (std::string_view word : args) bytes += word.size();
  client.queued_bytes.store(bytes, std::memory_order_relaxed);
  client.queued.store(transaction.queue.size() + 1, std::memory_order_relaxed);
}

void Watch(Context& c, const Key& key) {
  Transaction& transaction = c.client.transaction;
  for (const Transaction::Watched& watched : transaction.watched) {
    if (watched.db == key.db && watched.key == key.name) return;
  }
  // What has expired goes before it is watched, where it may.
  auto watch = std::make_shared<KeyWatch>();
  watch->expired =
      c.PeekEntry(key) == nullptr && key.shard->Find(key.db, key.name, key.hash) != nullptr;
  transaction.watched.push_back({key.db, std::string(key.name), watch});
  key.shard->slice(key.db).watchers[std::string(key.name)].insert(std::move(watch));
  c.client.watching.store(transaction.watched.size(), std::memory_order_relaxed);
}

void Unwatch(const Worker& worker, Client& client, KeyLock& lock) {
  Transaction& transaction = client.transaction;
  std::move(transaction.watched.begin(), transaction.watched.end(),
            std::back_inserter(transaction.unwatched));
  transaction.watched.clear();
  client.watching.store(0, std::memory_order_relaxed);
  if (!worker.gate_slot.inside() && !lock.exclusive()) return;
  for (const Transaction::Watched& watched : transaction.unwatched) {
    Shard& shard = lock.Visit(Keyspace::ShardOf(HashBytes(watched.key)));
    auto& watchers = shard.slice(watched.db).watchers;
    auto found = watchers.find(watched.key);
    if (found == watchers.end()) continue;
    found->second.erase(watched.watch);
    if (found->second.empty()) watchers.erase(found);
  }
  lock.UnlockAll();
  transaction.unwatched.clear();
}

void Discard(const Worker& worker, Client& client, KeyLock& lock) {
  Reset(client);
  Unwatch(worker, client, lock);
}

bool LockTransaction(const Transaction& transaction, std::vector<uint64_t>& hashes, KeyLock& lock) {
  if (transaction.aborted) return true;
  if (transaction.needs.closed_gate) return false;
  hashes = transaction.needs.hashes;
  for (const Transaction::Watched& watched : transaction.watched) {
    hashes.push_back(HashBytes(watched.key));
  }
  return lock.Lock(hashes);
}

void RunTransaction(Context& c) {
  if (c.client.transaction.aborted) {
    c.reply.Error(errors::kExecAbort);
  } else {
    RunQueue(c);
  }
  Discard(c.worker, c.client, c.lock);
}

}  // namespace larder
