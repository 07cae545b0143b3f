// struct: C structures in strings, with the formats that Redis documents for its library of that
// name:
//   > < big, little endian; !n alignment; x padding; b B h H l L T signed and unsigned char, short,
//   long, size_t; i[n] I[n] integers of n bytes; c[n] n characters (c0: the whole string, or as
//   many as the number before it says); s string with a zero behind; f d float, double; blanks are
//   skipped
#include <algorithm>
#include <cctype>
#include <climits>
#include <cstdint>
#include <cstring>
#include <lua.hpp>
#include <string>
#include <string_view>

#include "server/script/c_values.h"
#include "server/script/libraries.h"

namespace larder {
namespace {

constexpr int kMostIntegerBytes = 32;
constexpr int kMostAlignment = alignof(double);
// What a script can hold as one string is less; sizes are added up before anything is built.
constexpr size_t kMostBytes = size_t{1} << 30;

// Reads a format one option at a time.
class Format {
 public:
  Format(lua_State* state, const char* text) : state_(state), next_(text) {}

  // Moves on to the next option; false at the end.
  bool Next() {
    if (*next_ == '\0') return false;
    option_ = *next_++;
    size_ = SizeOfOption();
    return true;
  }

  char option() const { return option_; }
  size_t size() const { return size_; }
  bool little_endian() const { return little_endian_; }
  bool is_integer() const { return std::strchr("bBhHlLTiI", option_) != nullptr; }
  bool is_alphanumeric() const { return std::isalnum(static_cast<unsigned char>(option_)) != 0; }
  bool is_signed() const { return option_ >= 'a'; }

  // How many bytes must stand before an element at `position`.
  size_t Padding(size_t position) const {
    if (size_ == 0 || option_ == 'c') return 0;
    const size_t size = std::min(size_, static_cast<size_t>(alignment_));
    return (size - (position & (size - 1))) & (size - 1);
  }

  // Carries out an option that stands for no element.
  void Control() {
    switch (option_) {
      case ' ':
        return;
      case '>':
        little_endian_ = false;
        return;
      case '<':
        little_endian_ = true;
        return;
      case '!':
        alignment_ = Number(kMostAlignment);
        if (alignment_ <= 0 || (alignment_ & (alignment_ - 1)) != 0) {
          luaL_error(state_, "alignment %d is not a power of 2", alignment_);
        }
        return;
      default:
        luaL_argerror(state_, 1, lua_pushfstring(state_, "invalid format option '%c'", option_));
    }
  }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  int Number(int if_missing) {
    if (!IsDigit(*next_)) return if_missing;
    int number = 0;
    for (; IsDigit(*next_); ++next_) {
      if (number > (INT_MAX - (*next_ - '0')) / 10) luaL_error(state_, "integral size overflow");
      number = number * 10 + (*next_ - '0');
    }
    return number;
  }

  size_t SizeOfOption() {
    switch (option_) {
      case 'b':
      case 'B':
      case 'x':
        return 1;
      case 'h':
      case 'H':
        return sizeof(short);
      case 'l':
      case 'L':
        return sizeof(long);
      case 'T':
        return sizeof(size_t);
      case 'f':
        return sizeof(float);
      case 'd':
        return sizeof(double);
      case 'c':
        return static_cast<size_t>(Number(1));
      case 'i':
      case 'I': {
        const int size = Number(sizeof(int));
        if (size > kMostIntegerBytes) {
          luaL_error(state_, "integral size %d is larger than limit of %d", size,
                     kMostIntegerBytes);
        }
        return static_cast<size_t>(size);
      }
      default:
        return 0;
    }
  }

