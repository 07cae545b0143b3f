// Lua values as replies: the result of a script. Called by Lua.
#pragma once

#include <cstddef>

#include "protocol/reply.h"

struct lua_State;

namespace larder {

class ServerApi;

// The largest value of a key (proto-max-bulk-len). Tables that hold each other many times over
// would otherwise be an endless reply, and its bytes are not the interpreter's.
inline constexpr size_t kMostReplyBytes = 512 << 20;

// Writes the value on top of the stack, which is popped, as one reply. In the protocol that the
// script chose (redis.setresp) booleans are spelled, everything else in the client's. Raises an
// error where the reply gets larger than `most_bytes`.
void WriteReply(lua_State* state, ServerApi& server, size_t most_bytes, Reply& reply);

}  // namespace larder
