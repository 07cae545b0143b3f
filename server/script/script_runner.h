// ScriptRunner: runs the scripts and functions of one engine, one at a time: who may start, as
// which client they call commands, what others see of the one that runs, and how they end it.
//
// Threads: Run with the closed gate; the others are for any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/mutex.h"
#include "server/engine/context.h"
#include "server/script/interpreter.h"
#include "server/script/random48.h"
#include "server/script/run_state.h"

namespace larder {

class ScriptRunner {
 public:
  ScriptRunner();

  struct Program {
    ScriptKind kind;
    std::string_view name;  // of the function; of a script its SHA1
    uint32_t flags;         // ScriptFlag bits
    Interpreter& interpreter;
    int function;  // what the interpreter knows it by
  };
  // Answers the caller. `read_only`: one of the *_RO commands.
  void Run(Context& caller, const Program& program, Args keys, Args arguments, bool read_only);

  // What FUNCTION STATS tells of a function that runs.
  struct Running {
    std::string name;
    std::vector<std::string> command;
    int64_t duration_ms;
  };
  std::optional<Running> running() const;

  RunState& state() { return state_; }
  const RunState& state() const { return state_; }

 private:
  struct Current {
    std::string_view name;
    Args command;
  };

  Client client_;  // of the scripts: its database, its replies
  RunState state_;
  Random48 random_;  // of math.random: scripts and functions share it, and it outlives a flush
  mutable Mutex mutex_;
  std::optional<Current> current_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace larder
