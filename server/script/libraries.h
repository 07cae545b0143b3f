// The libraries of scripts beside Lua's own: cjson, bit, cmsgpack, struct, and math.random. Each
// function makes its global. REQUIRES: Lua's own libraries are open, the globals are not sealed
// yet.
#pragma once

struct lua_State;

namespace larder {

void OpenLibraries(lua_State* state);  // all of them

void OpenRandom(lua_State* state);
void OpenJson(lua_State* state);
void OpenBit(lua_State* state);
void OpenMsgPack(lua_State* state);
void OpenStruct(lua_State* state);

}  // namespace larder
