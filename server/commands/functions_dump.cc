// FUNCTION DUMP and RESTORE: all libraries in one payload.
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/engine/engine.h"
#include "server/engine/script_host.h"
#include "server/persistence/dump_payload.h"
#include "server/script/library_dump.h"

namespace larder {
namespace {

void FunctionDump(Context& c) { c.reply.Bulk(MakeLibraryDump(c.engine.scripts->LibrarySources())); }

bool ReadMerge(Context& c, LibraryMerge* merge) {
  *merge = LibraryMerge::kAppend;
  if (c.args.size() == 3 || EqualsIgnoreCase(c.args[3], "append")) return true;
  if (EqualsIgnoreCase(c.args[3], "replace")) {
    *merge = LibraryMerge::kReplace;
  } else if (EqualsIgnoreCase(c.args[3], "flush")) {
    *merge = LibraryMerge::kFlush;
  } else {
    c.reply.Error(
        "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
    return false;
  }
  return true;
}

void FunctionRestore(Context& c) {
  if (c.args.size() > 4) return c.reply.Error(UnknownForm(c));
  LibraryMerge merge;
  if (!ReadMerge(c, &merge)) return;
  if (!VerifyDumpPayload(c.args[2], false)) {
    return c.reply.Error("ERR DUMP payload version or checksum are wrong");
  }
  std::vector<std::string> sources;
  std::string error = ReadLibraryDump(c.args[2], &sources);
  if (error.empty()) error = c.engine.scripts->RestoreLibraries(sources, merge);
  if (!error.empty()) return c.reply.Error(error);
  c.worker.stats.changes.Add(1);
  c.ReplicateAs(c.args);
  c.reply.Ok();
}

constexpr Command kCommands[] = {
    {.name = "dump",
     .parent = "function",
     .arity = 2,
     .flags = kNoScript | kExclusive,
     .categories = kCatScripting,
     .run = FunctionDump,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "O(N) for N bytes of sources",
     .summary = "Returns all libraries as one payload for FUNCTION RESTORE."},
    {.name = "restore",
     .parent = "function",
     .arity = -3,
     .flags = kNoScript | kWrite | kDenyOom | kExclusive,
     .categories = kCatScripting,
     .run = FunctionRestore,
     .group = "scripting",
     .syntax = "serialized-value [policy: FLUSH | APPEND | REPLACE]",
     .since = "7.0.0",
     .complexity = "O(N) for N functions in the payload",
     .summary = "Loads the libraries of a payload that FUNCTION DUMP made.",
     .tips = kAllShards},
};

}  // namespace

std::span<const Command> FunctionDumpCommands() { return kCommands; }

}  // namespace larder
