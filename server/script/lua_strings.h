// The strings of a Lua state, found by all of their bytes. Lua 5.1 hashes no more than 32 bytes of
// a string, so that a hundred thousand cache ids that differ in a few digits make a table of long
// chains, and whoever chooses ids can make the chains as long as he likes. Redis patches its Lua;
// ours is the library of the system, so the linker puts a function of ours in the place of the one
// that finds and makes strings (--wrap, CMakeLists.txt).
//
// It knows how the last release, 5.1.5, lays out a few records, which will not change any more.
// CheckStringLayout dies at the start of the server where it is wrong.
#pragma once

#include <cstddef>
#include <cstdint>

struct lua_State;

namespace larder {

// REQUIRES: room for one value on the stack, and that no collection is under way.
void CheckStringLayout(lua_State* state);

// Fetches into the cache where a string with this hash (HashBytes) will be looked for: its chain,
// and some moments later what stands first in it.
void FetchChain(lua_State* state, uint64_t hash);
void FetchString(lua_State* state, uint64_t hash);

// Around the making of many values that are all in use: a collector that runs meanwhile walks
// through the state again each time it has grown. Returns the bytes in use, for the one who goes
// on: where nearly all of the state is new, the next collection begins when it has doubled.
size_t StopCollector(lua_State* state);
void GoOnCollecting(lua_State* state, size_t bytes_before);

// How many strings the longest chain holds. For tests: it looks at all of them.
size_t LongestChain(lua_State* state);

}  // namespace larder
