#include "server/script/lua_to_reply.h"

#include <cmath>
#include <lua.hpp>
#include <string>

#include "server/script/c_values.h"
#include "server/script/error_table.h"
#include "server/script/interpreter.h"
#include "server/script/names.h"
#include "server/script/server_api.h"

namespace larder {
namespace {

// How many values are written between two looks whether the script was killed.
constexpr size_t kValuesBetweenChecks = 1 << 16;

std::string_view TextAt(lua_State* state, int index) {
  size_t size;
  const char* text = lua_tolstring(state, index, &size);
  return {text, size};
}

// A line holds no line ends.
std::string OneLine(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return line;
}

class ReplyWriter {
 public:
  ReplyWriter(lua_State* state, ServerApi& server, size_t most_bytes, Reply& reply)
      : state_(state),
        server_(server),
        reply_(reply),
        most_bytes_(reply.out().size() + most_bytes) {}

  // Writes the value on top and pops it.
  void Write() {
    if (++values_ % kValuesBetweenChecks == 0) Interpreter::CheckInterrupt(state_);
    if (reply_.out().size() > most_bytes_) {
      RaiseErrorTable(state_, "ERR the reply of the script is too large");
    }
    if (!lua_checkstack(state_, 6)) {
      ReplyError("ERR reached lua stack limit", server_, reply_);
    } else {
      WriteValue();
    }
    lua_pop(state_, 1);
  }

 private:
  void WriteValue() {
    switch (lua_type(state_, -1)) {
      case LUA_TSTRING:
        return reply_.Bulk(TextAt(state_, -1));
      case LUA_TNUMBER:
        return reply_.Integer(ToInt64(lua_tonumber(state_, -1)));
      case LUA_TBOOLEAN:
        return WriteBool(lua_toboolean(state_, -1) != 0);
      case LUA_TTABLE:
        return WriteTable();
      default:
        return reply_.Null();
    }
  }

  void WriteBool(bool value) {
    if (server_.resp() == 3) return reply_.Bool(value);
    return value ? reply_.Integer(1) : reply_.Null();
  }

  void WriteDouble(lua_Number number) {
    return std::isnan(number) ? reply_.Number(NanText(number)) : reply_.Double(number);
  }

  // A table is what its first known field says, or an array.
  void WriteTable() {
    if (Field(Name::kErr, LUA_TSTRING)) {
      lua_pop(state_, 1);
      return ReplyErrorTable(state_, "", server_, reply_);
    }
    if (Field(Name::kOk, LUA_TSTRING)) {
      reply_.Status(OneLine(UpToZero(TextAt(state_, -1))));
    } else if (Field(Name::kDouble, LUA_TNUMBER)) {
      WriteDouble(lua_tonumber(state_, -1));
    } else if (Field(Name::kBigNumber, LUA_TSTRING)) {
      reply_.BigNumber(OneLine(TextAt(state_, -1)));
    } else if (Field(Name::kVerbatim, LUA_TTABLE)) {
      if (WriteVerbatim()) return lua_pop(state_, 1);
      lua_pop(state_, 1);
      return WriteContainer();
    } else {
      return WriteContainer();
    }
    lua_pop(state_, 1);
  }

  void WriteContainer() {
    if (Field(Name::kMap, LUA_TTABLE)) {
      reply_.Map(CountFields());
      WriteFields(true);
      lua_pop(state_, 1);
    } else if (Field(Name::kSet, LUA_TTABLE)) {
      reply_.Set(CountFields());
      WriteFields(false);
      lua_pop(state_, 1);
    } else {
      WriteArray();
    }
  }

  // Pushes the field of the table on top where it has this type.
  bool Field(Name name, int type) {
    PushRawField(state_, -1, name);
    if (lua_type(state_, -1) == type) return true;
    lua_pop(state_, 1);
    return false;
  }

  bool WriteVerbatim() {
    PushRawField(state_, -1, Name::kFormat);
    PushRawField(state_, -2, Name::kString);
    const bool whole = lua_type(state_, -2) == LUA_TSTRING && lua_type(state_, -1) == LUA_TSTRING;
    if (whole) {
      // Always three letters: cut, or filled up with blanks.
      std::string format(UpToZero(TextAt(state_, -2)));
      format.resize(3, ' ');
      reply_.Verbatim(format, TextAt(state_, -1));
    }
    lua_pop(state_, 2);
    return whole;
  }

  size_t CountFields() {
    size_t count = 0;
    for (lua_pushnil(state_); lua_next(state_, -2) != 0; lua_pop(state_, 1)) ++count;
    return count;
  }

  void WriteFields(bool values) {
    lua_pushnil(state_);
    while (lua_next(state_, -2) != 0) {
      lua_pushvalue(state_, -2);
      Write();
      if (values) {
        Write();
      } else {
        lua_pop(state_, 1);
      }
    }
  }

  // Up to the first nil.
  void WriteArray() {
    int count = 0;
    for (;; ++count) {
      lua_rawgeti(state_, -1, count + 1);
      const bool end = lua_isnil(state_, -1);
      lua_pop(state_, 1);
      if (end) break;
    }
    reply_.Array(static_cast<size_t>(count));
    for (int i = 1; i <= count; ++i) {
      lua_rawgeti(state_, -1, i);
      Write();
    }
  }

  lua_State* const state_;
  ServerApi& server_;
  Reply& reply_;
  const size_t most_bytes_;
  size_t values_ = 0;
};

}  // namespace

void WriteReply(lua_State* state, ServerApi& server, size_t most_bytes, Reply& reply) {
  ReplyWriter(state, server, most_bytes, reply).Write();
}

}  // namespace larder
