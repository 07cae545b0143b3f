#include "server/script/protect.h"

#include <lua.hpp>

namespace larder {
namespace {

constexpr const char* kReadOnly = "Attempt to modify a readonly table";

// __newindex of protected tables. It marks their metatables, too: no script can get hold of it.
int RefuseWrite(lua_State* state) { return luaL_error(state, kReadOnly); }

// For functions of C: Redis' text has no place there.
void CheckWritable(lua_State* state, int index) {
  if (!IsProtected(state, index)) return;
  lua_pushstring(state, kReadOnly);
  lua_error(state);
}

// Replaces a protected table at `index` by the real one.
void SeeThrough(lua_State* state, int index) {
  lua_getmetatable(state, index);
  lua_pushliteral(state, "__index");
  lua_rawget(state, -2);
  lua_replace(state, index);
  lua_pop(state, 1);
}

int RawSet(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  luaL_checkany(state, 2);
  luaL_checkany(state, 3);
  CheckWritable(state, 1);
  lua_settop(state, 3);
  lua_rawset(state, 1);
  return 1;
}

int RawGet(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  luaL_checkany(state, 2);
  lua_settop(state, 2);
  if (IsProtected(state, 1)) SeeThrough(state, 1);
  lua_rawget(state, 1);
  return 1;
}

int SetMetatable(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  const int type = lua_type(state, 2);
  luaL_argcheck(state, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table expected");
  CheckWritable(state, 1);
  if (luaL_getmetafield(state, 1, "__metatable")) {
    return luaL_error(state, "cannot change a protected metatable");
  }
  lua_settop(state, 2);
  lua_setmetatable(state, 1);
  return 1;
}

// Protected tables show no metatable, but the globals: theirs is protected itself.
int GetMetatable(lua_State* state) {
  luaL_checkany(state, 1);
  if (!lua_getmetatable(state, 1)) {
    lua_pushnil(state);
  } else if (luaL_getmetafield(state, 1, "__metatable") && IsProtected(state, 1) &&
             !lua_istable(state, -1)) {
    lua_pushnil(state);
  }
  return 1;
}

int Next(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  lua_settop(state, 2);
  if (IsProtected(state, 1)) SeeThrough(state, 1);
  if (lua_next(state, 1)) return 2;
  lua_pushnil(state);
  return 1;
}

// Upvalues: Lua's own next, fast for tables of the script, and the one above.
int Pairs(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  lua_pushvalue(state, lua_upvalueindex(IsProtected(state, 1) ? 2 : 1));
  lua_pushvalue(state, 1);
  lua_pushnil(state);
  return 3;
}

// table.insert writes past metatables; table.remove and table.sort as well, but in the empty table
// in front of a protected one they find nothing to move. Upvalue: Lua's own function, called as the
// C function it is, so that its errors keep their place. It moves up what is behind the position,
// from wherever that is: two thousand million steps that nothing interrupts.
int Insert(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  if (lua_gettop(state) == 3 && luaL_checkint(state, 2) < 0) {
    return luaL_argerror(state, 2, "position out of bounds");
  }
  CheckWritable(state, 1);
  const lua_CFunction own = lua_tocfunction(state, lua_upvalueindex(1));
  return own(state);
}

void Guard(lua_State* state, const char* name, lua_CFunction guard) {
  lua_getfield(state, -1, name);
  lua_pushcclosure(state, guard, 1);
  lua_setfield(state, -2, name);
}

}  // namespace

void Protect(lua_State* state) {
  luaL_checkstack(state, 5, nullptr);
  lua_newtable(state);
  lua_createtable(state, 0, 3);
  lua_pushvalue(state, -3);
  lua_setfield(state, -2, "__index");
  lua_pushcfunction(state, RefuseWrite);
  lua_setfield(state, -2, "__newindex");
  // What getmetatable shows of the globals is a protected table as well; of the others: nothing.
  if (lua_getmetatable(state, -3)) {
    Protect(state);
  } else {
    lua_pushboolean(state, 0);
  }
  lua_setfield(state, -2, "__metatable");
  lua_setmetatable(state, -2);
  lua_remove(state, -2);
}

bool IsProtected(lua_State* state, int index) {
  if (!lua_getmetatable(state, index)) return false;
  lua_pushliteral(state, "__newindex");
  lua_rawget(state, -2);
  const bool is_protected = lua_tocfunction(state, -1) == RefuseWrite;
  lua_pop(state, 2);
  return is_protected;
}

void ReplaceRawFunctions(lua_State* state) {
  static constexpr luaL_Reg kFunctions[] = {{"rawset", RawSet},
                                            {"rawget", RawGet},
                                            {"setmetatable", SetMetatable},
                                            {"getmetatable", GetMetatable}};
  for (const luaL_Reg& function : kFunctions) {
    lua_pushcfunction(state, function.func);
    lua_setglobal(state, function.name);
  }
  lua_getglobal(state, "next");
  lua_pushcfunction(state, Next);
  lua_pushvalue(state, -1);
  lua_setglobal(state, "next");
  lua_pushcclosure(state, Pairs, 2);
  lua_setglobal(state, "pairs");

  lua_getglobal(state, "table");
  Guard(state, "insert", Insert);
  lua_pop(state, 1);
}

}  // namespace larder
