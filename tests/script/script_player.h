// Runs scripts against an Interpreter with a server that answers what the test says.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/script/interpreter.h"

namespace larder {

class FakeServer : public ServerApi {
 public:
  CallResult Call(Args args) override {
    calls.emplace_back(args.begin(), args.end());
    return {.reply = reply, .refusal = refusal};
  }
  Permission Check(Args args) override {
    return args[0] == "get" ? Permission::kAllowed : Permission::kUnknown;
  }
  int resp() const override { return resp_version; }
  void set_resp(int resp) override { resp_version = resp; }
  void set_replicates(bool) override {}
  void CountError(std::string_view) override {}
  std::string_view ReasonToStop() override {
    return ++checks > checks_before_kill ? "ERR Script killed by user with SCRIPT KILL..." : "";
  }

  std::string reply = "+OK\r\n", refusal;
  int resp_version = 2;
  int checks = 0, checks_before_kill = 1 << 30;
  std::vector<std::vector<std::string>> calls;
};

class ScriptPlayer {
 public:
  // What a client with this protocol gets for the script, as it is on the wire.
  std::string Run(std::string_view code, std::vector<std::string_view> keys = {},
                  std::vector<std::string_view> arguments = {}, int client_resp = 2) {
    std::string error;
    const int function = interpreter.Compile(code, &error);
    if (function == 0) return "compile: " + error;
    OutputBuffer out;
    Reply reply(out, client_resp);
    interpreter.Run({.function = function,
                     .name = "sha",
                     .keys = keys,
                     .arguments = arguments,
                     .server = server,
                     .reply = reply,
                     .most_reply_bytes = most_reply_bytes});
    interpreter.Release(function);
    return out.Flatten();
  }

  Interpreter interpreter{Interpreter::Kind::kScripts};
  FakeServer server;
  size_t most_reply_bytes = kMostReplyBytes;
};

}  // namespace larder
