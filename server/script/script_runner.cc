#include "server/script/script_runner.h"

#include "protocol/errors.h"
#include "server/base/clock.h"
#include "server/engine/engine.h"
#include "server/engine/refusals.h"
#include "server/script/script_run.h"
#include "server/script/shebang.h"

namespace larder {
namespace {

// Why a program with these flags must not start, or empty. What depends on the state of the server
// was refused by the dispatcher already, but for what runs in a transaction.
std::string RefuseStart(Context& caller, uint32_t flags, bool read_only) {
  const bool obeyed = caller.client.link == Client::Link::kPrimary;
  if ((flags & kScriptPlain) && !obeyed && IsStaleReplica(caller.engine)) {
    return std::string(errors::kPrimaryDown);
  }
  if (flags & (kScriptPlain | kScriptNoWrites)) return {};
  if (read_only) return "ERR Can not execute a script with write flag using *_ro command.";
  const Attempt attempt{caller.engine, caller.worker, caller.client, &caller.command, caller.args};
  if (TooFewReplicas(attempt)) return std::string(errors::kNoReplicas);
  if ((flags & kScriptAllowOom) || !FoundNoMemory(attempt)) return {};
  return "OOM allow-oom flag is not set on the script, can not run it when used memory > "
         "'maxmemory'";
}

}  // namespace

// The client gets no id: it is in no list.
ScriptRunner::ScriptRunner() : client_(0, nullptr) { client_.is_script = true; }

void ScriptRunner::Run(Context& caller, const Program& program, Args keys, Args arguments,
                       bool read_only) {
  if (std::string refusal = RefuseStart(caller, program.flags, read_only); !refusal.empty()) {
    return caller.reply.Error(refusal);
  }
  const bool plain = (program.flags & kScriptPlain) != 0;
  const ScriptRun::Rules rules{
      .read_only = read_only || (!plain && (program.flags & kScriptNoWrites)),
      .allow_oom = !plain && (program.flags & kScriptAllowOom)};
  ScriptRun run(caller, client_, state_, program.name, rules);
  {
    MutexLock lock(mutex_);
    current_ = Current{program.name, caller.args};
  }
  // All commands of the script see this time.
  caller.worker.now_ms = WallMs();
  state_.Begin(program.kind, MonotonicUs());
  program.interpreter.Run({.function = program.function,
                           .name = program.name,
                           .keys = keys,
                           .arguments = arguments,
                           .server = run,
                           .reply = caller.reply,
                           .random = &random_});
  state_.End();
  if (run.half_done()) caller.engine.log.Seal();
  MutexLock lock(mutex_);
  current_.reset();
}

std::optional<ScriptRunner::Running> ScriptRunner::running() const {
  MutexLock lock(mutex_);
  if (!current_) return {};
  return Running{.name = std::string(current_->name),
                 .command = {current_->command.begin(), current_->command.end()},
                 .duration_ms = (MonotonicUs() - state_.since_us()) / 1000};
}

}  // namespace larder
