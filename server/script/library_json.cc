// cjson: the packaged library, with a look at the value before it is encoded. The library builds
// its text outside the interpreter's memory, with sizes of 31 bits, and ends the process when there
// is none left; tables that hold each other many times over can make a small value's text endless.
#include <cstdint>
#include <lua.hpp>

#include "server/script/libraries.h"

extern "C" int luaopen_cjson(lua_State*);  // the packaged library has no header for C++

namespace larder {
namespace {

// The largest value of a key (proto-max-bulk-len): a longer text could not be stored.
constexpr int64_t kMostTextBytes = 512 << 20;
constexpr int64_t kMostNumberBytes = 32;

// What the text of the value at `index` takes at most is taken from *room; false when it is used
// up. Nesting that the library will refuse is not looked at.
bool FitsInto(lua_State* state, int index, int64_t* room) {
  switch (lua_type(state, index)) {
    case LUA_TSTRING:
      *room -= 6 * static_cast<int64_t>(lua_objlen(state, index)) + 2;  // "\u0000" for each byte
      break;
    case LUA_TTABLE: {
      *room -= 2;
      if (!lua_checkstack(state, 4)) return true;
      const int table = index > 0 ? index : lua_gettop(state) + 1 + index;
      lua_pushnil(state);
      while (lua_next(state, table) != 0) {
        *room -= 2;
        if (!FitsInto(state, -2, room) || !FitsInto(state, -1, room)) {
          lua_pop(state, 2);
          return false;
        }
        lua_pop(state, 1);
      }
      break;
    }
    default:
      *room -= kMostNumberBytes;
  }
  return *room >= 0;
}

// Upvalues: the configuration, where the library's function looks for it, and that function.
int Encode(lua_State* state) {
  luaL_argcheck(state, lua_gettop(state) == 1, 1, "expected 1 argument");
  int64_t room = kMostTextBytes;
  if (!FitsInto(state, 1, &room))
    return luaL_error(state, "Cannot serialise, the text is too long");
  return lua_tocfunction(state, lua_upvalueindex(2))(state);
}

// Also cjson.new: a module with a configuration of its own.
int NewModule(lua_State* state) {
  lua_settop(state, 0);
  lua_pushcfunction(state, luaopen_cjson);
  lua_call(state, 0, 1);
  lua_getfield(state, 1, "encode");
  lua_getupvalue(state, 2, 1);
  lua_insert(state, 2);
  lua_pushcclosure(state, Encode, 2);
  lua_setfield(state, 1, "encode");
  lua_pushcfunction(state, NewModule);
  lua_setfield(state, 1, "new");
  lua_settop(state, 1);
  return 1;
}

}  // namespace

void OpenJson(lua_State* state) {
  lua_pushcfunction(state, NewModule);
  lua_call(state, 0, 1);
  lua_setglobal(state, "cjson");
}

}  // namespace larder
