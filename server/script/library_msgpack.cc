// cmsgpack: MessagePack (msgpack.org/specification) of Lua values, over msgpuck. As in Redis:
// tables with the keys 1 to n are arrays, other tables maps; numbers are the shortest integer or
// float that loses nothing; what can't be packed, and tables nested deeper than kMostNesting, is
// nil.
#include <msgpuck.h>

#include <climits>
#include <cmath>
#include <lua.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "server/script/libraries.h"

namespace larder {
namespace {

constexpr int kMostNesting = 16;
// The largest value of a key (proto-max-bulk-len). Tables that hold each other many times over
// would otherwise fill the memory, which is not the interpreter's here.
constexpr size_t kMostPackedBytes = 512 << 20;
constexpr size_t kMostHeaderBytes = 9;

class Packer {
 public:
  explicit Packer(lua_State* state) : state_(state) {}

  // Packs the value on top of the stack, which is popped.
  void Pack(int level) {
    switch (lua_type(state_, -1)) {
      case LUA_TSTRING:
        PackString();
        break;
      case LUA_TBOOLEAN:
        Append(mp_encode_bool(header_, lua_toboolean(state_, -1) != 0));
        break;
      case LUA_TNUMBER:
        PackNumber(lua_tonumber(state_, -1));
        break;
      case LUA_TTABLE:
        PackTable(level);
        break;
      default:
        Append(mp_encode_nil(header_));
    }
    lua_pop(state_, 1);
    if (packed_.size() > kMostPackedBytes) luaL_error(state_, "packed value is too long");
  }

  const std::string& packed() const { return packed_; }

 private:
  // Appends what was encoded into header_, up to `end`.
  void Append(const char* end) { packed_.append(header_, static_cast<size_t>(end - header_)); }

  void PackString() {
    size_t size;
    const char* text = lua_tolstring(state_, -1, &size);
    Append(mp_encode_strl(header_, static_cast<uint32_t>(size)));
    packed_.append(text, size);
  }

  void PackNumber(lua_Number number) {
    constexpr lua_Number kLimit = 9223372036854775808.0;
    if (number >= -kLimit && number < kLimit && number == std::floor(number)) {
      const auto integer = static_cast<int64_t>(number);
      Append(integer >= 0 ? mp_encode_uint(header_, static_cast<uint64_t>(integer))
                          : mp_encode_int(header_, integer));
    } else if (const auto narrow = static_cast<float>(number); narrow == number) {
      Append(mp_encode_float(header_, narrow));
    } else {
      Append(mp_encode_double(header_, number));
    }
  }

  void PackTable(int level) {
    if (level == kMostNesting) return Append(mp_encode_nil(header_));
    luaL_checkstack(state_, 5, "packing nested tables");
    bool is_array;
    const size_t count = CountFields(&is_array);
    if (is_array) {
      Append(mp_encode_array(header_, static_cast<uint32_t>(count)));
      for (size_t i = 1; i <= count; ++i) {
        lua_rawgeti(state_, -1, static_cast<int>(i));
        Pack(level + 1);
      }
      return;
    }
    Append(mp_encode_map(header_, static_cast<uint32_t>(count)));
    lua_pushnil(state_);
    while (lua_next(state_, -2) != 0) {
      lua_pushvalue(state_, -2);
      Pack(level + 1);
      Pack(level + 1);
    }
  }

  // *is_array: all keys are whole numbers, and the greatest one is their number.
  size_t CountFields(bool* is_array) {
    size_t count = 0;
    lua_Number greatest = 0;
    *is_array = true;
    for (lua_pushnil(state_); lua_next(state_, -2) != 0; lua_pop(state_, 1)) {
      ++count;
      const lua_Number key = lua_type(state_, -2) == LUA_TNUMBER ? lua_tonumber(state_, -2) : 0;
      if (!(key >= 1 && key <= INT_MAX && key == std::floor(key))) *is_array = false;
      greatest = std::max(greatest, key);
    }
    *is_array = *is_array && greatest == static_cast<lua_Number>(count);
    return count;
  }

  lua_State* const state_;
  std::string packed_;
  char header_[kMostHeaderBytes];
};

class Unpacker {
 public:
  Unpacker(lua_State* state, std::string_view data)
      : state_(state), next_(data.data()), end_(data.data() + data.size()) {}

  size_t left() const { return static_cast<size_t>(end_ - next_); }

