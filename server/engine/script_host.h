// ScriptHost: what the rooms below and beside the script room need to know of it: the dispatcher,
// INFO, and whoever writes and reads snapshots. Any thread, where nothing else is said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/args.h"
#include "server/engine/command.h"

namespace larder {

// What becomes of the libraries that are there when others are restored. kFlush: they go. kAppend:
// one of the same name is an error. kReplace: one of the same name goes.
enum class LibraryMerge : uint8_t { kFlush, kAppend, kReplace };

class ScriptHost {
 public:
  virtual ~ScriptHost() = default;

  // ---- For the dispatcher -----------------------------------------------------------------------
  // True while a script or function runs; then since when, on the monotonic clock.
  virtual bool running() const = 0;
  virtual int64_t running_since_us() const = 0;
  // The text of -BUSY for clients that meet a script over busy-reply-threshold.
  virtual std::string_view BusyError() const = 0;
  // Ends the running script, whatever it has changed; it takes a moment. Half a script is in no
  // file and on no replica: nothing that comes after it is, either, so this is for a server that
  // stops.
  virtual void Abort() = 0;
  // The row's flags of a command that runs a script (kRunsScript), as changed by what the script or
  // function declares: it writes or not, needs memory or not, works on a stale replica or not.
  virtual uint64_t FlagsOf(const Command& command, Args args) const = 0;

  // ---- For snapshots ----------------------------------------------------------------------------
  // The sources of all libraries of functions, by name. Loaded again they are all there is to
  // restore. REQUIRES: the gate is closed.
  virtual std::vector<std::string> LibrarySources() const = 0;
  // Loads libraries that were loaded before: all, or none and why ("ERR ..."). REQUIRES: the gate
  // is closed.
  virtual std::string RestoreLibraries(std::span<const std::string> sources,
                                       LibraryMerge merge) = 0;

  // ---- For INFO ---------------------------------------------------------------------------------
  struct Usage {
    size_t scripts = 0, libraries = 0, functions = 0;
    // Bytes: the interpreters of scripts and of functions, and what is kept beside them.
    size_t scripts_interpreter = 0, functions_interpreter = 0;
    size_t scripts_kept = 0, functions_kept = 0;
  };
  virtual Usage usage() const = 0;
};

}  // namespace larder
