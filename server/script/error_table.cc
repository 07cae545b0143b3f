#include "server/script/error_table.h"

#include <cstdio>
#include <lua.hpp>

#include "server/base/check.h"
#include "server/base/strings.h"
#include "server/script/c_values.h"
#include "server/script/names.h"
#include "server/script/protect.h"
#include "server/script/server_api.h"

namespace larder {
namespace {

// The text of a string or number at the top, which is popped; false where it is something else.
// lua_tolstring would convert a number in place, and allocate.
bool PopText(lua_State* state, std::string* text) {
  const int type = lua_type(state, -1);
  if (type == LUA_TSTRING) {
    size_t size;
    const char* bytes = lua_tolstring(state, -1, &size);
    text->assign(UpToZero({bytes, size}));
  } else if (type == LUA_TNUMBER) {
    char buffer[LUAI_MAXNUMBER2STR];
    std::snprintf(buffer, sizeof(buffer), LUA_NUMBER_FMT, lua_tonumber(state, -1));
    *text = buffer;
  }
  lua_pop(state, 1);
  return type == LUA_TSTRING || type == LUA_TNUMBER;
}

void SetRawField(lua_State* state, int table, Name name) {
  PushName(state, name);
  lua_insert(state, -2);
  lua_rawset(state, table);
}

}  // namespace

void PushErrorTable(lua_State* state, std::string_view text) {
  text = UpToZero(text);
  lua_createtable(state, 0, 3);
  PushName(state, Name::kErr);
  lua_pushlstring(state, text.data(), text.size());
  lua_rawset(state, -3);
}

void PushCountedErrorTable(lua_State* state, std::string_view text) {
  PushErrorTable(state, text);
  PushName(state, Name::kIgnoreStats);
  lua_pushboolean(state, 1);
  lua_rawset(state, -3);
}

std::string ErrorText(lua_State* state) {
  std::string text;
  const int type = lua_type(state, -1);
  if (type == LUA_TTABLE) {
    // A protected one was raised by mistake: what is behind it is ours.
    if (IsProtected(state, -1)) return "ERR Attempt to modify a readonly table";
    PushRawField(state, -1, Name::kErr);
    return PopText(state, &text) ? text : "ERR unknown error";
  }
  lua_pushvalue(state, -1);
  if (PopText(state, &text)) return "ERR " + text;
  if (type == LUA_TBOOLEAN) return lua_toboolean(state, -1) ? "ERR true" : "ERR false";
  return StrCat("ERR ", lua_typename(state, type));
}

void RaiseErrorTable(lua_State* state, std::string_view text) {
  PushErrorTable(state, text);
  lua_error(state);
  CHECK(false);  // lua_error does not return, but is not declared so
  __builtin_unreachable();
}

int AddErrorPlace(lua_State* state) {
  luaL_checkstack(state, 6, "error handler");
  lua_settop(state, 1);
  if (!lua_istable(state, 1) || IsProtected(state, 1)) {
    PushErrorTable(state, ErrorText(state));
    lua_replace(state, 1);
  }
  // Level 0 is this handler. An error inside one of our functions is the mistake of its caller.
  lua_Debug place;
  bool found = lua_getstack(state, 1, &place) != 0 && lua_getinfo(state, "Sl", &place) != 0;
  if (found && place.what[0] == 'C' && lua_getstack(state, 2, &place) != 0) {
    found = lua_getinfo(state, "Sl", &place) != 0;
  }
  if (found && place.currentline > 0) {
    lua_pushstring(state, place.source);
    SetRawField(state, 1, Name::kSource);
    lua_pushinteger(state, place.currentline);
    SetRawField(state, 1, Name::kLine);
  }
  return 1;
}

void ReplyError(std::string_view text, ServerApi& server, Reply& reply) {
  reply.Error(text);
  server.CountError(reply.last_error_code());
  reply.MarkErrorCounted();
}

void ReplyErrorTable(lua_State* state, std::string_view name, ServerApi& server, Reply& reply) {
  std::string text, source, line;
  PushRawField(state, -1, Name::kErr);
  if (!PopText(state, &text)) text = "ERR unknown error";
  PushRawField(state, -1, Name::kSource);
  bool placed = PopText(state, &source);
  PushRawField(state, -1, Name::kLine);
  placed &= PopText(state, &line);
  PushRawField(state, -1, Name::kIgnoreStats);
  const bool counted = lua_toboolean(state, -1) != 0;
  lua_pop(state, 1);
  if (placed && !name.empty()) StrAppend(text, " script: ", name, ", on ", source, ":", line, ".");
  if (counted) {
    reply.CountedError(text);
  } else {
    ReplyError(text, server, reply);
  }
}

}  // namespace larder
