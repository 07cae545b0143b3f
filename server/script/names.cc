#include "server/script/names.h"

#include <lua.hpp>

namespace larder {

void RegisterNames(lua_State* state) {
  static constexpr const char* kTexts[] = {
      "err", "ok",  "double", "big_number", "verbatim_string",           "format", "string",
      "map", "set", "source", "line",       "ignore_error_stats_update", "KEYS",   "ARGV"};
  int place = 0;
  for (const char* text : kTexts) {
    lua_pushstring(state, text);
    lua_rawseti(state, LUA_REGISTRYINDEX, ++place);
  }
}

void PushName(lua_State* state, Name name) {
  lua_rawgeti(state, LUA_REGISTRYINDEX, static_cast<int>(name));
}

void PushRawField(lua_State* state, int index, Name name) {
  PushName(state, name);
  lua_rawget(state, index > 0 ? index : index - 1);
}

}  // namespace larder
