#include "server/script/library_api.h"

#include <lua.hpp>
#include <string_view>

#include "server/base/strings.h"
#include "server/script/error_table.h"
#include "server/script/interpreter.h"
#include "server/script/library_load.h"
#include "server/script/protect.h"
#include "server/script/redis_api.h"
#include "server/script/sandbox.h"
#include "server/script/shebang.h"

namespace larder {
namespace {

// Where ReadNamedArguments keeps the callback while it looks at the other fields of the table.
constexpr int kCallback = 2;

// The text of a string or number at `index`.
bool ReadText(lua_State* state, int index, std::string* text) {
  if (!lua_isstring(state, index)) return false;
  lua_pushvalue(state, index);  // a number is converted in its place
  size_t size;
  const char* bytes = lua_tolstring(state, -1, &size);
  text->assign(bytes, size);
  lua_pop(state, 1);
  return true;
}

uint32_t FlagNamed(std::string_view name) {
  for (const ScriptFlagName& known : ScriptFlagNames()) {
    if (EqualsIgnoreCase(known.name, name)) return known.flag;
  }
  return 0;
}

// Reads the array of flags on top of the stack.
bool ReadFlags(lua_State* state, uint32_t* flags) {
  for (int i = 1;; ++i) {
    lua_rawgeti(state, -1, i);
    if (lua_isnil(state, -1)) break;
    std::string name;
    const uint32_t flag = ReadText(state, -1, &name) ? FlagNamed(name) : 0;
    if (flag == 0) return false;
    *flags |= flag;
    lua_pop(state, 1);
  }
  lua_pop(state, 1);
  return true;
}

// Reads the field of the named arguments whose key and value are on top. Why it is wrong, or empty.
std::string_view ReadField(lua_State* state, Function* function, bool* named) {
  if (!lua_isstring(state, -2)) {
    return "ERR named argument key given to redis.register_function is not a string";
  }
  std::string key;
  ReadText(state, -2, &key);
  if (EqualsIgnoreCase(key, "function_name")) {
    *named = ReadText(state, -1, &function->name);
    if (*named) return {};
    return "ERR function_name argument given to redis.register_function must be a string";
  }
  if (EqualsIgnoreCase(key, "description")) {
    if (ReadText(state, -1, &function->description.emplace())) return {};
    return "ERR description argument given to redis.register_function must be a string";
  }
  if (EqualsIgnoreCase(key, "callback")) {
    if (!lua_isfunction(state, -1)) {
      return "ERR callback argument given to redis.register_function must be a function";
    }
    lua_pushvalue(state, -1);
    lua_replace(state, kCallback);
    return {};
  }
  if (EqualsIgnoreCase(key, "flags")) {
    if (!lua_istable(state, -1)) {
      return "ERR flags argument to redis.register_function must be a table representing function "
             "flags";
    }
    return ReadFlags(state, &function->flags) ? "" : "ERR unknown flag given";
  }
  return "ERR unknown argument given to redis.register_function";
}

// register_function{function_name = ..., callback = ..., description = ..., flags = {...}}
std::string_view ReadNamedArguments(lua_State* state, Function* function) {
  if (!lua_istable(state, 1)) {
    return "ERR calling redis.register_function with a single argument is only applicable to Lua "
           "table (representing named arguments).";
  }
  bool named = false;
  lua_pushnil(state);  // kCallback
  for (lua_pushnil(state); lua_next(state, 1) != 0; lua_pop(state, 1)) {
    const std::string_view error = ReadField(state, function, &named);
    if (!error.empty()) return error;
  }
  if (!named) return "ERR redis.register_function must get a function name argument";
  if (lua_isnil(state, kCallback)) {
    return "ERR redis.register_function must get a callback argument";
  }
  return {};
}

// register_function(name, callback)
std::string_view ReadArguments(lua_State* state, Function* function) {
  const int count = lua_gettop(state);
  if (count < 1 || count > 2) return "ERR wrong number of arguments to redis.register_function";
  if (count == 1) return ReadNamedArguments(state, function);
  if (!ReadText(state, 1, &function->name)) {
    return "ERR first argument to redis.register_function must be a string";
  }
  if (!lua_isfunction(state, kCallback)) {
    return "ERR second argument to redis.register_function must be a function";
  }
  return {};
}

int RegisterFunction(lua_State* state) {
  LibraryLoad* load = Interpreter::Of(state).load();
  if (load == nullptr) {
    RaiseErrorTable(state,
                    "ERR redis.register_function can only be called on FUNCTION LOAD command");
  }
  Function function;
  std::string_view error = ReadArguments(state, &function);
  if (error.empty()) error = load->Refuse(function.name);
  if (!error.empty()) RaiseErrorTable(state, error);
  lua_settop(state, kCallback);
  function.number = luaL_ref(state, LUA_REGISTRYINDEX);
  load->Add(std::move(function));
  return 0;
}

}  // namespace

void OpenLibraryApi(lua_State* state) {
  lua_createtable(state, 0, 1);
  lua_newtable(state);
  lua_pushcfunction(state, RegisterFunction);
  lua_setfield(state, -2, "register_function");
  AddLogAndVersion(state);
  RaiseWhereMissing(state);
  Protect(state);
  lua_setfield(state, -2, "redis");
  RaiseWhereMissing(state);
}

}  // namespace larder
