// Protected tables: what scripts share (the globals, redis, string, cjson ...) must stay as it is.
// Lua 5.1 knows no read-only tables, so a script gets an empty table in front of the real one:
// reading falls through to it (__index), writing is refused (__newindex), its metatable is out of
// reach
// (__metatable), and the functions that go past metatables (rawset, next, table.insert ...) are
// replaced by ones that know such tables.
#pragma once

struct lua_State;

namespace larder {

// Replaces the table on top of the stack by a protected one in front of it.
void Protect(lua_State* state);
bool IsProtected(lua_State* state, int index);

// Puts the functions that know protected tables in the place of Lua's own, in the globals and in
// `table`. REQUIRES: the libraries are open.
void ReplaceRawFunctions(lua_State* state);

}  // namespace larder
