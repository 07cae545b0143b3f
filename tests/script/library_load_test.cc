// What the source of a library may do while it is loaded.
#include "server/script/library_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/script/interpreter.h"
#include "server/script/shebang.h"
#include "tests/script/script_player.h"

namespace larder {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Libraries : public ::testing::Test {
 protected:
  std::string Load(std::string_view code) {
    LibraryLoad load(limit_ms_);
    const std::string error = interpreter_.LoadLibrary(code, load);
    functions_ = std::move(load.functions());
    return error;
  }
  // What the function with this number in the order of registration answers.
  std::string Call(size_t number, std::vector<std::string_view> keys = {},
                   std::vector<std::string_view> arguments = {}) {
    FakeServer server;
    OutputBuffer out;
    Reply reply(out, 2);
    interpreter_.Run({.function = functions_.at(number).number,
                      .name = functions_.at(number).name,
                      .keys = keys,
                      .arguments = arguments,
                      .server = server,
                      .reply = reply});
    return out.Flatten();
  }

  Interpreter interpreter_{Interpreter::Kind::kFunctions};
  int64_t limit_ms_ = 500;
  std::vector<Function> functions_;
};

TEST_F(Libraries, RegisterFunctions) {
  ASSERT_EQ(Load("redis.register_function('a', function(k, a) return {k[1], a[2]} end)\n"
                 "redis.register_function{function_name = 7, description = 'seventh',\n"
                 "callback = function() return 7 end, flags = {'no-writes', 'Allow-OOM'}}"),
            "");
  ASSERT_EQ(functions_.size(), 2u);
  EXPECT_EQ(functions_[0].name, "a");
  EXPECT_FALSE(functions_[0].description);
  EXPECT_EQ(functions_[1].name, "7");
  EXPECT_EQ(functions_[1].description, "seventh");
  EXPECT_EQ(functions_[1].flags, kScriptNoWrites | kScriptAllowOom);
  EXPECT_EQ(Call(0, {"x"}, {"y", "z"}), "*2\r\n$1\r\nx\r\n$1\r\nz\r\n");
  EXPECT_EQ(Call(1), ":7\r\n");
}

TEST_F(Libraries, RegisterANameOnceInEachCase) {
  ASSERT_EQ(Load("redis.register_function('F', function() return 1 end)\n"
                 "redis.register_function('f', function() return 2 end)"),
            "");
  EXPECT_EQ(Call(0), ":1\r\n");
  EXPECT_EQ(Call(1), ":2\r\n");
  EXPECT_THAT(Load("redis.register_function('F', function() end)\n"
                   "redis.register_function('F', function() end)"),
              HasSubstr("ERR Function already exists in the library"));
}

TEST_F(Libraries, KeepWhatTheyShareBetweenCalls) {
  ASSERT_EQ(Load("local n = 0 redis.register_function('count', function() n = n + 1 return n end)"),
            "");
  EXPECT_EQ(Call(0), ":1\r\n");
  EXPECT_EQ(Call(0), ":2\r\n");
}

TEST_F(Libraries, SeeNoGlobalsButRedis) {
  for (const char* name : {"math", "string", "pcall", "_G", "error", "getmetatable", "rawset",
                           "loadstring", "cjson", "KEYS"}) {
    EXPECT_THAT(Load(std::string("local x = ") + name), HasSubstr("nonexistent global")) << name;
  }
  for (const char* name : {"call", "pcall", "setresp", "set_repl", "acl_check_cmd", "redis"}) {
    EXPECT_THAT(Load(std::string("local x = redis.") + name), HasSubstr("nonexistent global"))
        << name;
  }
  EXPECT_THAT(Load("x = 1"), HasSubstr("Attempt to modify a readonly table"));
  EXPECT_THAT(Load("redis.x = 1"), HasSubstr("Attempt to modify a readonly table"));
}

TEST_F(Libraries, SeeTheGlobalsAgainAfterASourceThatFailed) {
  ASSERT_EQ(Load("redis.register_function('f', function() return math.floor(1.5) end)"), "");
  const std::vector<Function> kept = functions_;
  EXPECT_NE(Load("return math"), "");
  EXPECT_NE(Load("syntax error"), "");
  functions_ = kept;
  EXPECT_EQ(Call(0), ":1\r\n");
}

TEST_F(Libraries, RegisterNothingLater) {
  ASSERT_EQ(Load("local r = redis redis.register_function('f', function() "
                 "r.register_function('g', function() end) end)"),
            "");
  EXPECT_THAT(Call(0), HasSubstr("can only be called on FUNCTION LOAD command"));
  ASSERT_EQ(Load("redis.register_function('f', function() return redis.register_function end)"),
            "");
  EXPECT_EQ(Call(0), "$-1\r\n");
}

TEST_F(Libraries, AreStoppedWhenTheyTakeTooLong) {
  limit_ms_ = 20;
  EXPECT_EQ(Load("while true do end"),
            "ERR Error registering functions: ERR FUNCTION LOAD timeout");
  EXPECT_THAT(Load("local s = ('x'):rep(1e6) local t = {} while true do t[#t + 1] = s .. #t end"),
              StartsWith("ERR Error registering functions: ERR "));
  EXPECT_EQ(Load("redis.register_function('f', function() return 1 end)"), "");
  EXPECT_EQ(Call(0), ":1\r\n");
}

TEST_F(Libraries, MayRaiseAnything) {
  EXPECT_THAT(Load("local t = nil t.x = 1"), HasSubstr("attempt to index"));
  EXPECT_THAT(Load("return redis.register_function(redis)"), HasSubstr("function name argument"));
  EXPECT_THAT(Load("('x'):rep(10, {}).y.z = 1"), StartsWith("ERR Error registering functions: "));
  EXPECT_THAT(Load("local function f() return f() + 1 end f()"), HasSubstr("stack overflow"));
}

TEST(LibraryShebang, ReadsTheName) {
  std::string error;
  EXPECT_EQ(ParseLibraryShebang("#!lua name=lib\ncode", &error)->name, "lib");
  EXPECT_EQ(ParseLibraryShebang("#!lua name=lib\ncode", &error)->size, 14u);
  EXPECT_EQ(ParseLibraryShebang("#!LUA NAME='a_1'\n", &error)->name, "a_1");
  EXPECT_FALSE(ParseLibraryShebang("#!lua name=a\\0b\n", &error));
  EXPECT_EQ(error, kBadFunctionName);
}

}  // namespace
}  // namespace larder
