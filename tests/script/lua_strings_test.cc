// The strings of a Lua state, which Lua by itself finds by some of their bytes only.
#include "server/script/lua_strings.h"

#include <gtest/gtest.h>

#include <lua.hpp>
#include <string>

namespace larder {
namespace {

class LuaStringsTest : public testing::Test {
 protected:
  LuaStringsTest() : state_(luaL_newstate()) {}
  ~LuaStringsTest() override { lua_close(state_); }

  const char* Push(const std::string& text) {
    lua_pushlstring(state_, text.data(), text.size());
    return lua_tostring(state_, -1);
  }

  lua_State* const state_;
};

TEST_F(LuaStringsTest, TheLayoutIsTheOneWeKnow) { CheckStringLayout(state_); }

TEST_F(LuaStringsTest, IdsThatDifferInAFewDigitsDoNotShareAChain) {
  lua_newtable(state_);
  for (int i = 0; i < 20'000; ++i) {
    const std::string digits = std::to_string(100'000 + i);
    std::string id = "069_ENTRY_";
    for (char digit : digits) id.append("0000").append(1, digit);
    Push(id);
    lua_rawseti(state_, -2, i + 1);
  }
  EXPECT_LT(LongestChain(state_), 16u);
}

TEST_F(LuaStringsTest, EqualStringsAreOne) {
  for (size_t size : {5, 31, 32, 33, 100'000}) {
    const std::string text(size, 'x');
    const char* first = Push(text);
    EXPECT_EQ(Push(text), first) << size;
    EXPECT_NE(Push(text + 'y'), first) << size;
    EXPECT_EQ(std::string(first), text);
  }
}

TEST_F(LuaStringsTest, AStringOfZeroBytesIsNotALongerOne) {
  const std::string zeros(40, '\0');
  Push(zeros);
  Push(zeros + '\0');
  EXPECT_EQ(lua_objlen(state_, -2), 40u);
  EXPECT_EQ(lua_objlen(state_, -1), 41u);
}

TEST_F(LuaStringsTest, WhatTheCollectorHasNotFreedYetLivesAgain) {
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 300; ++i) {
      Push("a string that is made over and over again, number " + std::to_string(i));
      lua_settop(state_, 0);
    }
    lua_gc(state_, LUA_GCSTEP, 1);  // somewhere in the middle of a collection
    const std::string text = "a string that is made over and over again, number 7";
    Push(text);
    lua_gc(state_, LUA_GCCOLLECT, 0);
    ASSERT_EQ(std::string(lua_tostring(state_, -1)), text);
    lua_settop(state_, 0);
  }
}

TEST_F(LuaStringsTest, AStateThatIsNearlyAllNewIsCollectedWhenItHasDoubled) {
  const auto bytes = [this] { return lua_gc(state_, LUA_GCCOUNT, 0); };  // KiB
  const size_t before = StopCollector(state_);
  const std::string filling(1000, 'x');
  lua_newtable(state_);
  for (int i = 1; i <= 4000; ++i) {
    Push(filling + std::to_string(i));
    lua_rawseti(state_, -2, i);
  }
  GoOnCollecting(state_, before);
  const int full = bytes();
  for (int i = 0; i < 3000; ++i) {
    Push(std::to_string(i) + filling);  // garbage
    lua_pop(state_, 1);
  }
  EXPECT_GT(bytes(), full + 2900);
  GoOnCollecting(state_, StopCollector(state_));  // nothing new: it goes on at once
  for (int i = 0; i < 20'000; ++i) {
    Push(std::to_string(i) + filling);
    lua_pop(state_, 1);
  }
  EXPECT_LT(bytes(), full * 4);
}

}  // namespace
}  // namespace larder
