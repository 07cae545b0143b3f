#include "server/script/lua_strings.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <lua.hpp>
#include <string_view>

#include "server/base/check.h"
#include "server/base/hash.h"

// Two functions of Lua that no header declares.
void* luaM_realloc_(lua_State* state, void* block, size_t old_size, size_t new_size);
void luaS_resize(lua_State* state, int chains);

namespace larder {
namespace {

// Shorter strings keep Lua's hash, which sees all of their bytes: with it pairs() walks through a
// table with short keys in the order in which it does in Redis.
constexpr size_t kLongBytes = 32;

// A string; its bytes and a zero lie behind it.
struct String {
  String* next;  // in its chain
  uint8_t type;
  uint8_t color;
  uint8_t reserved;  // not 0: a word of the language
  uint32_t hash;
  size_t size;

  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
};
static_assert(sizeof(String) == 24);

constexpr uint8_t kWhites = 3;  // two colors, of which the collector takes one for dead at a time

// The head of what all coroutines of a state share.
struct Shared {
  String** chains;
  uint32_t strings;
  int chain_count;  // a power of two
  lua_Alloc allocate;
  void* allocator;
  uint8_t white;  // the color of the living
  uint8_t phase;
  int swept_chain;
  void* lists[9];     // of the collector, and a buffer
  size_t collect_at;  // it goes on when the bytes are more
  size_t bytes;
};

struct StateHead {
  void* next;
  uint8_t type, color, status;
  void* top;
  void* base;
  Shared* shared;
};

Shared& SharedOf(lua_State* state) { return *reinterpret_cast<StateHead*>(state)->shared; }

String*& ChainOf(Shared& shared, uint32_t hash) {
  return shared.chains[hash & static_cast<uint32_t>(shared.chain_count - 1)];
}

String* Find(Shared& shared, std::string_view text, uint32_t hash) {
  for (String* each = ChainOf(shared, hash); each != nullptr; each = each->next) {
    if (each->hash != hash || each->size != text.size()) continue;
    if (std::memcmp(each->bytes(), text.data(), text.size()) != 0) continue;
    const bool dead = (each->color & (shared.white ^ kWhites) & kWhites) != 0;
    if (dead) each->color ^= kWhites;  // not collected yet: it lives again
    return each;
  }
  return nullptr;
}

String* Make(lua_State* state, Shared& shared, std::string_view text, uint32_t hash) {
  void* memory = luaM_realloc_(state, nullptr, 0, sizeof(String) + text.size() + 1);
  auto* string = static_cast<String*>(memory);
  string->type = LUA_TSTRING;
  string->color = shared.white & kWhites;
  string->reserved = 0;
  string->hash = hash;
  string->size = text.size();
  std::memcpy(string->bytes(), text.data(), text.size());
  string->bytes()[text.size()] = '\0';
  String*& chain = ChainOf(shared, hash);
  string->next = chain;
  chain = string;
  ++shared.strings;
  // Twice as many chains as Lua has: to look at a string that is another costs more than a chain.
  if (shared.strings > static_cast<uint32_t>(shared.chain_count) / 2 &&
      shared.chain_count < 1 << 30) {
    luaS_resize(state, shared.chain_count * 2);
  }
  return string;
}

}  // namespace

size_t StopCollector(lua_State* state) {
  lua_gc(state, LUA_GCSTOP, 0);
  return SharedOf(state).bytes;
}

void GoOnCollecting(lua_State* state, size_t bytes_before) {
  lua_gc(state, LUA_GCRESTART, 0);
  Shared& shared = SharedOf(state);
  if (shared.bytes / 4 > bytes_before) shared.collect_at = shared.bytes * 2;
}

void FetchChain(lua_State* state, uint64_t hash) {
  __builtin_prefetch(&ChainOf(SharedOf(state), static_cast<uint32_t>(hash)));
}

void FetchString(lua_State* state, uint64_t hash) {
  __builtin_prefetch(ChainOf(SharedOf(state), static_cast<uint32_t>(hash)));
}

size_t LongestChain(lua_State* state) {
  const Shared& shared = SharedOf(state);
  size_t longest = 0;
  for (int i = 0; i < shared.chain_count; ++i) {
    size_t length = 0;
    for (const String* each = shared.chains[i]; each != nullptr; each = each->next) ++length;
    longest = std::max(longest, length);
  }
  return longest;
}

void CheckStringLayout(lua_State* state) {
  void* allocator;
  const lua_Alloc allocate = lua_getallocf(state, &allocator);
  Shared& shared = SharedOf(state);
  CHECK(shared.allocate == allocate && shared.allocator == allocator);
  CHECK(shared.bytes / 1024 == static_cast<size_t>(lua_gc(state, LUA_GCCOUNT, 0)));
  CHECK(shared.bytes % 1024 == static_cast<size_t>(lua_gc(state, LUA_GCCOUNTB, 0)));
  lua_gc(state, LUA_GCSTOP, 0);
  CHECK(shared.collect_at > shared.bytes);
  lua_gc(state, LUA_GCRESTART, 0);
  CHECK(shared.collect_at == shared.bytes);
  for (std::string_view text : {"short", "a long string: more than 31 characters of it"}) {
    lua_pushlstring(state, text.data(), text.size());
    const auto* string = reinterpret_cast<const String*>(lua_tostring(state, -1)) - 1;
    CHECK(string->type == LUA_TSTRING && string->size == text.size());
    CHECK(string->color == (shared.white & kWhites));
    CHECK(Find(shared, text, string->hash) == string);
    lua_pop(state, 1);
  }
}

}  // namespace larder

extern "C" {

// luaS_newlstr as Lua names it, and what the linker calls ours.
void* __real__Z12luaS_newlstrP9lua_StatePKcm(lua_State* state, const char* bytes, size_t size);
void* __wrap__Z12luaS_newlstrP9lua_StatePKcm(lua_State* state, const char* bytes, size_t size) {
  if (size < larder::kLongBytes) {
    return __real__Z12luaS_newlstrP9lua_StatePKcm(state, bytes, size);
  }
  const std::string_view text(bytes, size);
  const auto hash = static_cast<uint32_t>(larder::HashBytes(text));
  larder::Shared& shared = larder::SharedOf(state);
  if (larder::String* found = larder::Find(shared, text, hash)) return found;
  return larder::Make(state, shared, text, hash);
}

}  // extern "C"
