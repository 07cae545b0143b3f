// Scripts: the scripts of one engine: what was sent, what runs. The commands EVAL and SCRIPT are
// written in terms of it.
//
// Threads: functions that say "closed gate" need it to be closed by the caller; the others are for
// any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/engine/context.h"
#include "server/engine/script_host.h"
#include "server/script/script_cache.h"
#include "server/script/script_run.h"

namespace larder {

class Interpreter;

class Scripts : public ScriptHost {
 public:
  Scripts();
  ~Scripts() override;

  // The script with this SHA1 in hexadecimal, or null. Closed gate.
  const Script* Find(std::string_view sha) const;
  // The script with this text, compiled if it is new. Null with *error. `keep`: SCRIPT LOAD. Closed
  // gate.
  const Script* Register(std::string_view body, bool keep, std::string* error);
  // Runs a script and answers the caller. `read_only`: EVAL_RO. Closed gate.
  void Run(Context& caller, const Script& script, Args keys, Args arguments, bool read_only);
  // Forgets all scripts, and everything a script may have left behind. Closed gate.
  void Flush();

  bool Has(std::string_view sha) const;
  // The phase that SCRIPT KILL met; the running script ends soon where it was kRunning.
  RunState::Phase Kill() { return state_.Kill(); }

  bool running() const override { return state_.phase() != RunState::Phase::kIdle; }
  int64_t running_since_us() const override { return state_.since_us(); }
  std::string_view BusyError() const override;
  void Abort() override { state_.Abort(); }
  size_t cached_scripts() const override { return cache_.size(); }
  size_t memory_bytes() const override;

 private:
  // Why a script with these flags must not start, or empty.
  std::string RefuseStart(Context& caller, const Script& script, bool read_only) const;

  ScriptCache cache_;
  std::unique_ptr<Interpreter> interpreter_;
  Client client_;  // of the scripts: its database, its replies
  RunState state_;
  std::atomic<size_t> interpreter_bytes_{0};
};

}  // namespace larder
