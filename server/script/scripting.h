// Scripting: the script room of one engine: its scripts, its functions, and the one of them that
// runs. What other rooms see of it is ScriptHost; commands use the parts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/engine/script_host.h"
#include "server/script/functions.h"
#include "server/script/script_runner.h"
#include "server/script/scripts.h"

namespace larder {

class Scripting : public ScriptHost {
 public:
  ScriptRunner& runner() { return runner_; }
  Scripts& scripts() { return scripts_; }
  Functions& functions() { return functions_; }

  bool running() const override { return runner_.state().phase() != RunState::Phase::kIdle; }
  int64_t running_since_us() const override;
  std::string_view BusyError() const override;
  void Abort() override { runner_.state().Abort(); }
  uint64_t FlagsOf(const Command& command, Args args) const override;

  std::vector<std::string> LibrarySources() const override;
  std::string RestoreLibraries(std::span<const std::string> sources, LibraryMerge merge) override {
    return functions_.Restore(sources, merge);
  }

  Usage usage() const override;

 private:
  ScriptRunner runner_;
  Scripts scripts_{runner_};
  Functions functions_{runner_};
};

}  // namespace larder
