// What the source of a library of functions sees while it is loaded: no globals but the table
// `redis`, with register_function, log and the version (redis.io: Lua API reference). Its functions
// see everything once they are called.
#pragma once

struct lua_State;

namespace larder {

// Makes that table of globals and leaves it on the stack. REQUIRES: OpenRedisApi has been called.
void OpenLibraryApi(lua_State* state);

}  // namespace larder
