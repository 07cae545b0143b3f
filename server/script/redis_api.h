// The table `redis` of scripts: call, pcall, error_reply, log ... (redis.io: Lua API reference).
#pragma once

struct lua_State;

namespace larder {

// Makes the global. REQUIRES: the globals are not sealed yet.
void OpenRedisApi(lua_State* state);

}  // namespace larder
