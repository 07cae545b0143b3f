#include "server/script/libraries.h"

#include <algorithm>
#include <cmath>
#include <lua.hpp>

#include "server/script/interpreter.h"

extern "C" int luaopen_bit(lua_State*);  // the packaged library has no header for C++

namespace larder {
namespace {

int RandomNumber(lua_State* state) {
  Random48& random = Interpreter::Of(state).random();
  const lua_Number unit =
      static_cast<lua_Number>(random.Next() % Random48::kMost) / Random48::kMost;
  switch (lua_gettop(state)) {
    case 0:
      lua_pushnumber(state, unit);
      break;
    case 1: {
      const int upper = luaL_checkint(state, 1);
      luaL_argcheck(state, 1 <= upper, 1, "interval is empty");
      lua_pushnumber(state, std::floor(unit * upper) + 1);
      break;
    }
    case 2: {
      const int lower = luaL_checkint(state, 1);
      const int upper = luaL_checkint(state, 2);
      luaL_argcheck(state, lower <= upper, 2, "interval is empty");
      const lua_Number width = static_cast<lua_Number>(upper) - lower + 1;
      lua_pushnumber(state, std::floor(unit * width) + lower);
      break;
    }
    default:
      return luaL_error(state, "wrong number of arguments");
  }
  return 1;
}

int RandomSeed(lua_State* state) {
  Interpreter::Of(state).random().Seed(luaL_checkint(state, 1));
  return 0;
}

constexpr int kToHex = lua_upvalueindex(1);
constexpr int kToBit = lua_upvalueindex(2);

// The library writes as many digits as it is asked for, whatever their sign; eight are all there
// are. How many is a number of 32 bits, as all that the library takes.
int ToHex(lua_State* state) {
  luaL_checknumber(state, 1);
  if (!lua_isnone(state, 2)) {
    luaL_checknumber(state, 2);
    lua_pushvalue(state, kToBit);
    lua_pushvalue(state, 2);
    lua_call(state, 1, 1);
    lua_pushnumber(state, std::clamp<lua_Number>(lua_tonumber(state, -1), -8, 8));
    lua_replace(state, 2);
  }
  return lua_tocfunction(state, kToHex)(state);
}

}  // namespace

void OpenRandom(lua_State* state) {
  lua_getglobal(state, LUA_MATHLIBNAME);
  lua_pushcfunction(state, RandomNumber);
  lua_setfield(state, -2, "random");
  lua_pushcfunction(state, RandomSeed);
  lua_setfield(state, -2, "randomseed");
  lua_pop(state, 1);
}

void OpenBit(lua_State* state) {
  lua_pushcfunction(state, luaopen_bit);
  lua_call(state, 0, 1);
  lua_getfield(state, -1, "tohex");
  lua_getfield(state, -2, "tobit");
  lua_pushcclosure(state, ToHex, 2);
  lua_setfield(state, -2, "tohex");
  lua_setglobal(state, "bit");
}

void OpenLibraries(lua_State* state) {
  OpenRandom(state);
  OpenJson(state);
  OpenBit(state);
  OpenMsgPack(state);
  OpenStruct(state);
}

}  // namespace larder
