// Functions: FCALL, and FUNCTION, which manages the libraries they come in.
#include "protocol/errors.h"
#include "server/base/glob.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/commands/scripting.h"
#include "server/engine/engine.h"
#include "server/script/shebang.h"

namespace larder {
namespace {

Functions& FunctionsOf(Context& c) { return ScriptingOf(c).functions(); }

void FCall(Context& c) {
  const Function* function = FunctionsOf(c).Find(c.args[1]);
  if (function == nullptr) return c.reply.Error("ERR Function not found");
  size_t keys;
  if (!ReadKeyCount(c, &keys, "ERR Bad number of keys provided")) return;
  const Args words = c.args.subspan(3);
  const bool read_only = (c.command.flags & kReadOnly) != 0;
  FunctionsOf(c).Run(c, *function, words.first(keys), words.subspan(keys), read_only);
}

// No key has changed; replicas do the same.
void LibrariesChanged(Context& c) {
  c.worker.stats.changes.Add(1);
  c.ReplicateAs(c.args);
}

void FunctionLoad(Context& c) {
  for (std::string_view option : c.args.subspan(2, c.args.size() - 3)) {
    if (EqualsIgnoreCase(option, "replace")) continue;
    return c.reply.Error(StrCat("ERR Unknown option given: ", option));
  }
  // What the primary could load in time is loaded here, however slow this server is.
  const bool from_primary = c.client.link == Client::Link::kPrimary;
  const int64_t limit_ms = from_primary ? 0 : Functions::kLoadLimitMs;
  std::string name;
  const std::string error = FunctionsOf(c).Load(c.args.back(), c.args.size() > 3, limit_ms, &name);
  if (!error.empty()) return c.reply.Error(error);
  LibrariesChanged(c);
  c.reply.Bulk(name);
}

void FunctionDelete(Context& c) {
  if (!FunctionsOf(c).Delete(c.args[2])) return c.reply.Error("ERR Library not found");
  LibrariesChanged(c);
  c.reply.Ok();
}

void FunctionFlush(Context& c) {
  if (c.args.size() > 3) return c.reply.Error(UnknownForm(c));
  if (!IsFlushMode(c.args)) {
    return c.reply.Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
  }
  FunctionsOf(c).Flush();
  LibrariesChanged(c);
  c.reply.Ok();
}

struct ListOptions {
  bool with_code = false;
  std::optional<std::string_view> pattern;
};

bool ReadListOptions(Context& c, ListOptions* options) {
  for (size_t i = 2; i < c.args.size(); ++i) {
    if (!options->with_code && EqualsIgnoreCase(c.args[i], "withcode")) {
      options->with_code = true;
    } else if (options->pattern || !EqualsIgnoreCase(c.args[i], "libraryname")) {
      c.reply.Error(StrCat("ERR Unknown argument ", c.args[i]));
      return false;
    } else if (++i == c.args.size()) {
      c.reply.Error("ERR library name argument was not given");
      return false;
    } else {
      options->pattern = c.args[i];
    }
  }
  return true;
}

void ReplyFunction(Context& c, const Function& function) {
  c.reply.Map(3);
  c.reply.Bulk("name");
  c.reply.Bulk(function.name);
  c.reply.Bulk("description");
  if (function.description) {
    c.reply.Bulk(*function.description);
  } else {
    c.reply.Null();
  }
  c.reply.Bulk("flags");
  const auto flags = c.reply.Begin();
  size_t count = 0;
  for (const ScriptFlagName& known : ScriptFlagNames()) {
    if (!(function.flags & known.flag)) continue;
    c.reply.Status(known.name);
    ++count;
  }
  c.reply.EndSet(flags, count);
}

void FunctionList(Context& c) {
  ListOptions options;
  if (!ReadListOptions(c, &options)) return;
  const auto begin = c.reply.Begin();
  size_t count = 0;
  for (const auto& [name, library] : FunctionsOf(c).libraries().libraries()) {
    if (options.pattern && !GlobMatch(*options.pattern, name, true)) continue;
    ++count;
    c.reply.Map(options.with_code ? 4 : 3);
    c.reply.Bulk("library_name");
    c.reply.Bulk(name);
    c.reply.Bulk("engine");
    c.reply.Bulk("LUA");
    c.reply.Bulk("functions");
    c.reply.Array(library->functions.size());
    for (const Function& function : library->functions) ReplyFunction(c, function);
    if (!options.with_code) continue;
    c.reply.Bulk("library_code");
    c.reply.Bulk(library->source);
  }
  c.reply.EndArray(begin, count);
}

void FunctionStats(Context& c) {
  const RunState& state = ScriptingOf(c).runner().state();
  if (state.phase() != RunState::Phase::kIdle && state.kind() == ScriptKind::kScript) {
    return c.reply.Error(errors::kBusyScript);
  }
  c.reply.Map(2);
  c.reply.Bulk("running_script");
  if (const auto running = ScriptingOf(c).runner().running()) {
    c.reply.Map(3);
    c.reply.Bulk("name");
    c.reply.Bulk(running->name);
    c.reply.Bulk("command");
    c.reply.Array(running->command.size());
    for (const std::string& word : running->command) c.reply.Bulk(word);
    c.reply.Bulk("duration_ms");
    c.reply.Integer(running->duration_ms);
  } else {
    c.reply.Null();
  }
  c.reply.Bulk("engines");
  c.reply.Map(1);
  c.reply.Bulk("LUA");
  c.reply.Map(2);
  c.reply.Bulk("libraries_count");
  c.reply.Integer(static_cast<int64_t>(FunctionsOf(c).library_count()));
  c.reply.Bulk("functions_count");
  c.reply.Integer(static_cast<int64_t>(FunctionsOf(c).function_count()));
}

void FunctionKill(Context& c) { KillRunning(c, ScriptKind::kFunction); }

void FunctionHelp(Context& c) {
  ReplyHelp(
      c, {{"DELETE <library>", "Forget a library and its functions."},
          {"FLUSH [ASYNC|SYNC]", "Forget all libraries."},
          {"KILL", "End the running function, if it has not written anything."},
          {"LIST [LIBRARYNAME <pattern>] [WITHCODE]",
           "List the libraries, their functions, and their sources with WITHCODE."},
          {"LOAD [REPLACE] <source>", "Load a library, in the place of one with the same name."},
          {"RESTORE <payload> [FLUSH|APPEND|REPLACE]",
           "Load the libraries of a payload; those of the same name are an error with APPEND, the\n"
           "default."},
          {"STATS", "Say which function runs and how many there are."}});
}

constexpr std::string_view kCallSyntax = "function numkeys [key [key ...]] [arg [arg ...]]";

constexpr Command kCommands[] = {
    {.name = "fcall",
     .arity = -3,
     .flags = kRunScriptFlags | kMayReplicate,
     .categories = kCatScripting,
     .keys = {WithNotes(
         KeyCount(2, kRW | kAccess | kUpdate),
         "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE")},
     .program = Program::kFunction,
     .run = FCall,
     .group = "scripting",
     .syntax = kCallSyntax,
     .since = "7.0.0",
     .complexity = "Depends on the function that is executed.",
     .summary = "Runs a function, alone."},
    {.name = "fcall_ro",
     .arity = -3,
     .flags = kRunScriptFlags | kReadOnly,
     .categories = kCatScripting,
     .keys = {WithNotes(
         KeyCount(2, kRO | kAccess),
         "We cannot tell how the keys will be used so we assume the worst, RO and ACCESS")},
     .program = Program::kFunction,
     .run = FCall,
     .group = "scripting",
     .syntax = kCallSyntax,
     .since = "7.0.0",
     .complexity = "Depends on the function that is executed.",
     .summary = "Runs a function that may only read."},
    {.name = "function",
     .arity = -2,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "A container for the commands that manage functions."},
    {.name = "delete",
     .parent = "function",
     .arity = 3,
     .flags = kNoScript | kWrite | kExclusive,
     .categories = kCatScripting,
     .run = FunctionDelete,
     .group = "scripting",
     .syntax = "library-name",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Forgets a library and its functions.",
     .tips = kAllShards},
    {.name = "flush",
     .parent = "function",
     .arity = -2,
     .flags = kNoScript | kWrite | kExclusive,
     .categories = kCatScripting,
     .run = FunctionFlush,
     .group = "scripting",
     .syntax = "[flush-type: ASYNC | SYNC]",
     .since = "7.0.0",
     .complexity = "O(N) for N functions",
     .summary = "Forgets all libraries.",
     .tips = kAllShards},
    {.name = "help",
     .parent = "function",
     .arity = 2,
     .flags = kLoading | kStale,
     .categories = kCatScripting,
     .run = FunctionHelp,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of FUNCTION."},
    {.name = "kill",
     .parent = "function",
     .arity = 2,
     .flags = kNoScript | kAllowBusy,
     .categories = kCatScripting,
     .run = FunctionKill,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Ends the function that runs, unless it has written.",
     .tips = "request_policy:all_shards response_policy:one_succeeded"},
    {.name = "list",
     .parent = "function",
     .arity = -2,
     .flags = kNoScript | kExclusive,
     .categories = kCatScripting,
     .run = FunctionList,
     .group = "scripting",
     .syntax = "[LIBRARYNAME library-name-pattern] [WITHCODE]",
     .since = "7.0.0",
     .complexity = "O(N) for N functions",
     .summary = "Lists the libraries and their functions.",
     .tips = "nondeterministic_output_order"},
    {.name = "load",
     .parent = "function",
     .arity = -3,
     .flags = kNoScript | kWrite | kDenyOom | kExclusive,
     .categories = kCatScripting,
     .run = FunctionLoad,
     .group = "scripting",
     .syntax = "[REPLACE] function-code",
     .since = "7.0.0",
     .complexity = "O(1), plus what the source does",
     .summary = "Loads a library of functions.",
     .tips = kAllShards},
    {.name = "stats",
     .parent = "function",
     .arity = 2,
     .flags = kNoScript | kAllowBusy,
     .categories = kCatScripting,
     .run = FunctionStats,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Says which function runs and how many there are.",
     .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
};

}  // namespace

std::span<const Command> FunctionCommands() { return kCommands; }

}  // namespace larder
