// Names of the fields that scripts and the server exchange ("err", "ok", "map" ...), made once and
// kept in the registry: pushing one by number costs a tenth of pushing its text.
#pragma once

struct lua_State;

namespace larder {

// The places 1 to kNames of the registry; luaL_ref counts on from there.
enum class Name : int {
  kErr = 1,
  kOk,
  kDouble,
  kBigNumber,
  kVerbatim,
  kFormat,
  kString,
  kMap,
  kSet,
  kSource,
  kLine,
  kIgnoreStats,
  kKeys,
  kArgv,
};

// REQUIRES: nothing is in the registry's numbered places yet.
void RegisterNames(lua_State* state);
void PushName(lua_State* state, Name name);
// Replaces the name by the value of that field of the table at `index`, without metamethods.
void PushRawField(lua_State* state, int index, Name name);

}  // namespace larder
