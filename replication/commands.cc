// The commands of replication: PSYNC, SYNC and REPLCONF, which replicas send; REPLICAOF, FAILOVER,
// ROLE, WAIT, WAITAOF.
#include "replication/commands.h"

#include "protocol/errors.h"
#include "replication/replication.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/config/words.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

// ---- What replicas send -------------------------------------------------------------------------

ReplicaFacts& FactsOf(Context& c) {
  if (c.client.replica == nullptr) c.client.replica = std::make_shared<ReplicaFacts>();
  return *c.client.replica;
}

// The connection goes to Primary, which answers.
void HandOver(Context& c, SyncRequest request) {
  Replication& replication = ReplicationOf(c);
  if (c.engine.replica.load(std::memory_order_relaxed) && !replication.link_up()) {
    return c.reply.Error("NOMASTERLINK Can't SYNC while not connected with my master");
  }
  c.client.hand_over = [&replication, request = std::move(request)](HandedOver handed) {
    replication.primary().Adopt(std::move(handed), request);
  };
  c.client.close_after_reply.store(true, std::memory_order_relaxed);
}

bool IsFailingOver(Context& c) {
  return ReplicationOf(c).failover().state() != Failover::State::kNone;
}

bool RefuseWhileFailingOver(Context& c) {
  if (!IsFailingOver(c)) return false;
  c.reply.Error("NOMASTERLINK Can't SYNC while failing over");
  return true;
}

void Sync(Context& c) {
  if (!RefuseWhileFailingOver(c)) HandOver(c, {.psync = false});
}

bool AsksToTakeOver(Args words) {
  return words.size() > 3 && EqualsIgnoreCase(words[3], "failover");
}

// Why nobody can take over from a primary here; empty: he can.
std::string_view WhyNotTakeOver(Context& c) {
  if (!c.engine.replica.load(std::memory_order_relaxed)) {
    return "ERR PSYNC FAILOVER can't be sent to a master.";
  }
  const bool same = EqualsIgnoreCase(c.args[1], ReplicationOf(c).history().id());
  return same ? "" : "ERR PSYNC FAILOVER replid must match my replid.";
}

// A primary that hands its role over wants to become our replica. What it has sent before, and we
// have not looked at yet, is not to be lost by that.
bool TakeOver(Context& c, uint64_t offset) {
  Replication& replication = ReplicationOf(c);
  std::string_view why_not = WhyNotTakeOver(c);
  if (why_not.empty()) {
    c.worker.BeginSlow(MonotonicUs());
    c.engine.gate.Leave(c.worker.gate_slot);  // that the stream's commands pass
    replication.replica().CatchUp(offset);
    c.engine.gate.EnterWaiting(c.worker.gate_slot);
    GateClosed closed(c.engine.gate, c.worker.gate_slot);
    why_not = WhyNotTakeOver(c);  // much may have happened meanwhile
    if (why_not.empty()) replication.Promote();
  }
  if (!why_not.empty()) c.reply.Error(why_not);
  return why_not.empty();
}

void PSync(Context& c) {
  int64_t next = 0;
  if (RefuseWhileFailingOver(c)) return;
  const bool sound = ParseInt64(c.args[2], &next);
  const uint64_t offset = next > 0 ? static_cast<uint64_t>(next) - 1 : 0;
  if (AsksToTakeOver(c.args) && !TakeOver(c, offset)) return;
  if (!sound) {
    c.reply.Error(errors::kNotInteger);
    Log(LogLevel::kWarning, "Replica ", c.client.address,
        " asks for synchronization but with a wrong offset");
    return;
  }
  SyncRequest request;
  request.history = c.args[1];
  request.next_byte = next > 0 ? static_cast<uint64_t>(next) : 0;
  HandOver(c, std::move(request));
}

// What a snapshot is to hold: nothing but what is named, and only one thing can be. False after an
// error was answered.
bool TakeFilter(Context& c, std::string_view value) {
  const auto names = SplitWords(value);
  if (!names) {
    c.reply.Error("ERR Missing rdb-filter-only values");
    return false;
  }
  ReplicaFacts& facts = FactsOf(c);
  facts.without_keys = facts.without_functions = true;
  for (const std::string& name : *names) {
    if (!EqualsIgnoreCase(name, "functions")) {
      c.reply.Error(StrCat("ERR Unsupported rdb-filter-only option: ", name));
      return false;
    }
    facts.without_functions = false;
  }
  return true;
}

