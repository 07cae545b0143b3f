// Ways out of the sandbox that scripts have found in the past, each as a test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/script/script_player.h"

namespace larder {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Sandbox : public ::testing::Test {
 protected:
  // Every attack is followed by a harmless script that must find everything in its place.
  void TearDown() override {
    EXPECT_EQ(player_.Run("return redis.status_reply(string.upper('ok'))"), "+OK\r\n");
    EXPECT_EQ(player_.Run("return ('x'):upper() .. cjson.encode({1}) .. type(_G.math.floor)"),
              "$12\r\nX[1]function\r\n");
    EXPECT_EQ(player_.Run("return rawget(_G, 'leak') == nil"), ":1\r\n");
  }
  void ExpectReadOnly(std::string_view code) {
    EXPECT_THAT(player_.Run(code), HasSubstr("Attempt to modify a readonly table")) << code;
  }

  ScriptPlayer player_;
};

TEST_F(Sandbox, LoadsNoBytecode) {
  EXPECT_THAT(player_.Run("return {loadstring('\\27Lua')}"), "*0\r\n");
  EXPECT_THAT(player_.Run("return select(2, loadstring('\\27Lua'))"),
              HasSubstr("unexpected symbol near 'char(27)'"));
  EXPECT_THAT(player_.Run("local first = true return select(2, load(function() if first then "
                          "first = false return '\\27Lua' end end))"),
              HasSubstr("unexpected symbol"));
  EXPECT_THAT(player_.Run("\033Lua"), HasSubstr("compile: user_script:1: unexpected symbol"));
  EXPECT_THAT(player_.Run("return loadstring(string.dump(function() return 1 end))()"),
              HasSubstr("attempt to call a nil value"));
}

TEST_F(Sandbox, LoadsText) {
  EXPECT_EQ(player_.Run("return loadstring('return 1 + 1')()"), ":2\r\n");
  EXPECT_EQ(player_.Run("local parts = {'return ', '', '3'} local i = 0 "
                        "return load(function() i = i + 1 return parts[i] end)()"),
            "$-1\r\n");
  EXPECT_EQ(player_.Run("local parts = {'return ', '3'} local i = 0 "
                        "return load(function() i = i + 1 return parts[i] end)()"),
            ":3\r\n");
  EXPECT_EQ(player_.Run("local f, e = load(function() error('no') end) return {f == nil, e}"),
            "*2\r\n:1\r\n-ERR user_script:1: no\r\n");
}

TEST_F(Sandbox, HasNothingThatReachesTheSystem) {
  for (const char* name : {"dofile", "loadfile", "print", "require", "module", "package", "debug",
                           "io", "os", "getfenv", "setfenv", "newproxy"}) {
    EXPECT_THAT(player_.Run(std::string("return ") + name), HasSubstr("nonexistent global"))
        << name;
  }
}

TEST_F(Sandbox, KeepsTheGlobals) {
  ExpectReadOnly("leak = 1");
  ExpectReadOnly("redis = 1");
  ExpectReadOnly("KEYS = {}");
  ExpectReadOnly("_G.leak = 1");
  ExpectReadOnly("_G._G.leak = 1");
  ExpectReadOnly("_G = {}");
  ExpectReadOnly("rawset(_G, 'leak', 1)");
  ExpectReadOnly("setmetatable(_G, {})");
  ExpectReadOnly("getmetatable(_G).__index = {}");
  ExpectReadOnly("rawset(getmetatable(_G), '__index', nil)");
  ExpectReadOnly("function leak() end");
  EXPECT_THAT(
      player_.Run("return leak"),
      HasSubstr("-ERR user_script:1: Script attempted to access nonexistent global variable "
                "'leak' script: sha, on @user_script:1.\r\n"));
}

TEST_F(Sandbox, KeepsTheLibraries) {
  ExpectReadOnly("redis.call = nil");
  ExpectReadOnly("string.upper = nil");
  ExpectReadOnly("table.insert(redis, 1)");
  ExpectReadOnly("table.insert(string, 1, 'x')");
  // In an empty table there is nothing to move.
  EXPECT_EQ(player_.Run("table.sort(math) return math.floor(math.pi)"), ":3\r\n");
  EXPECT_EQ(player_.Run("table.remove(redis) return type(redis.call)"), "$8\r\nfunction\r\n");
  ExpectReadOnly("for k, v in pairs(cjson) do cjson[k] = 1 end");
  ExpectReadOnly("for k in next, bit do rawset(bit, k, 1) end");
  ExpectReadOnly("coroutine.wrap(function() cmsgpack.pack = 1 end)()");
  ExpectReadOnly("struct.pack = 1");
  ExpectReadOnly("setmetatable(redis, {__index = function() return 1 end})");
  EXPECT_EQ(player_.Run("return getmetatable(redis) == nil"), ":1\r\n");
}

TEST_F(Sandbox, KeepsTheMetatableOfStrings) {
  ExpectReadOnly("getmetatable('').__index = function() return 1 end");
  ExpectReadOnly("getmetatable('').__index.upper = function() return 1 end");
  ExpectReadOnly("rawset(getmetatable('').__index, 'upper', 1)");
  ExpectReadOnly("getmetatable('').__add = function() return 1 end");
}

TEST_F(Sandbox, ShowsProtectedTables) {
  EXPECT_EQ(player_.Run("local n = 0 for k, v in pairs(struct) do n = n + 1 end return n"),
            ":3\r\n");
  EXPECT_EQ(player_.Run("return type(rawget(redis, 'call'))"), "$8\r\nfunction\r\n");
  EXPECT_EQ(player_.Run("return type(next(bit))"), "$6\r\nstring\r\n");
}

TEST_F(Sandbox, EndsWhatEatsMemory) {
  EXPECT_THAT(player_.Run("local s = 'x' while true do s = s .. s end"),
              HasSubstr("not enough memory"));
  EXPECT_THAT(player_.Run("local t, s = {}, ('x'):rep(4e6) while true do t[#t + 1] = s .. #t end"),
              HasSubstr("not enough memory"));
  EXPECT_LT(player_.interpreter.memory_bytes(), Interpreter::kMostBytes);
}

TEST_F(Sandbox, BoundsRepliesThatHoldThemselvesManyTimes) {
  player_.most_reply_bytes = 8 << 20;  // 512 MiB of tables in tables take half a minute
  EXPECT_EQ(player_.Run("local t = {} for i = 1, 100 do t = {t, t} end return t"),
            "-ERR the reply of the script is too large\r\n");
  EXPECT_THAT(player_.Run("local s, t = ('x'):rep(2^20), {} for i = 1, 10 do t[i] = s end "
                          "return t"),
              HasSubstr("the reply of the script is too large"));
  player_.server.checks_before_kill = 0;
  EXPECT_THAT(player_.Run("local t = {} for i = 1, 100 do t = {t, t} end return t"),
              HasSubstr("Script killed by user"));
  player_.server.checks_before_kill = 1 << 30;
}

TEST_F(Sandbox, BoundsLoopsThatNothingInterrupts) {
  EXPECT_EQ(player_.Run("return ('').rep('', 2^31 - 1)"), "$0\r\n\r\n");
  EXPECT_EQ(player_.Run("return ('ab'):rep(3) .. ('ab'):rep(0) .. ('ab'):rep(-1)"),
            "$6\r\nababab\r\n");
  EXPECT_THAT(player_.Run("return ('xx'):rep(2^31 - 1)"), HasSubstr("resulting string too large"));
  EXPECT_THAT(player_.Run("table.insert({}, -2^31, 1)"), HasSubstr("position out of bounds"));
  EXPECT_THAT(player_.Run("table.insert({}, 2^32 - 2^31, 1)"), HasSubstr("position out of bounds"));
  EXPECT_EQ(player_.Run("local t = {1, 2} table.insert(t, 1, 0) table.insert(t, 9) return t"),
            "*4\r\n:0\r\n:1\r\n:2\r\n:9\r\n");
}

TEST_F(Sandbox, EndsWhatEatsTheStack) {
  EXPECT_THAT(player_.Run("local function f() return f() + 1 end return f()"),
              HasSubstr("stack overflow"));
  EXPECT_THAT(player_.Run("local function f() return pcall(f) end return f()"), StartsWith(":"));
  EXPECT_THAT(player_.Run("local function f() return coroutine.wrap(f)() end return f()"),
              HasSubstr("C stack overflow"));
  EXPECT_THAT(player_.Run("local function f(s) return s:gsub('.', f) end return f('x')"),
              HasSubstr("C stack overflow"));
  EXPECT_THAT(player_.Run("return string.find(('a'):rep(1e6), ('a?'):rep(1e6))"),
              HasSubstr("pattern too complex"));
  EXPECT_THAT(player_.Run("return string.gsub(('a'):rep(1e6), ('a?'):rep(1e6), print, 1)"),
              HasSubstr("nonexistent"));
  EXPECT_THAT(player_.Run("return string.gsub('aa', ('a?'):rep(1e6), function() end, 1)"),
              HasSubstr("pattern too complex"));
  EXPECT_EQ(player_.Run("return string.find(('a?'):rep(1e5), ('a?'):rep(1e5), 1, true)"), ":1\r\n");
  EXPECT_THAT(player_.Run("return loadstring(('('):rep(1e6))"), HasSubstr("$-1"));
  EXPECT_THAT(player_.Run("local t = {} t[1] = t return t"), HasSubstr("reached lua stack limit"));
  EXPECT_THAT(player_.Run("return unpack({}, 1, 1e9)"), HasSubstr("too many results to unpack"));
  EXPECT_THAT(player_.Run("return unpack({}, -2147483648, 2147483647)"), HasSubstr("too many"));
  EXPECT_THAT(player_.Run("return unpack({}, 0, 2147483647)"), HasSubstr("too many"));
  EXPECT_EQ(player_.Run("return {unpack({1, 2, 3}, 2)}"), "*2\r\n:2\r\n:3\r\n");
  EXPECT_EQ(player_.Run("return select('#', unpack({}, 2147483646, 2147483647))"), ":2\r\n");
}

TEST_F(Sandbox, EndsKilledScriptsThatCatchErrors) {
  player_.server.checks_before_kill = 2;
  EXPECT_THAT(
      player_.Run("while true do pcall(function() while true do end end) end"),
      HasSubstr("Script killed by user with SCRIPT KILL... script: sha, on @user_script:1."));
  player_.server.checks = 0;
  EXPECT_THAT(player_.Run("while true do local c = coroutine.create(function() while true do end "
                          "end) coroutine.resume(c) end"),
              HasSubstr("Script killed by user"));
  player_.server.checks = 0;
  EXPECT_THAT(player_.Run("while true do xpcall(function() while true do end end, "
                          "function() while true do end end) end"),
              HasSubstr("Script killed by user"));
  player_.server.checks_before_kill = 1 << 30;
}

TEST_F(Sandbox, SurvivesStrangeErrors) {
  EXPECT_EQ(player_.Run("error()"), "-ERR nil script: sha, on @user_script:1.\r\n");
  EXPECT_EQ(player_.Run("error({})"), "-ERR unknown error script: sha, on @user_script:1.\r\n");
  EXPECT_EQ(player_.Run("error({err = 'My Err'})"), "-My Err script: sha, on @user_script:1.\r\n");
  EXPECT_EQ(player_.Run("error(12)"), "-ERR user_script:1: 12 script: sha, on @user_script:1.\r\n");
  EXPECT_THAT(player_.Run("error(redis)"), HasSubstr("readonly table"));
  EXPECT_THAT(player_.Run("error(setmetatable({}, {__index = function() error('x') end}))"),
              HasSubstr("unknown error"));
  EXPECT_THAT(player_.Run("error(function() end)"), HasSubstr("ERR function"));
  EXPECT_THAT(player_.Run("error(('x'):rep(1e6))"), HasSubstr("xxxx"));
}

TEST_F(Sandbox, KeepsTheCollectorRunning) {
  EXPECT_EQ(player_.Run("return collectgarbage('stop')"), ":0\r\n");
  EXPECT_EQ(player_.Run("return collectgarbage('setpause', 1000000)"), ":200\r\n");
  EXPECT_EQ(player_.Run("return collectgarbage('setpause')"), ":200\r\n");
  EXPECT_EQ(player_.Run("return type(collectgarbage('step', 1))"), "$7\r\nboolean\r\n");
  EXPECT_THAT(player_.Run("collectgarbage('more')"),
              HasSubstr("bad argument #1 to 'collectgarbage' (invalid option 'more')"));
  EXPECT_EQ(player_.Run("return collectgarbage('count') > 10"), ":1\r\n");
  // 2 GiB of garbage in pieces.
  EXPECT_EQ(
      player_.Run("local s = ('x'):rep(4e6) for i = 1, 512 do local garbage = s .. i end return 1"),
      ":1\r\n");
}

}  // namespace
}  // namespace larder
