// The table `redis` of scripts: call, pcall, error_reply, log ... (redis.io: Lua API reference).
#pragma once

struct lua_State;

namespace larder {

// Makes the global. REQUIRES: the globals are not sealed yet.
void OpenRedisApi(lua_State* state);
// Adds what only scripts have, not functions: the debugger's and what is left of the days before
// effects were replicated.
void AddScriptsApi(lua_State* state);
// Adds log, its levels and the version to the table on top of the stack.
void AddLogAndVersion(lua_State* state);

}  // namespace larder
