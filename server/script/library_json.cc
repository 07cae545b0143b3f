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

// What is left for the text of a value.
struct Room {
  int64_t bytes;
  int most_depth;  // of tables within tables
};

void Take(lua_State* state, int index, int depth, Room* room);

void TakeTable(lua_State* state, int index, int depth, Room* room) {
  // Not left to the library, which may look at others first, of whose text there is no end.
  if (depth > room->most_depth || !lua_checkstack(state, 4)) {
    luaL_error(state, "Cannot serialise, excessive nesting (%d)", depth);
  }
  room->bytes -= 2;
  const int table = index > 0 ? index : lua_gettop(state) + 1 + index;
  lua_pushnil(state);
  while (lua_next(state, table) != 0) {
    room->bytes -= 2;
    Take(state, -2, depth, room);
    Take(state, -1, depth, room);
    lua_pop(state, 1);
  }
}

// Takes from the room what the text of the value at `index`, within `depth` tables, takes at most;
// an error of Lua where it does not fit.
void Take(lua_State* state, int index, int depth, Room* room) {
  switch (lua_type(state, index)) {
    case LUA_TSTRING:
      room->bytes -= 6 * static_cast<int64_t>(lua_objlen(state, index)) + 2;  // "\u0000" for each
      break;
    case LUA_TTABLE:
      TakeTable(state, index, depth + 1, room);
      break;
    default:
      room->bytes -= kMostNumberBytes;
  }
  if (room->bytes < 0) luaL_error(state, "Cannot serialise, the text is too long");
}

// Upvalues: the configuration, where the library's function looks for it, that function, and
// encode_max_depth, which tells without an argument what it is.
int Encode(lua_State* state) {
  luaL_argcheck(state, lua_gettop(state) == 1, 1, "expected 1 argument");
  lua_pushvalue(state, lua_upvalueindex(3));
  lua_call(state, 0, 1);
  Room room{kMostTextBytes, static_cast<int>(lua_tointeger(state, -1))};
  lua_pop(state, 1);
  Take(state, 1, 0, &room);
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
  lua_getfield(state, 1, "encode_max_depth");
  lua_pushcclosure(state, Encode, 3);
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
