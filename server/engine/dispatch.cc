// The way of a request: resolve, refuse, queue in MULTI, lock the keys or close the gate, run,
// count.
#include "server/base/clock.h"
#include "server/base/hash.h"
#include "server/base/strings.h"
#include "server/engine/engine.h"
#include "server/engine/monitor.h"
#include "server/engine/refusals.h"
#include "server/engine/request_end.h"
#include "server/engine/script_host.h"
#include "server/engine/tracking.h"
#include "server/engine/transaction.h"

namespace larder {
namespace {

bool IsExec(const Command* command) {
  return command != nullptr && command->program == Program::kQueue;
}

bool NeedsKeyspace(const Command& command) {
  return command.keys.size > 0 || (command.flags & (kExclusive | kInsideGate)) != 0;
}

bool WaitsForScript(const Attempt& a) {
  const auto after_script = a.command->after_script;
  if (after_script == nullptr || !after_script(a.args)) return false;
  const ScriptHost* scripts = a.engine.scripts;
  return scripts != nullptr && scripts->running() && !ScriptIsBusy(a.engine);
}

// A refused EXEC, DISCARD, UNWATCH and RESET need not wait for a script's end: the keys they forget
// stay in their shards meanwhile. But not over and over, so that these do not become many.
bool MustBeInside(const Attempt& a, const std::string& refusal) {
  const Command* command = a.command;
  const Transaction& transaction = a.client.transaction;
  const bool leaves_more = !transaction.watched.empty() && !transaction.unwatched.empty();
  if (!refusal.empty()) return leaves_more && IsExec(command);
  if ((command->flags & kInsideGate) && (command->flags & kAllowBusy)) return leaves_more;
  if (WaitsForScript(a)) return true;
  return NeedsKeyspace(*command) && !MustQueue(a.client, *command);
}

// Whose command waits counts as blocked.
void NotePostponed(Engine& engine, Client& client, bool held) {
  if (held == client.postponed.load(std::memory_order_relaxed)) [[likely]]
    return;
  client.postponed.store(held, std::memory_order_relaxed);
  engine.parked_clients.fetch_add(held ? 1 : -1, std::memory_order_relaxed);
}

// Counts a refusal and answers it; a transaction that is being queued will fail, and a refused EXEC
// ends its transaction.
void AnswerRefusal(const Attempt& a, Reply& reply, std::string_view error) {
  NotePostponed(a.engine, a.client, false);
  if (IsExec(a.command)) {
    KeyLock lock(a.engine.keyspace);
    Discard(a.worker, a.client, lock);
    if (error.starts_with("ERR ")) error.remove_prefix(4);
    reply.Error(StrCat("EXECABORT Transaction discarded because of: ", error));
  } else {
    a.client.transaction.aborted |= a.client.transaction.active;
    reply.Error(error);
  }
  a.engine.stats.CountError(reply.last_error_code());
  a.worker.stats.error_replies.Add(1);
  if (a.command == nullptr) return;
  a.worker.stats.per_command[a.engine.commands.number(*a.command)].rejected.Add(1);
}

// Whether a pause holds the command, or what EXEC would run.
bool HeldByPause(const Engine& engine, const Client& client, const Command& command, Args args,
                 int64_t now_ms) {
  if (!engine.pause.active(now_ms)) [[likely]]
    return false;
  return engine.pause.Holds(RunFlagsOf(engine, client, command, args).of_any, now_ms);
}

// A command that may mail something to other clients, of which a loop has too much already.
bool HeldByMail(const Engine& engine, const Client& client, const Command& command) {
  const bool changes_are_told = engine.interest.load(std::memory_order_relaxed) != 0;
  const bool may_mail = (command.flags & kMayReplicate) != 0 || client.transaction.active ||
                        (changes_are_told && (command.flags & kWrite) != 0) ||
                        engine.monitors.any();
  if (!may_mail) [[likely]]
    return false;
  return engine.AnyMailboxFull();
}

// What becomes of a command that must wait, for the end of a pause or until mailboxes are not full.
// kDone: of one that need not.
Engine::Outcome OutcomeOfWait(Engine& engine, const Worker& worker, Client& client,
                              const Command& command, Args args) {
  using Outcome = Engine::Outcome;
  if (client.link == Client::Link::kPrimary) [[unlikely]]
    return Outcome::kDone;  // what it sends has happened
  const bool paused = HeldByPause(engine, client, command, args, worker.now_ms);
  const bool held = paused || HeldByMail(engine, client, command);
  NotePostponed(engine, client, held);
  if (!held) [[likely]]
    return Outcome::kDone;
  return paused ? Outcome::kPaused : Outcome::kGateClosed;
}

// What a command changed, where its handler has not said it in other words.
void CollectEffects(Context& c) {
  if (!c.changed || c.replicated || !(c.command.flags & kWrite)) return;
  c.effects->Add(c.db(), c.args);
}

// A browser lured into posting to our port: as in Redis, it is not answered but cut off, before a
// line of its body can be a command.
bool IsHttp(const Client& client, const Command* command, Args args) {
  return command == nullptr && client.link == Client::Link::kClient &&
         (EqualsIgnoreCase(args[0], "post") || EqualsIgnoreCase(args[0], "host:"));
}

}  // namespace

Engine::Outcome Engine::Execute(Worker& worker, Client& client, const Command* command, Args args) {
  if (IsHttp(client, command, args)) return Outcome::kClose;
  client.last_command.store(command, std::memory_order_relaxed);
  const Attempt attempt{*this, worker, client, command, args};
  Reply reply(client.out, client.resp.load(std::memory_order_relaxed));
  const std::string refusal = Refuse(attempt);
  if (refusal.empty()) {
    const Outcome wait = OutcomeOfWait(*this, worker, client, *command, args);
    if (wait != Outcome::kDone) return wait;
  }
  if (!worker.gate_slot.inside() && MustBeInside(attempt, refusal)) {
    return Outcome::kGateClosed;
  }
  const RequestEnd end(client);
  client.last_command_ms.store(worker.now_ms, std::memory_order_relaxed);
  client.commands.store(client.commands.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  if (!refusal.empty()) {
    AnswerRefusal(attempt, reply, refusal);
  } else if (MustQueue(client, *command)) {
    Enqueue(*this, worker, client, *command, args);
    reply.Status("QUEUED");
  } else if (const Outcome outcome = RunWithLocks(attempt, reply); outcome != Outcome::kDone) {
    return outcome;
  }
  end.Answered(client, command);
  client.resp.store(reply.resp(), std::memory_order_relaxed);
  return client.close_after_reply.load(std::memory_order_relaxed) ? Outcome::kClose
                                                                  : Outcome::kDone;
}

Engine::Outcome Engine::RunWithLocks(const Attempt& a, Reply& reply) {
  Worker& worker = a.worker;
  const Command& command = *a.command;
  const bool may_be_slow = (command.flags & kMayBeSlow) != 0;
  if (may_be_slow) worker.BeginSlow(MonotonicUs());
  ReadyKeys ready;
  Outcome outcome = Outcome::kDone;
  KeyLock lock(keyspace);
  if (LockKeys(worker, a.client, command, a.args, lock)) [[likely]] {
    if (Run(worker, a.client, command, a.args, lock, reply, ready)) outcome = Outcome::kParked;
    Commit(worker, a.client, command);
    lock.UnlockAll();
  } else {
    if (!may_be_slow) worker.BeginSlow(MonotonicUs());
    outcome = RunAlone(a, reply, ready);
  }
  if (!ready.empty()) [[unlikely]]
    Parking::Serve(*this, worker, std::move(ready));
  worker.EndSlow();
  return outcome;
}

// Whoever closed the gate before us may have changed what was asked in front of it.
Engine::Outcome Engine::RunAlone(const Attempt& a, Reply& reply, ReadyKeys& ready) {
  GateClosed closed(gate, a.worker.gate_slot);
  if (const std::string refusal = RefuseBehindGate(a); !refusal.empty()) {
    AnswerRefusal(a, reply, refusal);
    return Outcome::kDone;
  }
  const Outcome wait = OutcomeOfWait(*this, a.worker, a.client, *a.command, a.args);
  if (wait != Outcome::kDone) return wait;
  KeyLock all(keyspace, KeyLock::Exclusive());
  const bool parked = Run(a.worker, a.client, *a.command, a.args, all, reply, ready);
  Commit(a.worker, a.client, *a.command);
  return parked ? Outcome::kParked : Outcome::kDone;
}

// Commands that touch keys of their own choice (SCAN, RANDOMKEY) find expired ones here and there,
// which belong together no more than those that the keeper finds.
void Engine::Commit(Worker& worker, Client& client, const Command& command) {
  const uint64_t offset = Append(worker, (command.flags & kTouchesArbitraryKeys) == 0);
  if (offset != 0) [[unlikely]]
    client.written_offset = client.unsafe_offset = offset;
}

void Engine::HashKeys(const Command& command, Args args, std::vector<HashedKey>& hashed) {
  static thread_local std::vector<KeyPosition> positions;
  positions.clear();
  // A wrong count leaves no keys: the handler answers it before it touches one.
  if (!FindKeys(command, args, positions)) return;
  for (const KeyPosition& position : positions) {
    if (position.flags & kNotKey) continue;
    const std::string_view key = args[position.index];
    hashed.push_back({key.data(), HashBytes(key)});
  }
}

// Hashes the keys among the words into the worker's scratch and locks their shards. False, with
// nothing locked, where only the closed gate will do.
bool Engine::LockKeys(Worker& worker, const Client& client, const Command& command, Args args,
                      KeyLock& lock) {
  std::vector<HashedKey>& hashed = worker.hashed_keys;
  if ((command.flags & (kOneKey | kExclusive)) == kOneKey) [[likely]] {
    const std::string_view key = args[static_cast<size_t>(command.keys.specs[0].begin)];
    hashed.resize(1);
    hashed[0] = key.data() == worker.foreseen.data ? worker.foreseen
                                                   : HashedKey{key.data(), HashBytes(key)};
    if (command.exclusive != nullptr && command.exclusive(args)) [[unlikely]]
      return false;
    lock.LockOne(hashed[0].hash);
    return true;
  }
  hashed.clear();
  if (command.flags & kExclusive) return false;
  if (command.exclusive != nullptr && command.exclusive(args)) return false;
  if (command.keys.size == 0) {
    const Transaction& transaction = client.transaction;
    if (!transaction.active || command.program != Program::kQueue) [[likely]]
      return true;
    return LockTransaction(transaction, worker.hashes, lock);
  }
  HashKeys(command, args, hashed);
  worker.hashes.clear();
  for (const HashedKey& key : hashed) worker.hashes.push_back(key.hash);
  return lock.Lock(worker.hashes);
}

bool Engine::Run(Worker& worker, Client& client, const Command& command, Args args, KeyLock& lock,
                 Reply& reply, ReadyKeys& ready) {
  const bool outermost = !client.is_script && !client.in_exec;
  Context context{.engine = *this,
                  .worker = worker,
                  .command = command,
                  .args = args,
                  .client = client,
                  .lock = lock,
                  .reply = reply,
                  .ready = ready,
                  .effects = log.collects() && client.replicates ? &worker.effects : nullptr};
  // A nested command (of a script or EXEC) finds its keys by hashing them itself.
  if (outermost && !client.woken && command.keys.size > 0) context.hashed = worker.hashed_keys;
  const uint32_t errors_before = reply.errors();
  // MONITOR shows a command when it has run: EXEC behind what it ran, RESET not to who left with
  // it. A script comes before its calls.
  const bool monitored = monitors.any() && !client.woken;
  const bool script = (command.flags & kSkipMonitor) != 0;
  if (monitored && script) [[unlikely]]
    monitors.Feed(client, command, args);
  const uint64_t begin = CycleCount();
  command.run(context);
  const uint64_t cycles = CycleCount() - begin;
  if (!worker.changing.empty()) context.EndChanges();
  if (context.effects != nullptr) [[unlikely]]
    CollectEffects(context);
  if (monitored && !script) [[unlikely]]
    monitors.Feed(client, command, args);
  // A script tracks by what it calls, whatever its own flags. Who parks has read that nothing is
  // there.
  if (client.tracking.on() && (command.flags & (kReadOnly | kRunsScript)) == kReadOnly)
      [[unlikely]] {
    RememberKeys(*this, client, command, args);
  }
  if (context.parked) return true;
  CountCall(worker, client, command, args, cycles, reply, errors_before);
  return false;
}

void Engine::CountCall(Worker& worker, Client& client, const Command& command, Args args,
                       uint64_t cycles, Reply& reply, uint32_t errors_before) {
  const size_t number = commands.number(command);
  CommandTally& tally = worker.stats.per_command[number];
  tally.calls.Add(1);
  tally.cycles.Add(cycles);
  worker.stats.commands.Add(1);
  if (reply.errors() != errors_before) [[unlikely]] {
    // What a script passes on, and what EXEC holds, has been counted by the command that failed.
    // The script has failed with it, EXEC has not.
    const bool counted = reply.last_error_was_counted();
    if (!counted || (command.flags & kRunsScript)) tally.failed.Add(1);
    if (!counted) {
      worker.stats.error_replies.Add(reply.errors() - errors_before);
      stats.CountError(reply.last_error_code());
      reply.MarkErrorCounted();
    }
  }
  const Settings& settings = config.settings();
  const int64_t nanoseconds = CyclesToNs(cycles);
  if (settings.latency_tracking) worker.stats.RecordLatency(number, nanoseconds);
  const int64_t slower_than_us = settings.slowlog_slower_than_us;
  if (slower_than_us >= 0 && nanoseconds >= slower_than_us * 1000 &&
      !(command.flags & kSkipSlowlog)) [[unlikely]] {
    LogSlow(client, command, args, nanoseconds / 1000);
  }
  NoteDelay(command.flags & kFast ? "fast-command" : "command", nanoseconds / 1000);
}

void Engine::LogSlow(Client& client, const Command& command, Args args, int64_t duration_us) {
  std::string name;
  {
    MutexLock lock(client.label_mutex);
    name = client.name;
  }
  std::vector<std::string_view> words;
  const std::string_view address = client.is_script ? "?:0" : std::string_view(client.address);
  slowlog.Add(WallMs() / 1000, duration_us, Redacted(command, args, words), address, name,
              static_cast<size_t>(int64_t{config.settings().slowlog_max_len}));
}

// Nearly all requests have their only or first key as the second word, whatever the command:
// guessing costs a cache line where it is wrong, finding out would cost as much as it saves.
uint64_t Engine::PrefetchSlot(const Client& client, Args args) const {
  if (args.size() < 2) return 0;
  const uint64_t hash = HashBytes(args[1]);
  keyspace.PrefetchSlot(client.db.load(std::memory_order_relaxed), hash);
  return hash;
}

void Engine::PrefetchEntry(const Client& client, uint64_t hash) const {
  const int db = client.db.load(std::memory_order_relaxed);
  if (const Table* table = keyspace.TableOf(db, hash)) table->PrefetchEntry(hash);
}

}  // namespace larder
