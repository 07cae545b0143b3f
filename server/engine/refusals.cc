#include "server/engine/refusals.h"

#include <cstring>

#include "protocol/errors.h"
#include "server/base/clock.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/config/directive.h"
#include "server/config/elasticache.h"
#include "server/engine/engine.h"
#include "server/engine/permissions.h"
#include "server/engine/persistence_host.h"
#include "server/engine/push.h"
#include "server/engine/replication_host.h"
#include "server/engine/script_host.h"
#include "server/engine/transaction.h"

namespace larder {
namespace {

// Of each part of a request that an error shows, as in Redis.
constexpr size_t kShownBytes = 128;

bool ProtectedActionAllowed(int64_t action, const Client& client) {
  switch (static_cast<ProtectedAction>(action)) {
    case ProtectedAction::kYes:
      return true;
    case ProtectedAction::kNo:
      return false;
    case ProtectedAction::kLocal:
      return client.is_script || client.is_local();
  }
  return false;
}

std::string Capitals(std::string_view word) {
  std::string capitals(word);
  for (char& c : capitals) c = ToUpper(c);
  return capitals;
}

std::string ProtectedText(const Attempt& a) {
  const Command& command = *a.command;
  const Directive& directive = *CommandTable::DirectiveOf(command);
  const Settings& settings = a.engine.config.settings();
  if (ProtectedActionAllowed(settings.*directive.field, a.client)) return "";
  return StrCat(
      "ERR ", Capitals(command.parent.empty() ? command.name : command.parent),
      " command not allowed. If the ", directive.name,
      " option is set to \"local\", you can run it from a local connection, otherwise you "
      "need to set this option in the configuration file, and then restart the server.");
}

RunFlags RunFlagsOf(const Attempt& a) { return RunFlagsOf(a.engine, a.client, *a.command, a.args); }

bool WillRun(const Attempt& a, uint64_t flags) { return (RunFlagsOf(a).of_any & flags) != 0; }

// A script without a shebang is refused when it starts (ScriptRunner): its row stands for any.
bool WillRunWithoutStale(const Attempt& a) { return !(RunFlagsOf(a).of_all & kStale); }

// The user's permissions, looked at anew when a user has changed, or may not do everything.
std::string RefuseWithoutPermission(const Attempt& a) {
  if (!FollowUser(a.engine, a.client)) {
    a.client.close_after_reply.store(true, std::memory_order_relaxed);
    return std::string(errors::kNoAuth);
  }
  const AclDenial denial = CheckPermission(a.engine, a.client, *a.command, a.args);
  if (!denial) return "";
  const auto where =
      a.client.transaction.active ? AclLog::Where::kTransaction : AclLog::Where::kTopLevel;
  NoteDenial(a.engine, a.worker, a.client, denial, where, *a.command, a.args);
  return DenialText(denial, *a.command);
}

// In RESP2 a message would look like the reply to the command.
std::string RefuseWhileSubscribed(const Attempt& a) {
  const bool allowed = (a.command->flags & kWhileSubscribed) != 0;
  if (a.client.resp.load(std::memory_order_relaxed) != 2 || allowed) return "";
  return StrCat(
      "ERR Can't execute '", CommandTable::FullName(*a.command),
      "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
      "context");
}

// What is allowed while a data set is loaded is allowed here, but for what would wait then since it
// works on all of it (DEBUG RELOAD); and to say who is primary. For stock Sentinels PING's answer
// is none, and this server down.
std::string RefuseWhileJoining(const Attempt& a) {
  const bool needs_data = a.command->exclusive != nullptr && a.command->exclusive(a.args);
  if ((a.command->flags & kLoading) && !needs_data) return "";
  if (a.command->flags & kNamesPrimary) return "";
  if (a.command->flags & kHealthCheck) return "HAJOINING waiting to be told who is primary";
  return "LOADING waiting to be told who is primary (protected-restart)";
}

}  // namespace

uint64_t FlagsOf(const Engine& engine, const Command& command, Args args) {
  if (!(command.flags & kRunsScript)) [[likely]]
    return command.flags;
  return engine.scripts->FlagsOf(command, args);
}

RunFlags RunFlagsOf(const Engine& engine, const Client& client, const Command& command, Args args) {
  const uint64_t flags = FlagsOf(engine, command, args);
  if (command.program != Program::kQueue) return {flags, flags};
  const Transaction::Needs& queue = client.transaction.needs;
  return {flags | queue.flags_of_any, flags & queue.flags_of_all};
}

std::string UnknownCommand(const Engine& engine, Args args) {
  const std::string_view name = args[0];
  if (const Command* container = engine.commands.Find(name);
      container != nullptr && args.size() > 1) {
    return StrCat("ERR unknown subcommand '", args[1].substr(0, kShownBytes), "'. Try ",
                  Capitals(name.substr(0, kShownBytes)), " HELP.");
  }
  const auto& [open, close] =
      engine.config.settings().elasticache ? elasticache::kQuotes : elasticache::Row("'", "' ");
  std::string text = StrCat("ERR unknown command ", open, name.substr(0, kShownBytes), open,
                            ", with args beginning with: ");
  size_t shown = 0;
  for (size_t i = 1; i < args.size() && shown < kShownBytes; ++i) {
    const std::string_view word = args[i].substr(0, kShownBytes - shown);
    StrAppend(text, open, word, close);
    shown += word.size() + open.size() + close.size();
  }
  return text;
}

bool OutOfMemory(const Attempt& a) {
  // A client that tracks keys is told of what is evicted for its command before the reply.
  a.worker.woken_client = a.client.id;
  a.worker.eviction.out_of_memory = !a.engine.eviction.MakeRoom(a.worker);
  a.worker.woken_client = 0;
  for (const auto& letter : a.worker.behind_reply) letter->push->Deliver(a.engine, a.client);
  a.worker.behind_reply.clear();
  return a.worker.eviction.out_of_memory &&
         (WillRun(a, kDenyOom) || MustQueue(a.client, *a.command));
}

bool FoundNoMemory(const Attempt& a) {
  return a.engine.config.settings().maxmemory != 0 && a.worker.eviction.out_of_memory;
}

// False where it changes only databases that no snapshot holds: a cache need not stop.
bool ChangesWhatIsSaved(const Attempt& a) {
  const DatabaseSet& left_out = a.engine.persistence->left_out();
  int64_t db = a.client.db;
  const auto changes = [&](uint64_t flags) {
    return (flags & kWrite) && (!left_out.Has(db) || (flags & kOtherDatabases));
  };
  if (a.command->program != Program::kQueue) {
    return changes(FlagsOf(a.engine, *a.command, a.args));
  }
  for (const Transaction::Queued& queued : a.client.transaction.queue) {
    if (queued.command->name == "select") ParseInt64(queued.words[1], &db);
    if (changes(queued.flags)) return true;
  }
  return false;
}

std::string RefuseInTrouble(const Attempt& a) {
  const PersistenceHost& persistence = *a.engine.persistence;
  const bool health_check = (a.command->flags & kHealthCheck) != 0;
  const bool save_failed =
      persistence.save_failed() && a.engine.config.settings().stop_writes_on_save_error;
  if (save_failed && (health_check || ChangesWhatIsSaved(a))) {
    return std::string(errors::kSaveFailed);
  }
  if (persistence.aof_error() == 0 || (!health_check && !WillRun(a, kWrite))) return "";
  return StrCat("MISCONF Errors writing to the AOF file: ", std::strerror(persistence.aof_error()));
}

bool ScriptIsBusy(const Engine& engine) {
  const ScriptHost* scripts = engine.scripts;
  if (scripts == nullptr || !scripts->running()) return false;
  const int64_t threshold_ms = engine.config.settings().busy_reply_threshold_ms;
  return MonotonicUs() - scripts->running_since_us() >= threshold_ms * 1000;
}

bool TooFewReplicas(const Attempt& a) {
  const Settings& settings = a.engine.config.settings();
  if (settings.min_replicas_to_write == 0 || settings.min_replicas_max_lag_s == 0) return false;
  if (a.engine.replica.load(std::memory_order_relaxed) || !WillRun(a, kWrite)) return false;
  const ReplicationHost* replication = a.engine.replication;
  return replication == nullptr || replication->good_replicas() < settings.min_replicas_to_write;
}

bool IsStaleReplica(const Engine& engine) {
  return engine.replica.load(std::memory_order_relaxed) &&
         !engine.config.settings().replica_serve_stale_data && !engine.replication->link_up();
}

std::string RefuseAsReplica(const Attempt& a) {
  if (!a.engine.replica.load(std::memory_order_relaxed)) return "";
  const Settings& settings = a.engine.config.settings();
  if (settings.replica_read_only && WillRun(a, kWrite)) {
    if (settings.close_on_replica_write) {
      a.client.close_after_reply.store(true, std::memory_order_relaxed);
    }
    return std::string(errors::kReadOnlyReplica);
  }
  if (IsStaleReplica(a.engine) && WillRunWithoutStale(a)) {
    return std::string(errors::kPrimaryDown);
  }
  return "";
}

std::string RefuseBehindGate(const Attempt& a) {
  if (a.client.link == Client::Link::kPrimary) {
    return a.engine.replication->follows_on() ? "" : "ERR This primary is not followed any more";
  }
  if (a.client.unrestricted_at != a.engine.users.version()) {
    if (std::string text = RefuseWithoutPermission(a); !text.empty()) return text;
  }
  if (std::string text = RefuseAsReplica(a); !text.empty()) return text;
  const PersistenceHost* persistence = a.engine.persistence;
  const bool loading = persistence != nullptr && persistence->loading();
  return loading && !(a.command->flags & kLoading) ? std::string(errors::kLoading) : "";
}

bool BelongsToHistory(const Command& command) {
  constexpr uint64_t kOfData = kWrite | kReadOnly | kMayReplicate | kRunsScript;
  if (command.in_history != InHistory::kIfOfData) return command.in_history == InHistory::kAlways;
  return (command.flags & kOfData) != 0;
}

// For every request: a look at each reason is a few loads, and only the texts of errors allocate.
std::string Refuse(const Attempt& a) {
  if (a.command == nullptr) return UnknownCommand(a.engine, a.args);
  if (!ArityFits(*a.command, a.args.size())) {
    return errors::WrongArity(CommandTable::FullName(*a.command));
  }
  if (a.client.link == Client::Link::kPrimary) [[unlikely]] {
    if (BelongsToHistory(*a.command)) return {};
    return StrCat("ERR '", CommandTable::FullName(*a.command), "' is no part of a stream");
  }
  const uint64_t flags = a.command->flags;
  if (flags & kProtectedCommand) [[unlikely]] {
    if (std::string text = ProtectedText(a); !text.empty()) return text;
  }
  if (!a.client.authenticated && !(flags & kNoAuth) && !a.engine.users.admits_without_password()) {
    return std::string(errors::kNoAuth);
  }
  if (a.client.transaction.active && (flags & kNoMulti)) {
    return "ERR Command not allowed inside a transaction";
  }
  if (a.client.unrestricted_at != a.engine.users.version()) [[unlikely]] {
    if (std::string text = RefuseWithoutPermission(a); !text.empty()) return text;
  }
  if (a.engine.config.settings().maxmemory != 0) [[unlikely]] {
    if (OutOfMemory(a)) return std::string(errors::kOom);
  }
  const PersistenceHost* persistence = a.engine.persistence;
  if (persistence != nullptr && persistence->in_trouble()) [[unlikely]] {
    if (std::string text = RefuseInTrouble(a); !text.empty()) return text;
  }
  if (a.engine.config.settings().min_replicas_to_write != 0) [[unlikely]] {
    if (TooFewReplicas(a)) return std::string(errors::kNoReplicas);
  }
  if (a.engine.replica.load(std::memory_order_relaxed)) [[unlikely]] {
    if (std::string text = RefuseAsReplica(a); !text.empty()) return text;
  }
  if (a.client.subscriptions.any()) [[unlikely]] {
    if (std::string text = RefuseWhileSubscribed(a); !text.empty()) return text;
  }
  if (persistence != nullptr && persistence->loading() && !(flags & kLoading)) [[unlikely]] {
    return std::string(errors::kLoading);
  }
  if ((flags & kNoAsyncLoading) && persistence != nullptr && persistence->async_loading())
      [[unlikely]] {
    return std::string(errors::kLoading);
  }
  if (a.engine.replication != nullptr && a.engine.replication->joining()) [[unlikely]] {
    if (std::string text = RefuseWhileJoining(a); !text.empty()) return text;
  }
  // WATCH, which Redis allows, would have to look at keys that the script may be changing.
  const bool allowed = (flags & kAllowBusy) != 0 && a.command->keys.size == 0;
  if (!allowed && ScriptIsBusy(a.engine)) {
    return std::string(a.engine.scripts->BusyError());
  }
  if (a.client.monitor.load(std::memory_order_relaxed)) [[unlikely]] {
    constexpr uint64_t kAnyData = kReadOnly | kWrite | kMayReplicate;
    if (WillRun(a, kAnyData)) return "ERR Replica can't interact with the keyspace";
  }
  return {};
}

}  // namespace larder
