// Functions: the libraries of functions that one engine has loaded. FUNCTION and FCALL are written
// in terms of it.
//
// Threads: functions that say "closed gate" need it to be closed by the caller; the others are for
// any thread. Errors are Redis' texts, code first.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/base/mutex.h"
#include "server/engine/context.h"
#include "server/engine/script_host.h"
#include "server/script/library_set.h"

namespace larder {

class Interpreter;
class ScriptRunner;

class Functions {
 public:
  // How long the source of a library may run, in milliseconds: it only registers functions.
  static constexpr int64_t kLoadLimitMs = 500;

  explicit Functions(ScriptRunner& runner);
  ~Functions();

  // Loads a library, and sets *name. Returns why it can't be, or nothing. `limit_ms` 0: its source
  // may run as long as it wants. Closed gate.
  std::string Load(std::string_view source, bool replace, int64_t limit_ms, std::string* name);
  // Loads libraries that were loaded before: all, or none and why. Closed gate.
  std::string Restore(std::span<const std::string> sources, LibraryMerge merge);
  // False where there is no such library. Closed gate.
  bool Delete(std::string_view name);
  // Forgets all libraries, and everything functions may have left behind. Closed gate.
  void Flush();

  // Null where there is none; in any case. Closed gate.
  const Function* Find(std::string_view name) const { return set_.FindFunction(name); }
  // Runs a function and answers the caller. `read_only`: FCALL_RO. Closed gate.
  void Run(Context& caller, const Function& function, Args keys, Args arguments, bool read_only);

  // Closed gate.
  const LibrarySet& libraries() const { return set_; }

  // The ScriptFlag bits of a function; nothing where there is none.
  std::optional<uint32_t> Flags(std::string_view name) const;
  size_t library_count() const;
  size_t function_count() const;
  size_t memory_bytes() const;
  size_t interpreter_bytes() const { return interpreter_bytes_.load(std::memory_order_relaxed); }

 private:
  // Runs a source and puts the library into `set`, whose functions `interpreter` knows.
  std::string LoadInto(LibrarySet& set, Interpreter& interpreter, std::string_view source,
                       bool replace, int64_t limit_ms, std::string* name);
  // Puts the libraries of `other` into `set`, or forgets them and says why not.
  std::string Join(LibrarySet& set, LibrarySet other, Interpreter& interpreter, bool replace);
  void PublishMemory();

  ScriptRunner& runner_;
  std::unique_ptr<Interpreter> interpreter_;
  std::atomic<size_t> interpreter_bytes_{0};
  // Around changes, and around what is read without the closed gate.
  mutable Mutex mutex_;
  LibrarySet set_;
};

}  // namespace larder
