// The sandbox: which of Lua's own functions a script has, and in which form.
#pragma once

#include <string_view>

struct lua_State;

namespace larder {

// Opens Lua's base, coroutine, table, string and math libraries, takes away what leads out of the
// sandbox (files, modules, environments, finalizers, bytecode) and replaces what could hurt the
// server.
void OpenSafeLua(lua_State* state);

// After all libraries are open: makes the globals, and every table that can be reached from them,
// read-only. What is left on the stack is the real table of globals, for KEYS and ARGV.
void SealGlobals(lua_State* state);

// Puts the table on top, which is popped, in the place of what SealGlobals left there, as what is
// seen as the globals. It must not be reachable for scripts, or be protected.
void ShowGlobals(lua_State* state);

// Fields that the table on top has not raise Redis' error for globals that are not there.
void RaiseWhereMissing(lua_State* state);

// lua_load for text only: pushes the function, or an error message and returns its status. `name`
// as lua_load takes it; it must be a string without zeros.
int LoadText(lua_State* state, std::string_view text, const char* name);

}  // namespace larder
