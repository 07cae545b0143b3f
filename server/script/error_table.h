// Errors as scripts see them: a table {err = "CODE text"}, to which the handler of the outermost
// call adds where it came from (source, line). Texts end at a zero byte. For functions called by
// Lua and for the interpreter.
#pragma once

#include <string>
#include <string_view>

#include "protocol/reply.h"

struct lua_State;

namespace larder {

class ServerApi;

// Pushes the table. The text begins with its code.
void PushErrorTable(lua_State* state, std::string_view text);
// The same, marked as counted already: a command's error has been counted where it happened.
void PushCountedErrorTable(lua_State* state, std::string_view text);
// Pushes the table and raises it.
[[noreturn]] void RaiseErrorTable(lua_State* state, std::string_view text);

// The handler for lua_pcall: turns what was raised into such a table, if it is none, and adds the
// place.
int AddErrorPlace(lua_State* state);

// The text of the error on top of the stack, be it such a table or anything else.
std::string ErrorText(lua_State* state);

// Answers an error that nobody has counted yet, and counts it: a reply may hold several.
void ReplyError(std::string_view text, ServerApi& server, Reply& reply);
// Answers the error table on top of the stack, as the outcome of the script `name`. Does not
// allocate in Lua, so that it may be called where errors can't be caught.
void ReplyErrorTable(lua_State* state, std::string_view name, ServerApi& server, Reply& reply);

}  // namespace larder
