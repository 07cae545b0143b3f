// Scripts: EVAL and its kin, SCRIPT.
#include "server/commands/scripting.h"

#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/engine/engine.h"

namespace larder {

Scripting& ScriptingOf(Context& c) { return static_cast<Scripting&>(*c.engine.scripts); }

bool ReadKeyCount(Context& c, size_t* count, std::string_view not_a_number) {
  int64_t keys;
  if (!c.Integer(2, &keys, not_a_number)) return false;
  if (keys < 0) {
    c.reply.Error("ERR Number of keys can't be negative");
    return false;
  }
  *count = static_cast<size_t>(keys);
  if (*count <= c.args.size() - 3) return true;
  c.reply.Error("ERR Number of keys can't be greater than number of args");
  return false;
}

bool IsFlushMode(Args args) {
  if (args.size() == 2) return true;
  return args.size() == 3 &&
         (EqualsIgnoreCase(args[2], "sync") || EqualsIgnoreCase(args[2], "async"));
}

void KillRunning(Context& c, ScriptKind kind) {
  switch (ScriptingOf(c).runner().state().TryKill(kind)) {
    case RunState::Kill::kDone:
      return c.reply.Ok();
    case RunState::Kill::kIdle:
      return c.reply.Error("NOTBUSY No scripts in execution right now.");
    case RunState::Kill::kWrote:
      return c.reply.Error(
          "UNKILLABLE Sorry the script already executed write commands against the dataset. You "
          "can either wait the script termination or kill the server in a hard way using the "
          "SHUTDOWN NOSAVE command.");
    case RunState::Kill::kOtherKind:
      return c.reply.Error(c.engine.scripts->BusyError());
  }
}

namespace {

Scripts& ScriptsOf(Context& c) { return ScriptingOf(c).scripts(); }

bool ReadOnly(const Context& c) { return (c.command.flags & kReadOnly) != 0; }

void Run(Context& c, const Script& script, size_t keys) {
  const Args words = c.args.subspan(3);
  ScriptsOf(c).Run(c, script, words.first(keys), words.subspan(keys), ReadOnly(c));
}

void Eval(Context& c) {
  size_t keys;
  if (!ReadKeyCount(c, &keys, errors::kNotInteger)) return;
  std::string error;
  const Script* script = ScriptsOf(c).Register(c.args[1], false, &error);
  if (script == nullptr) return c.reply.Error(error);
  Run(c, *script, keys);
}

void EvalSha(Context& c) {
  constexpr size_t kShaDigits = 40;
  if (c.args[1].size() != kShaDigits) return c.reply.Error(errors::kNoScript);
  size_t keys;
  if (!ReadKeyCount(c, &keys, errors::kNotInteger)) return;
  const Script* script = ScriptsOf(c).Find(c.args[1]);
  if (script == nullptr) return c.reply.Error(errors::kNoScript);
  Run(c, *script, keys);
}

void ScriptLoad(Context& c) {
  std::string error;
  const Script* script = ScriptsOf(c).Register(c.args[2], true, &error);
  if (script == nullptr) return c.reply.Error(error);
  c.reply.Bulk(script->name);
}

void ScriptExists(Context& c) {
  c.reply.Array(c.args.size() - 2);
  for (std::string_view sha : c.args.subspan(2)) c.reply.Integer(ScriptsOf(c).Has(sha) ? 1 : 0);
}

void ScriptFlush(Context& c) {
  if (!IsFlushMode(c.args)) {
    return c.reply.Error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
  }
  ScriptsOf(c).Flush();
  c.reply.Ok();
}

void ScriptKill(Context& c) { KillRunning(c, ScriptKind::kScript); }

void ScriptDebug(Context& c) {
  if (!c.client.out.empty()) {
    return c.reply.Error("ERR SCRIPT DEBUG must be called outside a pipeline");
  }
  if (EqualsIgnoreCase(c.args[2], "no")) return c.reply.Ok();
  if (EqualsIgnoreCase(c.args[2], "yes") || EqualsIgnoreCase(c.args[2], "sync")) {
    return c.reply.Error("ERR There is no debugger for scripts on this server");
  }
  c.reply.Error("ERR Use SCRIPT DEBUG YES/SYNC/NO");
}

void ScriptHelp(Context& c) {
  ReplyHelp(c, {{"DEBUG (YES|SYNC|NO)", "Accepts NO only: there is no debugger."},
                {"EXISTS <sha1> [<sha1> ...]", "Say which scripts the server knows."},
                {"FLUSH [ASYNC|SYNC]", "Forget all scripts."},
                {"KILL", "End the running script, if it has not written anything."},
                {"LOAD <script>", "Remember a script without running it."}});
}

constexpr std::string_view kEvalSyntax = "script numkeys [key [key ...]] [arg [arg ...]]";
constexpr std::string_view kEvalShaSyntax = "sha1 numkeys [key [key ...]] [arg [arg ...]]";
constexpr Command kCommands[] = {
    {.name = "eval",
     .arity = -3,
     .flags = kRunScriptFlags | kMayReplicate,
     .categories = kCatScripting,
     .keys = {WithNotes(
         KeyCount(2, kRW | kAccess | kUpdate),
         "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE")},
     .program = Program::kSource,
     .run = Eval,
     .group = "scripting",
     .syntax = kEvalSyntax,
     .since = "2.6.0",
     .complexity = "Depends on the script that is executed.",
     .summary = "Runs a Lua script, alone, and remembers it for EVALSHA."},
    {.name = "eval_ro",
     .arity = -3,
     .flags = kRunScriptFlags | kReadOnly,
     .categories = kCatScripting,
     .keys = {WithNotes(
         KeyCount(2, kRO | kAccess),
         "We cannot tell how the keys will be used so we assume the worst, RO and ACCESS")},
     .program = Program::kSource,
     .run = Eval,
     .group = "scripting",
     .syntax = kEvalSyntax,
     .since = "7.0.0",
     .complexity = "Depends on the script that is executed.",
     .summary = "Runs a Lua script that may only read."},
    {.name = "evalsha",
     .arity = -3,
     .flags = kRunScriptFlags | kMayReplicate,
     .categories = kCatScripting,
     .keys = {KeyCount(2, kRW | kAccess | kUpdate)},
     .program = Program::kDigest,
     .run = EvalSha,
     .group = "scripting",
     .syntax = kEvalShaSyntax,
     .since = "2.6.0",
     .complexity = "Depends on the script that is executed.",
     .summary = "Runs a Lua script that was sent before, named by its SHA1."},
    {.name = "evalsha_ro",
     .arity = -3,
     .flags = kRunScriptFlags | kReadOnly,
     .categories = kCatScripting,
     .keys = {KeyCount(2, kRO | kAccess)},
     .program = Program::kDigest,
     .run = EvalSha,
     .group = "scripting",
     .syntax = kEvalShaSyntax,
     .since = "7.0.0",
     .complexity = "Depends on the script that is executed.",
     .summary = "Runs a Lua script that was sent before and may only read."},
    {.name = "script",
     .arity = -2,
     .group = "scripting",
     .since = "2.6.0",
     .complexity = "Depends on subcommand.",
     .summary = "A container for the commands that manage scripts."},
    {.name = "debug",
     .parent = "script",
     .arity = 3,
     .flags = kNoScript,
     .categories = kCatScripting,
     .in_history = InHistory::kAlways,
     .run = ScriptDebug,
     .group = "scripting",
     .syntax = "<mode: YES | SYNC | NO>",
     .since = "3.2.0",
     .complexity = "O(1)",
     .summary = "Sets the debug mode of scripts, of which there is none but NO."},
    {.name = "exists",
     .parent = "script",
     .arity = -3,
     .flags = kNoScript,
     .categories = kCatScripting,
     .in_history = InHistory::kAlways,
     .run = ScriptExists,
     .group = "scripting",
     .syntax = "sha1 [sha1 ...]",
     .since = "2.6.0",
     .complexity = "O(N) for N scripts asked for",
     .summary = "Says which scripts the server remembers.",
     .tips = "request_policy:all_shards response_policy:agg_logical_and"},
    {.name = "flush",
     .parent = "script",
     .arity = -2,
     .flags = kNoScript | kExclusive,
     .categories = kCatScripting,
     .in_history = InHistory::kAlways,
     .run = ScriptFlush,
     .group = "scripting",
     .syntax = "[flush-type@6.2.0: ASYNC | SYNC]",
     .since = "2.6.0",
     .history = "6.2.0 Takes ASYNC and SYNC.",
     .complexity = "O(N) for N scripts remembered",
     .summary = "Forgets all scripts.",
     .tips = kAllNodes},
    {.name = "help",
     .parent = "script",
     .arity = 2,
     .flags = kLoading | kStale,
     .categories = kCatScripting,
     .in_history = InHistory::kAlways,
     .run = ScriptHelp,
     .group = "scripting",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of SCRIPT."},
    {.name = "kill",
     .parent = "script",
     .arity = 2,
     .flags = kNoScript | kAllowBusy,
     .categories = kCatScripting,
     .in_history = InHistory::kAlways,
     .run = ScriptKill,
     .group = "scripting",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Ends the script that runs, unless it has written.",
     .tips = "request_policy:all_shards response_policy:one_succeeded"},
    {.name = "load",
     .parent = "script",
     .arity = 3,
     .flags = kNoScript | kStale | kExclusive,
     .categories = kCatScripting,
     .in_history = InHistory::kAlways,
     .run = ScriptLoad,
     .group = "scripting",
     .syntax = "script",
     .since = "2.6.0",
     .complexity = "O(N) for N bytes of script",
     .summary = "Remembers a script for EVALSHA without running it.",
     .tips = kAllNodes},
};

}  // namespace

std::span<const Command> ScriptCommands() { return kCommands; }

}  // namespace larder
