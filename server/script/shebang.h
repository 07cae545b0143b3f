// The first line of a script, "#!lua flags=no-writes,allow-oom", and what it promises. Pure
// functions: any thread. (Redis' documentation of the flags:
// redis.io/docs/manual/programmability/lua-api.)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

enum ScriptFlag : uint32_t {
  kScriptNoWrites = 1u << 0,
  kScriptAllowOom = 1u << 1,
  kScriptAllowStale = 1u << 2,
  kScriptNoCluster = 1u << 3,
  kScriptAllowCrossSlot = 1u << 4,
  kScriptPlain = 1u << 31,  // no such line: each command is judged when it is called
};

struct Shebang {
  uint32_t flags = kScriptPlain;
  size_t size = 0;  // bytes of the line, without its end
};

// Nothing, with Redis' text in *error, when the line is there but wrong.
std::optional<Shebang> ParseShebang(std::string_view body, std::string* error);

}  // namespace larder
