// ScriptRun: one script while it runs: who called it, what it may do, and the way of its commands
// through the engine. RunState is what other threads see of it.
//
// A ScriptRun lives on the stack of the thread that runs the script, with the gate closed.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/engine/context.h"
#include "server/script/server_api.h"

namespace larder {

// Whether a script runs, and how it may end. Any thread.
class RunState {
 public:
  enum class Phase : uint8_t { kIdle, kRunning, kWrote, kKilled };

  void Begin(int64_t now_us) {
    since_us_.store(now_us, std::memory_order_relaxed);
    phase_.store(Phase::kRunning, std::memory_order_release);
  }
  void End() { phase_.store(Phase::kIdle, std::memory_order_release); }

  Phase phase() const { return phase_.load(std::memory_order_acquire); }
  int64_t since_us() const { return since_us_.load(std::memory_order_relaxed); }

  // Before the script's first change: false when it was killed, and must not change anything now.
  bool BeginWriting() {
    Phase expected = Phase::kRunning;
    return phase_.compare_exchange_strong(expected, Phase::kWrote) || expected == Phase::kWrote;
  }
  // SCRIPT KILL. Returns the phase it met: kRunning, killed now; anything else: why not.
  Phase Kill() {
    Phase expected = Phase::kRunning;
    phase_.compare_exchange_strong(expected, Phase::kKilled);
    return expected;
  }
  // SHUTDOWN NOSAVE: ends a script whatever it has changed.
  void Abort() {
    if (phase() != Phase::kIdle) phase_.store(Phase::kKilled);
  }

 private:
  std::atomic<Phase> phase_{Phase::kIdle};
  std::atomic<int64_t> since_us_{0};
};

class ScriptRun : public ServerApi {
 public:
  struct Rules {
    bool read_only;  // EVAL_RO, no-writes
    bool allow_oom;
  };
  // `client` is the scripts' own; its output is scratch.
  ScriptRun(Context& caller, Client& client, RunState& state, std::string_view name, Rules rules);

  CallResult Call(Args args) override;
  Permission Check(Args args) override;
  int resp() const override { return reply_.resp(); }
  void set_resp(int resp) override { reply_.set_resp(resp); }
  bool ShouldStop() override;

 private:
  // Why the command must not run, or empty.
  std::string Refuse(const Command* command, Args args);
  bool OutOfMemory(const Command& command, Args args);
  void CountRefusal(const Command* command, std::string_view text);

  Context& caller_;
  Client& client_;
  RunState& state_;
  const std::string_view name_;
  const Rules rules_;
  Reply reply_;
  std::string refusal_;
  std::string flat_;  // a reply with large values in it, put together
  bool wrote_ = false;
  bool slow_logged_ = false;
};

}  // namespace larder
