// Lua values as replies: the result of a script. Called by Lua.
#pragma once

#include "protocol/reply.h"

struct lua_State;

namespace larder {

// Writes the value on top of the stack, which is popped, as one reply. `script_resp` is the
// protocol the script chose (redis.setresp): booleans are spelled by it, everything else by the
// client's.
void WriteReply(lua_State* state, int script_resp, Reply& reply);

}  // namespace larder
