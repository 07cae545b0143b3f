#include "server/script/sandbox.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <lua.hpp>
#include <string>
#include <utility>

#include "server/script/interpreter.h"
#include "server/script/protect.h"

namespace larder {
namespace {

// ---- Loading: text only -------------------------------------------------------------------------

// Lua takes what begins with ESC for bytecode, which can do anything to the process. A blank in
// front makes it text, always.
constexpr char kBlank[] = " ";

struct TextReader {
  std::string_view text;
  bool begun = false;
};

const char* ReadText(lua_State*, void* data, size_t* size) {
  auto& reader = *static_cast<TextReader*>(data);
  if (!std::exchange(reader.begun, true)) {
    *size = 1;
    return kBlank;
  }
  const std::string_view text = std::exchange(reader.text, {});
  *size = text.size();
  return text.empty() ? nullptr : text.data();
}

// The pieces that the function at index 1 returns; the last one is kept alive at index 3.
const char* ReadPieces(lua_State* state, void* data, size_t* size) {
  if (!std::exchange(*static_cast<bool*>(data), true)) {
    *size = 1;
    return kBlank;
  }
  luaL_checkstack(state, 2, "too many nested functions");
  lua_pushvalue(state, 1);
  lua_call(state, 0, 1);
  *size = 0;
  if (lua_isnil(state, -1)) return nullptr;
  if (!lua_isstring(state, -1)) luaL_error(state, "reader function must return a string");
  lua_replace(state, 3);
  return lua_tolstring(state, 3, size);
}

int FunctionOrMessage(lua_State* state, int status) {
  if (status == 0) return 1;
  lua_pushnil(state);
  lua_insert(state, -2);
  return 2;
}

int LoadString(lua_State* state) {
  size_t size;
  const char* text = luaL_checklstring(state, 1, &size);
  const char* name = luaL_optstring(state, 2, text);
  return FunctionOrMessage(state, LoadText(state, {text, size}, name));
}

int Load(lua_State* state) {
  luaL_checktype(state, 1, LUA_TFUNCTION);
  const char* name = luaL_optstring(state, 2, "=(load)");
  lua_settop(state, 3);
  lua_pushstring(state, name);  // the parser does not keep the name alive itself
  bool begun = false;
  return FunctionOrMessage(state, lua_load(state, ReadPieces, &begun, lua_tostring(state, 4)));
}

// ---- Base ---------------------------------------------------------------------------------------

// Errors that are tables with `err` arrive as that text: scripts written for Redis before 7 rely on
// it.
int PCall(lua_State* state) {
  luaL_checkany(state, 1);
  const int status = lua_pcall(state, lua_gettop(state) - 1, LUA_MULTRET, 0);
  if (status == 0) {
    lua_pushboolean(state, 1);
    lua_insert(state, 1);
    return lua_gettop(state);
  }
  if (lua_istable(state, -1)) {
    lua_getfield(state, -1, "err");
    if (!lua_isstring(state, -1)) lua_pop(state, 1);
  }
  lua_pushboolean(state, 0);
  lua_insert(state, -2);
  return 2;
}

// Lua's own counts the values in 31 bits: the widest ranges overflow, and write past the stack.
int Unpack(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  const int64_t first = luaL_optint(state, 2, 1);
  const int64_t last = lua_isnoneornil(state, 3) ? static_cast<int64_t>(lua_objlen(state, 1))
                                                 : luaL_checkint(state, 3);
  if (first > last) return 0;
  const int64_t count = last - first + 1;
  if (count > LUAI_MAXCSTACK || !lua_checkstack(state, static_cast<int>(count))) {
    return luaL_error(state, "too many results to unpack");
  }
  for (int64_t i = first; i <= last; ++i) lua_rawgeti(state, 1, static_cast<int>(i));
  return static_cast<int>(count);
}

// The collector belongs to all scripts: one may ask and collect, but neither switch it off nor set
// its pace, which always was Lua's own before.
int CollectGarbage(lua_State* state) {
  static constexpr const char* kOptions[] = {"collect", "count",    "step",       "stop",
                                             "restart", "setpause", "setstepmul", nullptr};
  enum Option { kCollect, kCount, kStep, kStop, kRestart, kSetPause, kSetStepMultiplier };
  const int option = luaL_checkoption(state, 1, "collect", kOptions);
  const int argument = luaL_optint(state, 2, 0);
  if (option == kStep) {
    lua_pushboolean(state, lua_gc(state, LUA_GCSTEP, argument));
    return 1;
  }
  lua_Number result = 0;
  if (option == kCollect) {
    lua_gc(state, LUA_GCCOLLECT, 0);
  } else if (option == kCount) {
    result = lua_gc(state, LUA_GCCOUNT, 0) + lua_gc(state, LUA_GCCOUNTB, 0) / 1024.0;
  } else if (option == kSetPause || option == kSetStepMultiplier) {
    result = 200;  // percent
  }
  lua_pushnumber(state, result);
  return 1;
}

// ---- Strings ------------------------------------------------------------------------------------

// Lua's matcher calls itself for every '?' and '*' of a pattern; this many fit a thread's stack.
constexpr size_t kMostPatternBytes = 8000;

// Half of what a script can hold, since it is built beside the interpreter's memory.
constexpr size_t kMostRepeatedBytes = Interpreter::kMostBytes / 2;

// Upvalues: Lua's own function, and whether it is string.find, whose fourth argument says that the
// pattern is none.
int CallWithShortPattern(lua_State* state) {
  size_t size;
  const char* pattern =
      lua_type(state, 2) == LUA_TSTRING ? lua_tolstring(state, 2, &size) : nullptr;
  if (pattern != nullptr && size > kMostPatternBytes) [[unlikely]] {
    const bool plain = lua_toboolean(state, lua_upvalueindex(2)) && lua_toboolean(state, 4);
    const std::string_view text(pattern, size);
    if (!plain && text.find_first_of("^$*+?.([%-") != text.npos) {
      return luaL_error(state, "pattern too complex");
    }
  }
  return lua_tocfunction(state, lua_upvalueindex(1))(state);
}

// Lua's own counts to the end even where there is nothing to repeat, and byte by byte.
int Repeat(lua_State* state) {
  size_t size;
  const char* text = luaL_checklstring(state, 1, &size);
  const size_t count = static_cast<size_t>(std::max(luaL_checkint(state, 2), 0));
  if (size == 0 || count == 0) {
    lua_pushliteral(state, "");
    return 1;
  }
  if (count > kMostRepeatedBytes / size) {
    return luaL_error(state, "resulting string too large");
  }
  std::string repeated;
  repeated.reserve(size * count);
  for (size_t i = 0; i < count; ++i) repeated.append(text, size);
  lua_pushlstring(state, repeated.data(), repeated.size());
  return 1;
}

void LimitPatterns(lua_State* state) {
  lua_getglobal(state, LUA_STRLIBNAME);
  for (const char* name : {"find", "match", "gmatch", "gfind", "gsub"}) {
    lua_getfield(state, -1, name);
    lua_pushboolean(state, std::string_view(name) == "find");
    lua_pushcclosure(state, CallWithShortPattern, 2);
    lua_setfield(state, -2, name);
  }
  lua_pop(state, 1);
}

// ---- Sealing ------------------------------------------------------------------------------------

// Methods of strings are found in the real library; the metatable that scripts see is a protected
// one in front of the protected library. REQUIRES: the global `string` is protected.
void SealStrings(lua_State* state) {
  lua_pushliteral(state, "");
  lua_getmetatable(state, -1);
  lua_newtable(state);
  lua_getglobal(state, LUA_STRLIBNAME);
  lua_setfield(state, -2, "__index");
  Protect(state);
  lua_setfield(state, -2, "__metatable");
  lua_pop(state, 2);
}

int MissingGlobal(lua_State* state) {
  if (!lua_isstring(state, 2)) {
    return luaL_error(state,
                      "Second argument to luaProtectedTableError must be a string or number");
  }
  return luaL_error(state, "Script attempted to access nonexistent global variable '%s'",
                    lua_tostring(state, 2));
}

void Open(lua_State* state, lua_CFunction open, const char* name) {
  lua_pushcfunction(state, open);
  lua_pushstring(state, name);
  lua_call(state, 1, 0);
}

// ---- Errors -------------------------------------------------------------------------------------

// What kills a script is raised from a hook, and while a hook runs there are no others: a handler
// that loops would never end. It is known by the hook that comes before every instruction from then
// on (Interpreter::CheckInterrupt), and handed on as it is.
int HandleError(lua_State* state) {
  lua_settop(state, 1);
  if (lua_gethookcount(state) == 1) return 1;
  lua_pushvalue(state, lua_upvalueindex(1));
  lua_insert(state, 1);
  lua_call(state, 1, 1);
  return 1;
}

int XPCall(lua_State* state) {
  luaL_checkany(state, 2);
  lua_settop(state, 2);
  lua_pushcclosure(state, HandleError, 1);
  lua_insert(state, 1);
  const int status = lua_pcall(state, 0, LUA_MULTRET, 1);
  lua_pushboolean(state, status == 0);
  lua_replace(state, 1);
  return lua_gettop(state);
}

}  // namespace

void RaiseWhereMissing(lua_State* state) {
  lua_createtable(state, 0, 1);
  lua_pushcfunction(state, MissingGlobal);
  lua_setfield(state, -2, "__index");
  lua_setmetatable(state, -2);
}

int LoadText(lua_State* state, std::string_view text, const char* name) {
  TextReader reader{.text = text};
  lua_pushstring(state, name);  // the parser does not keep the name alive itself
  const int status = lua_load(state, ReadText, &reader, lua_tostring(state, -1));
  lua_remove(state, -2);
  return status;
}

void OpenSafeLua(lua_State* state) {
  Open(state, luaopen_base, "");
  Open(state, luaopen_table, LUA_TABLIBNAME);
  Open(state, luaopen_string, LUA_STRLIBNAME);
  Open(state, luaopen_math, LUA_MATHLIBNAME);
  for (const char* name : {"dofile", "loadfile", "print", "getfenv", "setfenv", "newproxy"}) {
    lua_pushnil(state);
    lua_setglobal(state, name);
  }
  static constexpr luaL_Reg kReplaced[] = {{"load", Load},     {"loadstring", LoadString},
                                           {"pcall", PCall},   {"xpcall", XPCall},
                                           {"unpack", Unpack}, {"collectgarbage", CollectGarbage}};
  for (const luaL_Reg& function : kReplaced) {
    lua_pushcfunction(state, function.func);
    lua_setglobal(state, function.name);
  }
  ReplaceRawFunctions(state);
  LimitPatterns(state);
  lua_getglobal(state, LUA_STRLIBNAME);
  lua_pushcfunction(state, Repeat);
  lua_setfield(state, -2, "rep");
  lua_pop(state, 1);
}

void SealGlobals(lua_State* state) {
  lua_pushvalue(state, LUA_GLOBALSINDEX);
  const int globals = lua_gettop(state);
  lua_pushnil(state);
  lua_setfield(state, globals, "_G");
  lua_pushnil(state);
  while (lua_next(state, globals)) {
    if (!lua_istable(state, -1)) {
      lua_pop(state, 1);
      continue;
    }
    Protect(state);
    lua_pushvalue(state, -2);
    lua_insert(state, -2);
    lua_rawset(state, globals);  // an existing field: lua_next goes on
  }
  SealStrings(state);
  RaiseWhereMissing(state);
  lua_pushvalue(state, globals);
  Protect(state);
  lua_pushvalue(state, -1);
  lua_setfield(state, globals, "_G");
  lua_replace(state, LUA_GLOBALSINDEX);
}

void ShowGlobals(lua_State* state) {
  lua_getmetatable(state, LUA_GLOBALSINDEX);
  lua_insert(state, -2);
  lua_setfield(state, -2, "__index");
  lua_pop(state, 1);
}

}  // namespace larder