// One option of REPLCONF and its value, words `i` and `i` + 1. False after an error was answered.
bool TakeOption(Context& c, size_t i) {
  ReplicaFacts& facts = FactsOf(c);
  const std::string_view option = c.args[i], value = c.args[i + 1];
  int64_t number = 0;
  if (EqualsIgnoreCase(option, "listening-port")) {
    if (!c.Integer(i + 1, &number)) return false;
    facts.port = static_cast<int>(number);
  } else if (EqualsIgnoreCase(option, "ip-address")) {
    constexpr size_t kMostAddressBytes = 255;
    if (value.size() >= kMostAddressBytes) {
      c.reply.Error(StrCat("ERR REPLCONF ip-address provided by replica instance is too long: ",
                           value.size(), " bytes"));
      return false;
    }
    facts.announced_ip = value;
  } else if (EqualsIgnoreCase(option, "capa")) {
    facts.takes_eof |= EqualsIgnoreCase(value, "eof");
    facts.takes_id |= EqualsIgnoreCase(value, "psync2");
    facts.prompt_acks |= EqualsIgnoreCase(value, "prompt-acks");
  } else if (EqualsIgnoreCase(option, "rdb-only")) {
    if (!c.Integer(i + 1, 0, 1, &number, "ERR value is out of range, value must between 0 and 1")) {
      return false;
    }
    facts.snapshot_only = number == 1;
  } else if (EqualsIgnoreCase(option, "rdb-filter-only")) {
    return TakeFilter(c, value);
  } else {
    c.reply.Error(StrCat("ERR Unrecognized REPLCONF option: ", option));
    return false;
  }
  return true;
}

void ReplConf(Context& c) {
  if (c.args.size() % 2 == 0) return c.SyntaxError();
  for (size_t i = 1; i < c.args.size(); i += 2) {
    // From who is no replica, or no primary, these mean nothing, and are not answered.
    if (EqualsIgnoreCase(c.args[i], "ack") || EqualsIgnoreCase(c.args[i], "getack")) return;
    if (!TakeOption(c, i)) return;
  }
  c.reply.Ok();
}

// ---- Roles --------------------------------------------------------------------------------------

void ReplicaOf(Context& c) {
  Replication& replication = ReplicationOf(c);
  if (IsFailingOver(c)) {
    return c.reply.Error("ERR REPLICAOF not allowed while failing over.");
  }
  if (EqualsIgnoreCase(c.args[1], "no") && EqualsIgnoreCase(c.args[2], "one")) {
    replication.Promote();
    return c.reply.Ok();
  }
  int64_t port;
  if (!ParseInt64(c.args[2], &port) || port < 0 || port > 65535) {
    return c.reply.Error("ERR Invalid master port");
  }
  const Replica::Target target = replication.replica().target();
  if (target.host == c.args[1] && target.port == port) {
    return c.reply.Status("OK Already connected to specified master");
  }
  replication.Follow(std::string(c.args[1]), static_cast<int>(port));
  c.reply.Ok();
}

void FailOver(Context& c) {
  Failover& failover = ReplicationOf(c).failover();
  Failover::Request request;
  std::string error;
  if (c.args.size() == 2 && EqualsIgnoreCase(c.args[1], "abort")) {
    error = failover.Abort();
    return error.empty() ? c.reply.Ok() : c.reply.Error(error);
  }
  for (size_t i = 1; i < c.args.size(); ++i) {
    const size_t left = c.args.size() - i - 1;
    if (EqualsIgnoreCase(c.args[i], "timeout") && left >= 1 && request.timeout_ms == 0) {
      if (!c.Integer(++i, &request.timeout_ms)) return;
      if (request.timeout_ms <= 0) {
        return c.reply.Error("ERR FAILOVER timeout must be greater than 0");
      }
    } else if (EqualsIgnoreCase(c.args[i], "to") && left >= 2 && request.host.empty()) {
      int64_t port;
      request.host = c.args[++i];
      if (!c.Integer(++i, &port)) return;
      request.port = static_cast<int>(port);
    } else if (EqualsIgnoreCase(c.args[i], "force") && !request.force) {
      request.force = true;
    } else {
      return c.SyntaxError();
    }
  }
  error = failover.Begin(request);
  error.empty() ? c.reply.Ok() : c.reply.Error(error);
}

void Role(Context& c) { ReplicationOf(c).ReplyRole(c.reply); }

// ---- WAIT ---------------------------------------------------------------------------------------

void Wait(Context& c) {
  if (c.engine.replica.load(std::memory_order_relaxed)) {
    return c.reply.Error(
        "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if "
        "a replica is configured to be writable (which is not the default) writes to replicas are "
        "just local and are not propagated.");
  }
  AckWaits::Goal goal = {.offset = c.client.written_offset, .on_disk = false, .wanted = {}};
  int64_t timeout_ms;
  if (!c.Integer(1, &goal.wanted.replicas) || !c.TimeoutMs(2, &timeout_ms)) return;
  ReplicationOf(c).primary().Wait(c, goal, timeout_ms);
}

