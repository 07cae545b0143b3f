#include "server/script/redis_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/script/script_player.h"

namespace larder {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(RedisApi, PassesWordsOn) {
  ScriptPlayer player;
  player.Run("redis.call('SET', KEYS[1], ARGV[1], 1e15, 0.1, 3, -0.0, 1e17)", {"k"}, {"v"});
  ASSERT_EQ(player.server.calls.size(), 1u);
  EXPECT_THAT(player.server.calls[0], ElementsAre("SET", "k", "v", "1000000000000000",
                                                  "0.10000000000000001", "3", "-0", "1e+17"));
}

TEST(RedisApi, ConvertsRepliesBothWays) {
  ScriptPlayer player;
  const auto through = [&](std::string reply, int client_resp) {
    player.server.reply = std::move(reply);
    return player.Run("return redis.call('x')", {}, {}, client_resp);
  };
  for (const char* same : {":7\r\n", "$2\r\nab\r\n", "+fine\r\n", "*2\r\n:1\r\n*1\r\n$0\r\n\r\n",
                           "*0\r\n", "$-1\r\n"}) {
    EXPECT_EQ(through(same, 2), same);
  }
  EXPECT_EQ(through("*-1\r\n", 2), "$-1\r\n");
  player.server.resp_version = 3;
  for (const char* same : {",1.5\r\n", "(12345678901234567890\r\n", "#t\r\n", "#f\r\n", "_\r\n",
                           "%1\r\n$1\r\na\r\n:1\r\n", "~1\r\n$1\r\na\r\n", "=6\r\ntxt:ab\r\n"}) {
    EXPECT_EQ(through(same, 3), same);
  }
  EXPECT_EQ(through("|1\r\n+a\r\n*1\r\n:1\r\n:9\r\n", 3), ":9\r\n");
}

TEST(RedisApi, RaisesErrorsOfCallAndReturnsThoseOfPCall) {
  ScriptPlayer player;
  player.server.reply = "-WRONGTYPE no\r\n";
  EXPECT_EQ(player.Run("redis.call('x') return 1"),
            "-WRONGTYPE no script: sha, on @user_script:1.\r\n");
  EXPECT_EQ(player.Run("return redis.pcall('x')"), "-WRONGTYPE no\r\n");
  EXPECT_EQ(player.Run("return redis.pcall('x').err"), "$12\r\nWRONGTYPE no\r\n");
  EXPECT_EQ(player.Run("local ok, e = pcall(redis.call, 'x') return e"), "$12\r\nWRONGTYPE no\r\n");
  EXPECT_EQ(player.Run("return redis.call()"),
            "-ERR Please specify at least one argument for this redis lib call script: sha, on "
            "@user_script:1.\r\n");
  EXPECT_THAT(player.Run("return redis.call({})"),
              HasSubstr("ERR Lua redis lib command arguments must be strings or integers"));
  player.server.refusal = "ERR refused";
  EXPECT_EQ(player.Run("return redis.pcall('x')"), "-ERR refused\r\n");
}

TEST(RedisApi, AnswersWhatTablesSay) {
  ScriptPlayer player;
  EXPECT_EQ(player.Run("return {1.9, true, false, {ok = 'a\\r\\nb'}, {err = 'c d'}, nil, 5}"),
            "*5\r\n:1\r\n:1\r\n$-1\r\n+a  b\r\n-c d\r\n");
  EXPECT_EQ(player.Run("return {double = 1.5}"), "$3\r\n1.5\r\n");
  EXPECT_EQ(player.Run("return {double = 1.5}", {}, {}, 3), ",1.5\r\n");
  EXPECT_EQ(player.Run("return {map = {a = {set = {b = true}}}}", {}, {}, 3),
            "%1\r\n$1\r\na\r\n~1\r\n$1\r\nb\r\n");
  EXPECT_EQ(player.Run("return {big_number = '1\\r\\n2'}", {}, {}, 3), "(1  2\r\n");
  EXPECT_EQ(player.Run("return {verbatim_string = {string = 'x', format = 'txt'}}", {}, {}, 3),
            "=5\r\ntxt:x\r\n");
  EXPECT_EQ(player.Run("return {verbatim_string = {format = 'txt'}}"), "*0\r\n");
  EXPECT_EQ(player.Run("return {0/0, 1e30, -1/0}"),
            "*3\r\n:-9223372036854775808\r\n:-9223372036854775808\r\n:-9223372036854775808\r\n");
  EXPECT_EQ(player.Run("return function() end"), "$-1\r\n");
  EXPECT_EQ(player.Run("redis.setresp(3) return {true, false}"), "*2\r\n:1\r\n:0\r\n");
}

TEST(RedisApi, MakesReplies) {
  ScriptPlayer player;
  EXPECT_EQ(player.Run("return redis.error_reply('foo')"), "-ERR foo\r\n");
  EXPECT_EQ(player.Run("return redis.error_reply('-foo bar')"), "-foo bar\r\n");
  EXPECT_EQ(player.Run("return redis.error_reply('')"), "-ERR \r\n");
  EXPECT_EQ(player.Run("return redis.error_reply('\\n\\r\\t')"), "-ERR \t\r\n");
  EXPECT_EQ(player.Run("return redis.error_reply('A \\r\\n b\\n ')"), "-A  b  \r\n");
  EXPECT_EQ(player.Run("return redis.error_reply(1)"),
            "-ERR wrong number or type of arguments\r\n");
  EXPECT_EQ(player.Run("return redis.status_reply('')"), "+\r\n");
  EXPECT_EQ(player.Run("return redis.sha1hex('')"),
            "$40\r\nda39a3ee5e6b4b0d3255bfef95601890afd80709\r\n");
}

TEST(RedisApi, EndsErrorsAtAZeroByte) {
  ScriptPlayer player;
  EXPECT_EQ(player.Run("return redis.error_reply('a\\0b c')"), "-ERR a\r\n");
  EXPECT_EQ(player.Run("return redis.error_reply('a \\0b c')"), "-a \r\n");
  EXPECT_EQ(player.Run("return redis.error_reply('\\0').err"), "$4\r\nERR \r\n");
  EXPECT_EQ(player.Run("return {err = 'a b\\0c'}"), "-a b\r\n");
  EXPECT_EQ(player.Run("error({err = 'a b\\0c'})"), "-a b script: sha, on @user_script:1.\r\n");
  EXPECT_EQ(player.Run("error('a\\0b')"),
            "-ERR user_script:1: a script: sha, on @user_script:1.\r\n");
  EXPECT_EQ(player.Run("local ok, e = pcall(error, 'a\\0b') return #e"), ":3\r\n");
}

TEST(RedisApi, SpellsNotANumberWithItsSign) {
  ScriptPlayer player;
  player.Run("redis.call('x', 0/0, -(0/0), 1/0, -1/0)");
  EXPECT_THAT(player.server.calls.at(0), ElementsAre("x", "-nan", "nan", "inf", "-inf"));
  EXPECT_EQ(player.Run("return {double = 0/0}"), "$4\r\n-nan\r\n");
  EXPECT_EQ(player.Run("return {double = 0/0}", {}, {}, 3), ",-nan\r\n");
  EXPECT_EQ(player.Run("return {double = -(0/0)}", {}, {}, 3), ",nan\r\n");
}

TEST(RedisApi, CutsNumbersBeforeItLooksAtThem) {
  ScriptPlayer player;
  EXPECT_EQ(player.Run("return redis.setresp(2.5)"), "$-1\r\n");
  EXPECT_EQ(player.Run("redis.setresp(3.9) return true"), ":1\r\n");
  EXPECT_EQ(player.server.resp_version, 3);
  EXPECT_EQ(player.Run("return redis.set_repl(-0.5)"), "$-1\r\n");
  EXPECT_EQ(player.Run("return redis.set_repl(3.5)"), "$-1\r\n");
  EXPECT_EQ(player.Run("return redis.log(3.5, 'a level between two')"), "$-1\r\n");
  EXPECT_EQ(player.Run("return redis.log(-0.5, 'a level between two')"), "$-1\r\n");
  for (const char* number : {"0/0", "2^32", "1e300", "-1e300", "-1"}) {
    const std::string text = number;
    EXPECT_THAT(player.Run("redis.setresp(" + text + ")"), HasSubstr("RESP version must be"));
    EXPECT_THAT(player.Run("redis.log(" + text + ", 'x')"), HasSubstr("Invalid debug level"));
    EXPECT_THAT(player.Run("redis.set_repl(" + text + ")"), HasSubstr("Invalid replication"));
  }
}

TEST(RedisApi, KnowsItsConstants) {
  ScriptPlayer player;
  EXPECT_EQ(
      player.Run("return {redis.REPL_ALL, redis.REPL_AOF, redis.REPL_REPLICA, redis.REPL_NONE, "
                 "redis.LOG_DEBUG, redis.LOG_WARNING, redis.REDIS_VERSION_NUM}"),
      "*7\r\n:3\r\n:1\r\n:2\r\n:0\r\n:0\r\n:3\r\n:459268\r\n");
  EXPECT_EQ(player.Run("return redis.REDIS_VERSION"), "$5\r\n7.2.4\r\n");
  EXPECT_EQ(player.Run("return {redis.replicate_commands(), redis.breakpoint(), redis.debug(1)}"),
            "*2\r\n:1\r\n$-1\r\n");
  EXPECT_EQ(player.Run("return redis.acl_check_cmd('get', 'x')"), ":1\r\n");
  EXPECT_THAT(player.Run("return redis.acl_check_cmd('nothing')"),
              HasSubstr("ERR Invalid command passed to redis.acl_check_cmd()"));
  EXPECT_THAT(player.Run("redis.set_repl(8)"), HasSubstr("Invalid replication flags"));
  for (const char* call : {"redis.set_repl()", "redis.set_repl(1, 2)"}) {
    EXPECT_THAT(player.Run(call), HasSubstr("ERR redis.set_repl() requires two arguments."));
  }
  EXPECT_THAT(player.Run("redis.setresp(1)"), HasSubstr("RESP version must be 2 or 3"));
  EXPECT_THAT(player.Run("redis.log(9, 'x')"), HasSubstr("Invalid debug level"));
}

}  // namespace
}  // namespace larder
