// ScriptRun: one script or function while it runs: who called it, what it may do, and the way of
// its commands through the engine.
//
// It lives on the stack of the thread that runs the script, with the gate closed.
#pragma once

#include <string>
#include <string_view>

#include "server/engine/context.h"
#include "server/script/key_lookahead.h"
#include "server/script/run_state.h"
#include "server/script/server_api.h"

namespace larder {

class ScriptRun : public ServerApi {
 public:
  struct Rules {
    bool read_only;  // EVAL_RO, FCALL_RO, no-writes
    bool allow_oom;
  };
  // `client` is the scripts' own; its output is scratch. `name` as errors and logs call the script.
  ScriptRun(Context& caller, Client& client, RunState& state, std::string_view name, Rules rules);

  CallResult Call(Args args) override;
  Permission Check(Args args) override;
  int resp() const override { return reply_.resp(); }
  void set_resp(int resp) override { reply_.set_resp(resp); }
  void set_replicates(bool replicates) override { client_.replicates = replicates; }
  void CountError(std::string_view code) override;
  std::string_view ReasonToStop() override;

  // It was ended in the middle of what it changes (ScriptHost::Abort).
  bool half_done() const { return wrote_ && killed_; }

 private:
  // Why the command must not run, or empty.
  std::string Refuse(const Command* command, Args args);
  bool MayCallMore(const Command& command) const;
  // The same as Refuse for a command that writes.
  std::string RefuseWrite(const Command& command, Args args);
  std::string RefuseWithoutPermission(const Command& command, Args args);
  void CountRefusal(const Command* command, std::string_view text);

  Context& caller_;
  Client& client_;
  RunState& state_;
  const std::string_view name_;
  const Rules rules_;
  Reply reply_;
  std::string refusal_;
  KeyLookahead lookahead_;
  std::string flat_;  // a reply with large values in it, put together
  bool wrote_ = false;
  bool killed_ = false;
  bool slow_logged_ = false;
};

}  // namespace larder