void WaitAof(Context& c) {
  AckWaits::Goal goal = {.offset = c.client.written_offset, .on_disk = true, .wanted = {}};
  int64_t timeout_ms;
  if (!c.Integer(1, &goal.wanted.local)) return;  // no number at all has an error of its own
  if (!c.Integer(1, 0, 1, &goal.wanted.local,
                 "ERR value is out of range, value must between 0 and 1") ||
      !c.Integer(2, 0, INT64_MAX, &goal.wanted.replicas,
                 "ERR value is out of range, must be positive") ||
      !c.TimeoutMs(3, &timeout_ms)) {
    return;
  }
  if (c.engine.replica.load(std::memory_order_relaxed)) {
    return c.reply.Error(
        "ERR WAITAOF cannot be used with replica instances. Please also note that writes to "
        "replicas are just local and are not propagated.");
  }
  if (AckWaits::InVain(c.engine, goal)) return c.reply.Error(AckWaits::kInVain);
  ReplicationOf(c).primary().Wait(c, goal, timeout_ms);
}

constexpr Command kCommands[] = {
    {.name = "sync",
     .arity = 1,
     .flags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti,
     .run = Sync,
     .group = "server",
     .since = "1.0.0",
     .summary = "Turns the connection into a replica, which is sent everything."},
    {.name = "psync",
     .arity = -3,
     .flags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti,
     .run = PSync,
     .group = "server",
     .syntax = "replicationid offset",
     .since = "2.8.0",
     .summary = "Turns the connection into a replica, which is sent what it lacks."},
    {.name = "replconf",
     .arity = -1,
     .flags = kAdmin | kNoScript | kLoading | kStale | kAllowBusy | kSysCmd,
     .in_history = InHistory::kAlways,
     .run = ReplConf,
     .group = "server",
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "What a replica tells of itself."},
    {.name = "replicaof",
     .arity = 3,
     .flags = kAdmin | kNoScript | kStale | kNoAsyncLoading | kExclusive | kNamesPrimary,
     .run = ReplicaOf,
     .group = "server",
     .syntax = "<args: <host-port: host port(integer)> | <no-one: NO ONE>>",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Makes the server a replica of another, or with NO ONE a primary."},
    {.name = "slaveof",
     .arity = 3,
     .flags = kAdmin | kNoScript | kStale | kNoAsyncLoading | kExclusive | kNamesPrimary,
     .run = ReplicaOf,
     .group = "server",
     .syntax = "<args: <host-port: host port(integer)> | <no-one: NO ONE>>",
     .since = "1.0.0",
     .deprecated = "5.0.0 `REPLICAOF`",
     .complexity = "O(1)",
     .summary = "REPLICAOF by its older name."},
    {.name = "failover",
     .arity = -1,
     .flags = kAdmin | kNoScript | kStale | kExclusive,
     .run = FailOver,
     .group = "server",
     .syntax = "[TO <target: host port(integer) [FORCE]>] [ABORT] [TIMEOUT milliseconds]",
     .since = "6.2.0",
     .complexity = "O(N) for N replicas",
     .summary = "Hands the primary's role over to a replica."},
    {.name = "role",
     .arity = 1,
     .flags = kNoScript | kLoading | kStale | kFast | kSentinel,
     .categories = kCatAdmin | kCatDangerous,
     .run = Role,
     .group = "server",
     .since = "2.8.12",
     .complexity = "O(N) for N replicas",
     .summary = "Returns whether the server is a primary or a replica, and of whom."},
    {.name = "wait",
     .arity = 3,
     .categories = kCatConnection,
     .run = Wait,
     .group = "generic",
     .syntax = "numreplicas timeout",
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Waits until replicas have acknowledged the writes of the connection.",
     .tips = "request_policy:all_shards response_policy:agg_min"},
    {.name = "waitaof",
     .arity = 4,
     .flags = kNoScript,
     .categories = kCatConnection,
     .run = WaitAof,
     .group = "generic",
     .syntax = "numlocal(integer) numreplicas timeout",
     .since = "7.2.0",
     .complexity = "O(1)",
     .summary = "Waits until the writes of the connection are on disk, here and at replicas.",
     .tips = "request_policy:all_shards response_policy:agg_min"},
};

}  // namespace

std::span<const Command> ReplicationCommands() { return kCommands; }

}  // namespace larder
