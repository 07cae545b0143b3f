// Scripts: the scripts that were sent to one engine, compiled. EVAL and SCRIPT are written in terms
// of it.
//
// Threads: functions that say "closed gate" need it to be closed by the caller; the others are for
// any thread.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/engine/context.h"
#include "server/script/script_cache.h"

namespace larder {

class Interpreter;
class ScriptRunner;

class Scripts {
 public:
  explicit Scripts(ScriptRunner& runner);
  ~Scripts();

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
  // The ScriptFlag bits of the script with this SHA1; nothing where there is none.
  std::optional<uint32_t> Flags(std::string_view sha) const;

  size_t count() const { return cache_.size(); }
  size_t memory_bytes() const { return cache_.memory_bytes(); }
  size_t interpreter_bytes() const { return interpreter_bytes_.load(std::memory_order_relaxed); }

 private:
  void PublishMemory();

  ScriptRunner& runner_;
  ScriptCache cache_;
  std::unique_ptr<Interpreter> interpreter_;
  std::atomic<size_t> interpreter_bytes_{0};
};

}  // namespace larder
