// The first line of a script, "#!lua flags=no-writes,allow-oom", and of a library of functions,
// "#!lua name=mylib", and what they promise. Pure functions: any thread. (Redis' documentation of
// the flags: redis.io/docs/manual/programmability/lua-api.)
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace larder {

enum ScriptFlag : uint32_t {
  kScriptNoWrites = 1u << 0,
  kScriptAllowOom = 1u << 1,
  kScriptAllowStale = 1u << 2,
  kScriptNoCluster = 1u << 3,
  kScriptAllowCrossSlot = 1u << 4,
  kScriptPlain =
      1u << 31,  // a script without such a line: each command is judged when it is called
};

struct ScriptFlagName {
  std::string_view name;
  ScriptFlag flag;
};
// All that have a name, in the order in which they are listed.
std::span<const ScriptFlagName> ScriptFlagNames();

struct Shebang {
  uint32_t flags = kScriptPlain;
  size_t size = 0;  // bytes of the line, without its end
};

// Nothing, with Redis' text in *error, when the line is there but wrong.
std::optional<Shebang> ParseShebang(std::string_view body, std::string* error);

struct LibraryShebang {
  std::string name;
  size_t size = 0;
};

// The same for the source of a library, which must have that line, with its name.
std::optional<LibraryShebang> ParseLibraryShebang(std::string_view source, std::string* error);

// Libraries and functions are called by letters, digits and underscores.
bool IsFunctionName(std::string_view name);
inline constexpr std::string_view kBadFunctionName =
    "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least "
    "one character long";

}  // namespace larder
