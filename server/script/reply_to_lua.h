// Replies of commands as Lua values: integers are numbers, bulk strings are strings, nulls of RESP2
// are false, statuses and errors and what RESP3 adds are tables with one field (redis.io: Lua API,
// data type conversion). Called by Lua.
#pragma once

#include <string_view>

struct lua_State;

namespace larder {

// Pushes the reply at the front of `encoded`, which is whole and well formed. Raises a Lua error
// where the stack or the memory does not suffice.
void PushReply(lua_State* state, std::string_view encoded);

}  // namespace larder
