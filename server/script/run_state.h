// RunState: whether a script or function runs, since when, and how it may end. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace larder {

// EVAL and its kin, or FCALL: each has its own command that kills.
enum class ScriptKind : uint8_t { kScript, kFunction };

class RunState {
 public:
  enum class Phase : uint8_t { kIdle, kRunning, kWrote, kKilled };

  void Begin(ScriptKind kind, int64_t now_us) {
    since_us_.store(now_us, std::memory_order_relaxed);
    state_.store({Phase::kRunning, kind}, std::memory_order_release);
  }
  void End() { state_.store({}, std::memory_order_release); }

  Phase phase() const { return state_.load(std::memory_order_acquire).phase; }
  // Of what runs.
  ScriptKind kind() const { return state_.load(std::memory_order_acquire).kind; }
  int64_t since_us() const { return since_us_.load(std::memory_order_relaxed); }

  // Before the first change: false when it was killed, and must not change anything now.
  bool BeginWriting() {
    State expected = state_.load();
    if (expected.phase != Phase::kRunning) return expected.phase == Phase::kWrote;
    return state_.compare_exchange_strong(expected, {Phase::kWrote, expected.kind});
  }

  enum class Kill : uint8_t { kDone, kIdle, kWrote, kOtherKind };
  // SCRIPT KILL, FUNCTION KILL: ends what runs soon, if it may. What was killed counts as ended.
  Kill TryKill(ScriptKind kind) {
    State expected = state_.load();
    for (;;) {
      if (expected.phase == Phase::kIdle || expected.phase == Phase::kKilled) return Kill::kIdle;
      if (expected.phase == Phase::kWrote) return Kill::kWrote;
      if (expected.kind != kind) return Kill::kOtherKind;
      if (state_.compare_exchange_strong(expected, {Phase::kKilled, kind})) return Kill::kDone;
    }
  }
  // The server stops: ends it whatever it has changed.
  void Abort() {
    State expected = state_.load();
    while (expected.phase != Phase::kIdle &&
           !state_.compare_exchange_strong(expected, {Phase::kKilled, expected.kind})) {
    }
  }

 private:
  struct State {
    Phase phase = Phase::kIdle;
    ScriptKind kind = ScriptKind::kScript;
  };
  std::atomic<State> state_{State{}};
  std::atomic<int64_t> since_us_{0};
};

}  // namespace larder