  // Pushes the next value. Raises a Lua error where the data is cut short or no MessagePack.
  void Unpack() {
    luaL_checkstack(state_, 4, "too many nested or packed values");
    if (next_ == end_) Missing();
    switch (mp_typeof(*next_)) {
      case MP_NIL:
        mp_decode_nil(&next_);
        return lua_pushnil(state_);
      case MP_BOOL:
        return lua_pushboolean(state_, mp_decode_bool(&next_));
      case MP_UINT:
        if (mp_check_uint(next_, end_) > 0) Missing();
        // Integers of Lua are signed: what is greater comes out negative, as it always did.
        return lua_pushinteger(state_, static_cast<lua_Integer>(mp_decode_uint(&next_)));
      case MP_INT:
        if (mp_check_int(next_, end_) > 0) Missing();
        return lua_pushnumber(state_, static_cast<lua_Number>(mp_decode_int(&next_)));
      case MP_FLOAT:
        if (mp_check_float(next_, end_) > 0) Missing();
        return lua_pushnumber(state_, static_cast<lua_Number>(mp_decode_float(&next_)));
      case MP_DOUBLE:
        if (mp_check_double(next_, end_) > 0) Missing();
        return lua_pushnumber(state_, mp_decode_double(&next_));
      case MP_STR:
        return UnpackString();
      case MP_ARRAY:
        return UnpackArray();
      case MP_MAP:
        return UnpackMap();
      default:
        luaL_error(state_, "Bad data format in input.");
    }
  }

 private:
  void Missing() { luaL_error(state_, "Missing bytes in input."); }

  void UnpackString() {
    if (mp_check_strl(next_, end_) > 0) Missing();
    const size_t size = mp_decode_strl(&next_);
    if (size > left()) Missing();
    lua_pushlstring(state_, next_, size);
    next_ += size;
  }

  // The count may lie: nothing is reserved for it.
  void UnpackArray() {
    if (mp_check_array(next_, end_) > 0) Missing();
    const uint32_t count = mp_decode_array(&next_);
    lua_newtable(state_);
    for (uint32_t i = 1; i <= count; ++i) {
      Unpack();
      lua_rawseti(state_, -2, static_cast<int>(i));
    }
  }

  void UnpackMap() {
    if (mp_check_map(next_, end_) > 0) Missing();
    const uint32_t count = mp_decode_map(&next_);
    lua_newtable(state_);
    for (uint32_t i = 0; i < count; ++i) {
      Unpack();
      Unpack();
      lua_rawset(state_, -3);
    }
  }

  lua_State* const state_;
  const char* next_;
  const char* const end_;
};

int Pack(lua_State* state) {
  const int count = lua_gettop(state);
  if (count == 0) return luaL_argerror(state, 0, "MessagePack pack needs input.");
  luaL_checkstack(state, 2, "too many values to pack");
  Packer packer(state);
  for (int i = 1; i <= count; ++i) {
    lua_pushvalue(state, i);
    packer.Pack(0);
  }
  lua_pushlstring(state, packer.packed().data(), packer.packed().size());
  return 1;
}

// Pushes up to `limit` values from `offset` on, and before them, where not everything was asked
// for, the offset of the next one or -1.
int UnpackFrom(lua_State* state, lua_Integer limit, lua_Integer offset) {
  size_t size;
  const char* text = luaL_checklstring(state, 1, &size);
  const bool everything = limit == 0 && offset == 0;
  if (limit < 0 || offset < 0) {
    return luaL_error(state, "Invalid request to unpack with offset of %d and limit of %d.",
                      static_cast<int>(offset), static_cast<int>(size));
  }
  if (static_cast<size_t>(offset) > size) {
    return luaL_error(state, "Start offset %d greater than input length %d.",
                      static_cast<int>(offset), static_cast<int>(size));
  }
  if (everything) limit = INT_MAX;
  lua_settop(state, 1);
  Unpacker unpacker(state, {text + offset, size - static_cast<size_t>(offset)});
  int count = 0;
  for (; unpacker.left() > 0 && count < limit; ++count) unpacker.Unpack();
  if (everything) return count;
  luaL_checkstack(state, 1, "too many results");
  lua_pushinteger(state,
                  unpacker.left() == 0 ? -1 : static_cast<lua_Integer>(size - unpacker.left()));
  lua_insert(state, 2);
  return count + 1;
}

int Unpack(lua_State* state) { return UnpackFrom(state, 0, 0); }
int UnpackOne(lua_State* state) { return UnpackFrom(state, 1, luaL_optinteger(state, 2, 0)); }
int UnpackLimit(lua_State* state) {
  return UnpackFrom(state, luaL_checkinteger(state, 2), luaL_optinteger(state, 3, 0));
}

}  // namespace

void OpenMsgPack(lua_State* state) {
  static constexpr luaL_Reg kFunctions[] = {{"pack", Pack},
                                            {"unpack", Unpack},
                                            {"unpack_one", UnpackOne},
                                            {"unpack_limit", UnpackLimit},
                                            {nullptr, nullptr}};
  lua_newtable(state);
  luaL_register(state, nullptr, kFunctions);
  // What scripts may ask the library of Redis, whose functions these are.
  static constexpr std::pair<const char*, std::string_view> kFields[] = {
      {"_NAME", "cmsgpack"},
      {"_VERSION", "lua-cmsgpack 0.4.0"},
      {"_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo"},
      {"_DESCRIPTION", "MessagePack C implementation for Lua"}};
  for (const auto& [name, text] : kFields) {
    lua_pushlstring(state, text.data(), text.size());
    lua_setfield(state, -2, name);
  }
  lua_setglobal(state, "cmsgpack");
}

}  // namespace larder
