// The data set on disk: SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE; and SHUTDOWN, which may save.
#include "server/persistence/persistence.h"

#include "server/base/log.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/engine/engine.h"
#include "server/engine/refusals.h"
#include "server/engine/script_host.h"

namespace larder {
namespace {

constexpr std::string_view kSaveInProgress = "ERR Background save already in progress";
constexpr std::string_view kRewriteInTheWay =
    "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in "
    "order to schedule a BGSAVE whenever possible.";

void Save(Context& c) {
  Persistence& persistence = PersistenceOf(c);
  if (persistence.saving() && !persistence.aof().rewriting()) {
    return c.reply.Error(kSaveInProgress);
  }
  if (!persistence.Save()) return c.reply.Error("ERR");
  c.reply.Ok();
}

// With SCHEDULE it waits for the end of a rewrite of the append-only file, in a transaction for the
// end of that.
void BgSave(Context& c) {
  if (c.args.size() > 2 || (c.args.size() == 2 && !EqualsIgnoreCase(c.args[1], "schedule"))) {
    return c.SyntaxError();
  }
  Persistence& persistence = PersistenceOf(c);
  const bool rewriting = persistence.aof().rewriting();
  const bool schedule = rewriting && c.args.size() == 2;
  switch (persistence.BeginSave(c.client.in_exec || schedule)) {
    case Persistence::Begun::kStarted:
      return c.reply.Status("Background saving started");
    case Persistence::Begun::kScheduled:
      return c.reply.Status("Background saving scheduled");
    case Persistence::Begun::kBusy:
      return c.reply.Error(rewriting ? kRewriteInTheWay : kSaveInProgress);
  }
}

void BgRewriteAof(Context& c) {
  switch (PersistenceOf(c).BeginRewrite(c.client.in_exec)) {
    case Persistence::Begun::kStarted:
      return c.reply.Status("Background append only file rewriting started");
    case Persistence::Begun::kScheduled:
      return c.reply.Status("Background append only file rewriting scheduled");
    case Persistence::Begun::kBusy:
      return c.reply.Error("ERR Background append only file rewriting already in progress");
  }
}

void LastSave(Context& c) { c.reply.Integer(PersistenceOf(c).state().last_save_s); }

// False for words that do not go together.
bool ParseShutdown(Args words, Persistence::Shutdown* options, bool* abort) {
  for (std::string_view word : words) {
    const bool is_abort = EqualsIgnoreCase(word, "abort");
    if (!is_abort && !options->Add(word)) return false;
    *abort |= is_abort;
  }
  return !(options->save && options->no_save) && !(*abort && words.size() > 1);
}

void Shutdown(Context& c) {
  Persistence::Shutdown options;
  bool abort = false;
  if (!ParseShutdown(c.args.subspan(1), &options, &abort)) return c.SyntaxError();
  if (abort) {
    if (!c.engine.stopping.Abort()) return c.reply.Error("ERR No shutdown in progress.");
    Log(LogLevel::kNotice, "Shutdown manually aborted.");
    return c.reply.Ok();
  }
  // Before a script is busy the dispatcher lets nobody but ABORT come here.
  if (!options.no_save && ScriptIsBusy(c.engine)) {
    return c.reply.Error(c.engine.scripts->BusyError());
  }
  if (!c.engine.request_shutdown || !c.may_park()) {
    return c.reply.Error("ERR Errors trying to SHUTDOWN. Check logs.");
  }
  std::string words;
  for (std::string_view word : c.args.subspan(1)) StrAppend(words, word, " ");
  // No reply: the client sees the connection close, as with Redis, or an error if it fails.
  c.engine.stopping.Park(c);
  c.engine.request_shutdown(std::move(words));
}

// It need not wait for anything else behind the gate, such as a load, and ABORT for nothing.
bool StopsServer(Args words) { return !EqualsIgnoreCase(words.back(), "abort"); }

constexpr Command kCommands[] = {
    {.name = "save",
     .arity = 1,
     .flags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti | kExclusive,
     .run = Save,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(N) for N keys",
     .summary = "Saves the data set to disk while all clients wait."},
    {.name = "bgsave",
     .arity = -1,
     .flags = kAdmin | kNoScript | kNoAsyncLoading | kExclusive,
     .run = BgSave,
     .group = "server",
     .syntax = "[SCHEDULE@3.2.2]",
     .since = "1.0.0",
     .history = "3.2.2 Takes SCHEDULE.",
     .complexity = "O(1)",
     .summary = "Saves the data set to disk in the background."},
    {.name = "bgrewriteaof",
     .arity = 1,
     .flags = kAdmin | kNoScript | kNoAsyncLoading | kExclusive,
     .run = BgRewriteAof,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Rewrites the append-only file in the background, as short as it can be."},
    {.name = "lastsave",
     .arity = 1,
     .flags = kLoading | kStale | kFast,
     .categories = kCatAdmin | kCatDangerous,
     .run = LastSave,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns the Unix time of the last save that succeeded.",
     .tips = "nondeterministic_output"},
    {.name = "shutdown",
     .arity = -1,
     .flags = kAdmin | kNoScript | kLoading | kStale | kNoMulti | kSentinel | kAllowBusy,
     .run = Shutdown,
     .group = "server",
     .syntax = "[save-selector: NOSAVE | SAVE] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]",
     .since = "1.0.0",
     .history = "7.0.0 Takes NOW, FORCE and ABORT.",
     .complexity = "O(N) for N keys that are saved, else O(1)",
     .summary = "Ends the server, and saves the data set where there are save points.",
     .after_script = StopsServer},
};

}  // namespace

std::span<const Command> PersistenceCommands() { return kCommands; }

}  // namespace larder