  lua_State* const state_;
  const char* next_;
  char option_ = 0;
  size_t size_ = 0;
  int alignment_ = 1;
  bool little_endian_ = true;
};

void AppendInteger(std::string& out, uint64_t bits, size_t size, bool little_endian) {
  for (size_t i = 0; i < size; ++i) {
    const size_t place = little_endian ? i : size - 1 - i;
    out.push_back(static_cast<char>(place < sizeof(bits) ? bits >> (8 * place) : 0));
  }
}

lua_Number ReadInteger(const char* bytes, const Format& format) {
  const size_t size = format.size();
  uint64_t bits = 0;
  for (size_t i = 0; i < size; ++i) {
    const size_t place = format.little_endian() ? size - 1 - i : i;
    bits = bits << 8 | static_cast<uint8_t>(bytes[place]);
  }
  if (!format.is_signed()) return static_cast<lua_Number>(bits);
  if (size > 0 && size < sizeof(bits) && (bits >> (8 * size - 1)) != 0)
    bits |= ~uint64_t{0} << (8 * size);
  return static_cast<lua_Number>(static_cast<int64_t>(bits));
}

template <typename Real>
void AppendReal(std::string& out, lua_Number number, bool little_endian) {
  const Real real = static_cast<Real>(number);
  char bytes[sizeof(real)];
  std::memcpy(bytes, &real, sizeof(real));
  if (!little_endian) std::reverse(bytes, bytes + sizeof(bytes));
  out.append(bytes, sizeof(bytes));
}

template <typename Real>
lua_Number ReadReal(const char* data, bool little_endian) {
  char bytes[sizeof(Real)];
  std::memcpy(bytes, data, sizeof(bytes));
  if (!little_endian) std::reverse(bytes, bytes + sizeof(bytes));
  Real real;
  std::memcpy(&real, bytes, sizeof(real));
  return static_cast<lua_Number>(real);
}

void PackString(lua_State* state, const Format& format, int argument, std::string& out) {
  size_t length;
  const char* text = luaL_checklstring(state, argument, &length);
  const size_t size = format.size() == 0 ? length : format.size();
  luaL_argcheck(state, length >= size, argument + 1, "string too short");
  out.append(text, size);
  if (format.option() == 's') out.push_back('\0');
}

int Pack(lua_State* state) {
  Format format(state, luaL_checkstring(state, 1));
  lua_pushnil(state);  // an argument that is missing is nil
  std::string out;
  int argument = 2;
  while (format.Next()) {
    out.append(format.Padding(out.size()), '\0');
    if (format.is_integer()) {
      AppendInteger(out, ToUint64(luaL_checknumber(state, argument++)), format.size(),
                    format.little_endian());
    } else if (format.option() == 'x') {
      out.push_back('\0');
    } else if (format.option() == 'f') {
      AppendReal<float>(out, luaL_checknumber(state, argument++), format.little_endian());
    } else if (format.option() == 'd') {
      AppendReal<double>(out, luaL_checknumber(state, argument++), format.little_endian());
    } else if (format.option() == 'c' || format.option() == 's') {
      PackString(state, format, argument++, out);
    } else {
      format.Control();
    }
    if (out.size() > kMostBytes) return luaL_error(state, "resulting string too large");
  }
  lua_pushlstring(state, out.data(), out.size());
  return 1;
}

void CheckRoom(lua_State* state, std::string_view data, size_t position, size_t size) {
  luaL_argcheck(state, size <= data.size() && position <= data.size() - size, 2,
                "data string too short");
}

// Reads a string at `position`; pushes it and returns how many bytes it took. `results` counts the
// values unpacked so far: c0 takes its size from the last one.
size_t UnpackString(lua_State* state, const Format& format, std::string_view data, size_t position,
                    int* results) {
  size_t size = format.size();
  if (format.option() == 's') {
    const size_t end = data.find('\0', position);
    if (end == data.npos) luaL_error(state, "unfinished string in data");
    lua_pushlstring(state, data.data() + position, end - position);
    ++*results;
    return end - position + 1;
  }
  if (size == 0) {
    if (*results == 0 || !lua_isnumber(state, -1)) {
      luaL_error(state, "format 'c0' needs a previous size");
    }
    size = ToUint64(lua_tonumber(state, -1));
    lua_pop(state, 1);
    --*results;
    CheckRoom(state, data, position, size);
  }
  lua_pushlstring(state, data.data() + position, size);
  ++*results;
  return size;
}

int Unpack(lua_State* state) {
  Format format(state, luaL_checkstring(state, 1));
  size_t length;
  const char* text = luaL_checklstring(state, 2, &length);
  const std::string_view data(text, length);
  // A negative one is far behind the end.
  const size_t offset = static_cast<size_t>(luaL_optinteger(state, 3, 1));
  luaL_argcheck(state, offset != 0, 3, "offset must be 1 or greater");
  size_t position = offset - 1;
  int results = 0;
  while (format.Next()) {
    position += format.Padding(position);
    CheckRoom(state, data, position, format.size());
    luaL_checkstack(state, 2, "too many results");
    size_t size = format.size();
    if (format.is_integer()) {
      lua_pushnumber(state, ReadInteger(text + position, format));
      ++results;
    } else if (format.option() == 'f') {
      lua_pushnumber(state, ReadReal<float>(text + position, format.little_endian()));
      ++results;
    } else if (format.option() == 'd') {
      lua_pushnumber(state, ReadReal<double>(text + position, format.little_endian()));
      ++results;
    } else if (format.option() == 'c' || format.option() == 's') {
      size = UnpackString(state, format, data, position, &results);
    } else if (format.option() != 'x') {
      format.Control();
    }
    position += size;
  }
  lua_pushinteger(state, static_cast<lua_Integer>(position + 1));
  return results + 1;
}

int Size(lua_State* state) {
  Format format(state, luaL_checkstring(state, 1));
  size_t position = 0;
  while (format.Next()) {
    position += format.Padding(position);
    if (format.option() == 's') {
      luaL_argerror(state, 1, "option 's' has no fixed size");
    } else if (format.option() == 'c' && format.size() == 0) {
      luaL_argerror(state, 1, "option 'c0' has no fixed size");
    }
    if (!format.is_alphanumeric()) format.Control();  // of the others, what is none has no size
    position += format.size();
  }
  lua_pushinteger(state, static_cast<lua_Integer>(position));
  return 1;
}

}  // namespace

void OpenStruct(lua_State* state) {
  static constexpr luaL_Reg kFunctions[] = {
      {"pack", Pack}, {"unpack", Unpack}, {"size", Size}, {nullptr, nullptr}};
  lua_newtable(state);
  luaL_register(state, nullptr, kFunctions);
  lua_setglobal(state, "struct");
}

}  // namespace larder
