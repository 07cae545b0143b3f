#include "server/script/redis_api.h"

#include <cmath>
#include <initializer_list>
#include <lua.hpp>
#include <string>

#include "server/base/hex.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/base/version.h"
#include "server/script/c_values.h"
#include "server/script/error_table.h"
#include "server/script/interpreter.h"
#include "server/script/lua_strings.h"
#include "server/script/reply_to_lua.h"
#include "server/script/sha1.h"

namespace larder {
namespace {

constexpr lua_Integer kReplicateToAof = 1;
constexpr lua_Integer kReplicateToReplicas = 2;
constexpr lua_Integer kReplicateToAll = kReplicateToAof | kReplicateToReplicas;

std::string_view TextAt(lua_State* state, int index) {
  size_t size;
  const char* text = lua_tolstring(state, index, &size);
  return {text, size};
}

// Functions of the table may be kept by what outlives a run (a coroutine that the collector ends).
ServerApi& ServerOf(lua_State* state) {
  ServerApi* server = Interpreter::Of(state).server();
  if (server == nullptr)
    RaiseErrorTable(state, "ERR can only be called inside a script invocation");
  return *server;
}

// ---- Commands -----------------------------------------------------------------------------------

// As "%.17g": whole numbers without exponent up to 10^17, and no digit is lost.
void NumberToString(lua_State* state, int index) {
  const lua_Number number = lua_tonumber(state, index);
  char text[kMaxDoubleLength];
  const bool whole = std::fabs(number) < 1e17 && number == std::floor(number) &&
                     !(number == 0 && std::signbit(number));
  const size_t size =
      whole ? FormatInt(text, static_cast<int64_t>(number)) : FormatDouble(text, number);
  const std::string_view digits =
      std::isnan(number) ? NanText(number) : std::string_view(text, size);
  lua_pushlstring(state, digits.data(), digits.size());
  lua_replace(state, index);
}

// The arguments as words of a command, views into strings that the stack keeps alive. False with an
// error table pushed.
bool CollectWords(lua_State* state, std::vector<std::string_view>& words) {
  const int count = lua_gettop(state);
  if (count == 0) {
    PushErrorTable(state, "ERR Please specify at least one argument for this redis lib call");
    return false;
  }
  words.clear();
  for (int i = 1; i <= count; ++i) {
    const int type = lua_type(state, i);
    if (type == LUA_TNUMBER) {
      NumberToString(state, i);
    } else if (type != LUA_TSTRING) {
      lua_settop(state, 0);
      PushErrorTable(state, "ERR Lua redis lib command arguments must be strings or integers");
      return false;
    }
    words.push_back(TextAt(state, i));
  }
  return true;
}

// Runs a command and pushes its result. False: the result is an error.
bool CallCommand(lua_State* state) {
  ServerApi& server = ServerOf(state);
  std::vector<std::string_view>& words = Interpreter::Of(state).words();
  if (!CollectWords(state, words)) return false;
  const ServerApi::CallResult result = server.Call(words);
  lua_settop(state, 0);
  if (result.later_key != 0) FetchChain(state, result.later_key);
  if (result.soon_key != 0) FetchString(state, result.soon_key);
  if (!result.refusal.empty()) {
    PushCountedErrorTable(state, result.refusal);
    return false;
  }
  PushReply(state, result.reply);
  return result.reply.front() != '-';
}

int Call(lua_State* state) {
  if (!CallCommand(state)) lua_error(state);
  return 1;
}

int PCall(lua_State* state) {
  CallCommand(state);
  return 1;
}

int CheckCommand(lua_State* state) {
  ServerApi& server = ServerOf(state);
  std::vector<std::string_view>& words = Interpreter::Of(state).words();
  if (!CollectWords(state, words)) return lua_error(state);
  const ServerApi::Permission permission = server.Check(words);
  if (permission == ServerApi::Permission::kUnknown) {
    RaiseErrorTable(state, "ERR Invalid command passed to redis.acl_check_cmd()");
  }
  lua_pushboolean(state, permission == ServerApi::Permission::kAllowed);
  return 1;
}

// ---- Replies ------------------------------------------------------------------------------------

bool OneString(lua_State* state) {
  if (lua_gettop(state) == 1 && lua_type(state, 1) == LUA_TSTRING) return true;
  PushErrorTable(state, "ERR wrong number or type of arguments");
  return false;
}

std::string_view WithoutLineEndsAround(std::string_view text) {
  const size_t begin = text.find_first_not_of("\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of("\r\n") + 1 - begin);
}

// "CODE text": the line ends around the text go, those in the code stay.
int ErrorReply(lua_State* state) {
  if (!OneString(state)) return 1;
  std::string_view text = UpToZero(TextAt(state, 1));
  if (text.starts_with('-')) text.remove_prefix(1);
  std::string_view code = "ERR";
  if (const size_t blank = text.find(' '); blank != text.npos) {
    code = text.substr(0, blank);
    text.remove_prefix(blank + 1);
  }
  PushErrorTable(state, StrCat(code, " ", WithoutLineEndsAround(text)));
  return 1;
}

int StatusReply(lua_State* state) {
  if (!OneString(state)) return 1;
  lua_createtable(state, 0, 1);
  lua_pushvalue(state, 1);
  lua_setfield(state, -2, "ok");
  return 1;
}

int SetResp(lua_State* state) {
  ServerApi& server = ServerOf(state);
  if (lua_gettop(state) != 1) RaiseErrorTable(state, "ERR redis.setresp() requires one argument.");
  const int resp = ToInt(lua_tonumber(state, 1));
  if (resp != 2 && resp != 3) RaiseErrorTable(state, "ERR RESP version must be 2 or 3.");
  server.set_resp(resp);
  return 0;
}

// ---- The rest -----------------------------------------------------------------------------------

int Sha1Hex(lua_State* state) {
  if (lua_gettop(state) != 1) RaiseErrorTable(state, "ERR wrong number of arguments");
  // What is no string has no bytes.
  const std::string_view text = lua_isstring(state, 1) ? TextAt(state, 1) : "";
  lua_pushstring(state, HexOf(Sha1Of(text)).c_str());
  return 1;
}

int LogLine(lua_State* state) {
  const int count = lua_gettop(state);
  if (count < 2) RaiseErrorTable(state, "ERR redis.log() requires two arguments or more.");
  if (!lua_isnumber(state, 1)) {
    RaiseErrorTable(state, "ERR First argument must be a number (log level).");
  }
  const int level = ToInt(lua_tonumber(state, 1));
  if (level < static_cast<int>(LogLevel::kDebug) || level > static_cast<int>(LogLevel::kWarning)) {
    RaiseErrorTable(state, "ERR Invalid debug level.");
  }
  std::string line;
  for (int i = 2; i <= count; ++i) {
    if (!lua_isstring(state, i)) continue;
    if (!line.empty()) line.push_back(' ');
    line.append(TextAt(state, i));
  }
  Log(static_cast<LogLevel>(level), line);
  return 0;
}

// One log serves replicas and the append-only file: its effects go to both, or to none.
int SetRepl(lua_State* state) {
  ServerApi& server = ServerOf(state);
  if (lua_gettop(state) != 1) {
    RaiseErrorTable(state, "ERR redis.set_repl() requires two arguments.");
  }
  const int targets = ToInt(lua_tonumber(state, 1));
  if (targets < 0 || targets > kReplicateToAll) {
    RaiseErrorTable(state,
                    "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or "
                    "REPL_NONE.");
  }
  server.set_replicates(targets != 0);
  return 0;
}

int ReplicateCommands(lua_State* state) {
  lua_pushboolean(state, 1);
  return 1;
}

// There is no debugger.
int Breakpoint(lua_State* state) {
  lua_pushboolean(state, 0);
  return 1;
}

int Debug(lua_State*) { return 0; }

// "7.2.4" as 0x00070204.
lua_Integer VersionNumber() {
  lua_Integer number = 0, part = 0;
  for (char c : kRedisVersion) {
    if (c == '.') {
      number = (number | part) << 8;
      part = 0;
    } else {
      part = part * 10 + (c - '0');
    }
  }
  return number | part;
}

struct Constant {
  const char* name;
  lua_Integer value;
};

void AddConstants(lua_State* state, std::initializer_list<Constant> constants) {
  for (const Constant& constant : constants) {
    lua_pushinteger(state, constant.value);
    lua_setfield(state, -2, constant.name);
  }
}

void AddFunctions(lua_State* state, std::initializer_list<luaL_Reg> functions) {
  for (const luaL_Reg& function : functions) {
    lua_pushcfunction(state, function.func);
    lua_setfield(state, -2, function.name);
  }
}

}  // namespace

void AddLogAndVersion(lua_State* state) {
  AddFunctions(state, {{"log", LogLine}});
  AddConstants(state, {{"LOG_DEBUG", static_cast<int>(LogLevel::kDebug)},
                       {"LOG_VERBOSE", static_cast<int>(LogLevel::kVerbose)},
                       {"LOG_NOTICE", static_cast<int>(LogLevel::kNotice)},
                       {"LOG_WARNING", static_cast<int>(LogLevel::kWarning)},
                       {"REDIS_VERSION_NUM", VersionNumber()}});
  lua_pushlstring(state, kRedisVersion.data(), kRedisVersion.size());
  lua_setfield(state, -2, "REDIS_VERSION");
}

void OpenRedisApi(lua_State* state) {
  lua_newtable(state);
  AddFunctions(state, {{"call", Call},
                       {"pcall", PCall},
                       {"error_reply", ErrorReply},
                       {"status_reply", StatusReply},
                       {"sha1hex", Sha1Hex},
                       {"setresp", SetResp},
                       {"set_repl", SetRepl},
                       {"acl_check_cmd", CheckCommand}});
  AddConstants(state, {{"REPL_NONE", 0},
                       {"REPL_AOF", kReplicateToAof},
                       {"REPL_SLAVE", kReplicateToReplicas},
                       {"REPL_REPLICA", kReplicateToReplicas},
                       {"REPL_ALL", kReplicateToAll}});
  AddLogAndVersion(state);
  lua_setglobal(state, "redis");
}

void AddScriptsApi(lua_State* state) {
  lua_getglobal(state, "redis");
  AddFunctions(
      state,
      {{"replicate_commands", ReplicateCommands}, {"breakpoint", Breakpoint}, {"debug", Debug}});
  lua_pop(state, 1);
}

}  // namespace larder
