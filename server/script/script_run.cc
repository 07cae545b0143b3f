#include "server/script/script_run.h"

#include "protocol/errors.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/strings.h"
#include "server/engine/engine.h"
#include "server/engine/permissions.h"
#include "server/engine/persistence_host.h"
#include "server/engine/refusals.h"
#include "server/engine/tracking.h"

namespace larder {
namespace {

// The scratch buffer of replies keeps its memory from call to call, up to this.
constexpr size_t kKeptReplyBytes = 256 * 1024;

constexpr std::string_view kKilled = "ERR Script killed by user with SCRIPT KILL...";

}  // namespace

ScriptRun::ScriptRun(Context& caller, Client& client, RunState& state, std::string_view name,
                     Rules rules)
    : caller_(caller),
      client_(client),
      state_(state),
      name_(name),
      rules_(rules),
      reply_(client.out, 2),
      lookahead_(caller.engine.keyspace) {
  client_.out.Clear();  // the last reply of another script
  client_.db.store(caller.db(), std::memory_order_relaxed);
  client_.replicates = caller.client.replicates;
  client_.link = caller.client.link;
  BorrowUser(caller.client, client_);
  client_.no_touch.store(caller.client.no_touch.load(std::memory_order_relaxed),
                         std::memory_order_relaxed);
  client_.acts_for = caller.client.id;
}

ServerApi::CallResult ScriptRun::Call(Args args) {
  const Command* command = caller_.engine.commands.Resolve(args);
  refusal_ = Refuse(command, args);
  if (!refusal_.empty()) [[unlikely]] {
    CountRefusal(command, refusal_);
    return {.refusal = refusal_};
  }
  OutputBuffer& out = client_.out;
  if (KeyLookahead::Wants(out)) [[unlikely]]
    lookahead_.Take(std::move(out.bytes()));
  if (out.bytes().capacity() > kKeptReplyBytes) out = OutputBuffer();
  out.Clear();
  if (args.size() > 1) lookahead_.Note(client_.db.load(std::memory_order_relaxed), args[1]);
  caller_.engine.Run(caller_.worker, client_, *command, args, caller_.lock, reply_, caller_.ready);
  // What a script reads, as Redis does since 7.2; and what it was called with, as before: some have
  // relied on that, and to be told more than one needs does no harm.
  if (caller_.client.tracking.on() && (command->flags & kReadOnly)) [[unlikely]] {
    RememberKeys(caller_.engine, caller_.client, caller_.command, caller_.args);
    RememberKeys(caller_.engine, caller_.client, *command, args);
  }
  if (!out.splices().empty()) [[unlikely]] {
    flat_ = out.Flatten();
    return {.reply = flat_};
  }
  return {.reply = out.bytes().view(),
          .later_key = lookahead_.KeyAhead(KeyLookahead::kLater),
          .soon_key = lookahead_.KeyAhead(KeyLookahead::kSoon)};
}

std::string ScriptRun::Refuse(const Command* command, Args args) {
  if (command == nullptr) return "ERR Unknown Redis command called from script";
  if (!ArityFits(*command, args.size()))
    return "ERR Wrong number of args calling Redis command from script";
  if (command->run == nullptr) return "ERR Unknown Redis command called from script";
  if ((command->flags & kNoScript) && !MayCallMore(*command)) {
    return "ERR This Redis command is not allowed from script";
  }
  if (!(command->flags & kStale) && IsStaleReplica(caller_.engine)) {
    return "ERR Can not execute the command on a stale replica";
  }
  if (std::string text = RefuseWithoutPermission(*command, args); !text.empty()) return text;
  if (rules_.read_only && (command->flags & (kWrite | kMayReplicate))) {
    return "ERR Write commands are not allowed from read-only scripts.";
  }
  return command->flags & kWrite ? RefuseWrite(*command, args) : "";
}

// Test suites look at clients from inside a script; never at what works on the scripts themselves.
bool ScriptRun::MayCallMore(const Command& command) const {
  return caller_.engine.scripts_may_more.load(std::memory_order_relaxed) &&
         !(command.flags & (kRunsScript | kExclusive));
}

std::string ScriptRun::RefuseWrite(const Command& command, Args args) {
  // A script that has begun to write is not stopped in the middle.
  if (wrote_) return {};
  if (client_.link == Client::Link::kPrimary) return {};  // it has happened elsewhere
  const Attempt attempt{caller_.engine, caller_.worker, client_, &command, args};
  const PersistenceHost* persistence = caller_.engine.persistence;
  if (persistence != nullptr && persistence->in_trouble()) {
    if (std::string text = RefuseInTrouble(attempt); !text.empty()) return text;
  }
  if (TooFewReplicas(attempt)) return std::string(errors::kNoReplicas);
  if (std::string text = RefuseAsReplica(attempt); !text.empty()) {
    if (client_.close_after_reply.exchange(false)) caller_.client.close_after_reply.store(true);
    return text;
  }
  if (!rules_.allow_oom && (command.flags & kDenyOom) && FoundNoMemory(attempt)) {
    return std::string(errors::kOom);
  }
  if (!state_.BeginWriting()) return std::string(kKilled);
  wrote_ = true;
  return {};
}

std::string ScriptRun::RefuseWithoutPermission(const Command& command, Args args) {
  const AclDenial denial = CheckWithin(caller_.engine, client_, command, args);
  if (!denial) [[likely]]
    return "";
  NoteDenial(caller_.engine, caller_.worker, caller_.client, denial, AclLog::Where::kScript,
             command, args);
  return StrCat("ERR The user executing the script ",
                denial.reason == AclDenial::Reason::kKey
                    ? "can't access at least one of the keys mentioned in the command arguments"
                : denial.reason == AclDenial::Reason::kChannel
                    ? "can't publish to the channel mentioned in the command"
                    : "can't run this command or subcommand");
}

void ScriptRun::CountRefusal(const Command* command, std::string_view text) {
  CountError(text.substr(0, text.find(' ')));
  if (command == nullptr) return;
  const size_t number = caller_.engine.commands.number(*command);
  caller_.worker.stats.per_command[number].rejected.Add(1);
}

void ScriptRun::CountError(std::string_view code) {
  caller_.engine.stats.CountError(code);
  caller_.worker.stats.error_replies.Add(1);
}

ServerApi::Permission ScriptRun::Check(Args args) {
  const Command* command = caller_.engine.commands.Resolve(args);
  if (command == nullptr) return Permission::kUnknown;
  return CheckWithin(caller_.engine, client_, *command, args) ? Permission::kDenied
                                                              : Permission::kAllowed;
}

std::string_view ScriptRun::ReasonToStop() {
  if (state_.phase() == RunState::Phase::kKilled) {
    killed_ = true;
    return kKilled;
  }
  const int64_t threshold_ms = caller_.engine.config.settings().busy_reply_threshold_ms;
  const int64_t elapsed_ms = (MonotonicUs() - state_.since_us()) / 1000;
  if (threshold_ms > 0 && elapsed_ms >= threshold_ms && !slow_logged_) {
    slow_logged_ = true;
    const bool script = state_.kind() == ScriptKind::kScript;
    Log(LogLevel::kWarning, "Slow script detected: it has been running for ", elapsed_ms,
        " milliseconds and keeps the other clients waiting. ", script ? "SCRIPT" : "FUNCTION",
        " KILL ends it as long as it has not written. Its name is ", name_, ".");
  }
  return {};
}

}  // namespace larder
