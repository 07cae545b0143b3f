#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/script/script_player.h"

namespace larder {
namespace {

using ::testing::HasSubstr;

TEST(Random, GivesTheNumbersOfLrand48) {
  ScriptPlayer player;
  EXPECT_EQ(player.Run("return math.random() * 1000000"), ":396464\r\n");
  EXPECT_EQ(player.Run("return math.random(1000000)"), ":840486\r\n");
  EXPECT_EQ(player.Run("return math.random(1000000)"), ":353337\r\n");
  EXPECT_EQ(player.Run("math.randomseed(100) return math.random(1000000)"), ":251059\r\n");
  EXPECT_THAT(player.Run("return math.random(0)"), HasSubstr("interval is empty"));
  EXPECT_THAT(player.Run("return math.random(1, 2, 3)"), HasSubstr("wrong number of arguments"));
  EXPECT_EQ(player.Run("local n = math.random(-2147483648, 2147483647) return n < 2^31"), ":1\r\n");
}

TEST(Bit, WritesAtMostEightDigits) {
  ScriptPlayer player;
  EXPECT_EQ(player.Run("return bit.tohex(255)"), "$8\r\n000000ff\r\n");
  EXPECT_EQ(player.Run("return bit.tohex(65535, -4)"), "$4\r\nFFFF\r\n");
  EXPECT_EQ(player.Run("return #bit.tohex(255, -2147483648)"), ":8\r\n");
  EXPECT_EQ(player.Run("return bit.band(0xff, 0x0f)"), ":15\r\n");
}

TEST(Bit, CountsDigitsIn32Bits) {
  ScriptPlayer player;
  for (const char* count : {"2^32", "2^53", "2^63"}) {
    EXPECT_EQ(player.Run(std::string("return bit.tohex(127, ") + count + ")"), "$0\r\n\r\n")
        << count;
  }
  EXPECT_EQ(player.Run("return bit.tohex(127, 2^32 - 1)"), "$1\r\nF\r\n");
  EXPECT_EQ(player.Run("return bit.tohex(127, '3')"), "$3\r\n07f\r\n");
  EXPECT_THAT(player.Run("return bit.tohex('a', 'b')"), HasSubstr("bad argument #1 to 'tohex'"));
  EXPECT_THAT(player.Run("return bit.tohex(1, 'b')"), HasSubstr("bad argument #2 to 'tohex'"));
  EXPECT_THAT(player.Run("return bit.tohex(1, nil)"), HasSubstr("bad argument #2 to 'tohex'"));
}

TEST(Json, WritesAndReads) {
  ScriptPlayer player;
  EXPECT_EQ(player.Run("return cjson.encode({1, 2, {a = 1.5}, cjson.null})"),
            "$20\r\n[1,2,{\"a\":1.5},null]\r\n");
  EXPECT_EQ(player.Run("return cjson.decode('[1,[2,3]]')[2][2]"), ":3\r\n");
  EXPECT_THAT(player.Run("return cjson.encode(0/0)"),
              HasSubstr("ERR user_script:1: Cannot serialise number: must not be NaN or Inf"));
  EXPECT_THAT(player.Run("return cjson.encode({[1] = 1, [100] = 2})"),
              HasSubstr("excessively sparse array"));
  EXPECT_THAT(player.Run("return cjson.decode('[1')"), HasSubstr("Expected comma or array end"));
}

TEST(Json, RefusesWhatIsTooDeepOrTooLong) {
  ScriptPlayer player;
  EXPECT_THAT(player.Run("local t = {} for i = 1, 1001 do t = {t} end return cjson.encode(t)"),
              HasSubstr("Cannot serialise, excessive nesting (1001)"));
  EXPECT_THAT(player.Run("return cjson.decode(('['):rep(1001) .. (']'):rep(1001))"),
              HasSubstr("Found too many nested data structures (1001)"));
  // Nobody lives to see the end of 2^1000 paths.
  EXPECT_THAT(player.Run("local t = {} t[1] = t t[2] = t return cjson.encode(t)"),
              HasSubstr("Cannot serialise, excessive nesting (1001)"));
  EXPECT_THAT(player.Run("cjson.encode_max_depth(3) return cjson.encode({{{1}}})"),
              HasSubstr("[[[1]]]"));
  EXPECT_THAT(player.Run("cjson.encode_max_depth(2147483647) local t = {} t[1] = t "
                         "return cjson.encode(t)"),
              HasSubstr("excessive nesting"));
  EXPECT_THAT(player.Run("cjson.encode_max_depth(2147483647) local t = {} t[1] = t t[2] = t "
                         "return cjson.encode(t)"),
              HasSubstr("excessive nesting"));
  EXPECT_THAT(player.Run("cjson.decode_max_depth(2147483647) return cjson.decode(('['):rep(1e6))"),
              HasSubstr("nested"));
  EXPECT_THAT(
      player.Run("local t = ('x'):rep(1e6) for i = 1, 60 do t = {t, t} end return cjson.encode(t)"),
      HasSubstr("the text is too long"));
  EXPECT_THAT(player.Run("local t = ('x'):rep(1e6) for i = 1, 60 do t = {t, t} end "
                         "return cjson.new().encode(t)"),
              HasSubstr("the text is too long"));
}

TEST(MsgPack, PacksAsTheFormatSays) {
  ScriptPlayer player;
  EXPECT_EQ(player.Run("return cmsgpack.pack(1, -1, 'a', true, {}, {1, 2}, {a = 1})"),
            "$13\r\n\x01\xff\xa1"
            "a\xc3\x90\x92\x01\x02\x81\xa1"
            "a\x01\r\n");
  EXPECT_EQ(player.Run("return #cmsgpack.pack(0.5)"), ":5\r\n");
  EXPECT_EQ(player.Run("return #cmsgpack.pack(0.1)"), ":9\r\n");
  EXPECT_EQ(player.Run("return cmsgpack.unpack(cmsgpack.pack(-9007199254740992))"),
            ":-9007199254740992\r\n");
  EXPECT_EQ(player.Run("return {cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3))}"),
            "*2\r\n:1\r\n:1\r\n");
  EXPECT_EQ(player.Run("return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 2)}"),
            "*3\r\n:2\r\n:1\r\n:2\r\n");
  EXPECT_EQ(player.Run("return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 9, 1)}"),
            "*3\r\n:-1\r\n:2\r\n:3\r\n");
}

TEST(MsgPack, RefusesWhatIsCutShortOrWrong) {
  ScriptPlayer player;
  for (const char* data : {"\\147", "\\205", "\\161", "\\204", "\\210\\1", "\\217ab", "\\221\\255",
                           "\\221\\255\\255\\255\\255", "\\222\\0", "\\223\\255\\255\\255\\255"}) {
    EXPECT_THAT(player.Run(std::string("return cmsgpack.unpack('") + data + "')"),
                testing::AnyOf(HasSubstr("Missing bytes"), HasSubstr("Bad data format")))
        << data;
  }
  EXPECT_THAT(player.Run("return cmsgpack.unpack('\\193')"),
              HasSubstr("Bad data format in input."));
  EXPECT_THAT(player.Run("return cmsgpack.unpack(('\\145'):rep(1e6))"), HasSubstr("too many"));
  EXPECT_THAT(player.Run("local t = ('x'):rep(1e7) for i = 1, 9 do t = {t, t, t} end "
                         "return #cmsgpack.pack(t)"),
              HasSubstr("packed value is too long"));
  EXPECT_THAT(player.Run("return cmsgpack.pack()"), HasSubstr("MessagePack pack needs input."));
}

TEST(MsgPack, EndsTablesThatHoldThemselves) {
  ScriptPlayer player;
  EXPECT_EQ(player.Run("local t = {} t[1] = t local u = cmsgpack.unpack(cmsgpack.pack(t)) "
                       "local n = 0 while u do u = u[1] n = n + 1 end return n"),
            ":16\r\n");
}

TEST(Struct, PacksAndUnpacks) {
  ScriptPlayer player;
  EXPECT_EQ(player.Run("return struct.pack('>I2h', 1, -2)"),
            std::string("$4\r\n\0\1\xff\xfe\r\n", 10));
  EXPECT_EQ(player.Run("return {struct.unpack('>I2h', '\\0\\1\\255\\254')}"),
            "*3\r\n:1\r\n:-2\r\n:5\r\n");
  EXPECT_EQ(player.Run("return {struct.unpack('<i3', struct.pack('<i3', -5))}"),
            "*2\r\n:-5\r\n:4\r\n");
  EXPECT_EQ(player.Run("return struct.size('!8bi8')"), ":16\r\n");
  EXPECT_EQ(player.Run("return struct.size('x2')"), ":1\r\n");  // no option, and no size
  EXPECT_EQ(player.Run("return {struct.unpack('bc0', '\\2ab')}"), "*2\r\n$2\r\nab\r\n:4\r\n");
  EXPECT_EQ(player.Run("return {struct.unpack('s', 'ab\\0')}"), "*2\r\n$2\r\nab\r\n:4\r\n");
  EXPECT_EQ(player.Run("return select(1, struct.unpack('>d', struct.pack('>d', 42)))"), ":42\r\n");
  EXPECT_EQ(player.Run("return struct.pack('>i32', 1) == ('\\0'):rep(31) .. '\\1'"), ":1\r\n");
}

TEST(Struct, CutsNumbersAsCDoes) {
  ScriptPlayer player;
  const std::pair<const char*, const char*> cases[] = {
      {"2^64", "('\\0'):rep(8)"},
      {"1/0", "('\\0'):rep(8)"},
      {"1e300", "('\\0'):rep(8)"},
      {"2^64 - 2048", "'\\0\\248' .. ('\\255'):rep(6)"},
      {"2^63", "('\\0'):rep(7) .. '\\128'"},
      {"-1/0", "('\\0'):rep(7) .. '\\128'"},
      {"-1e300", "('\\0'):rep(7) .. '\\128'"},
      {"0/0", "('\\0'):rep(7) .. '\\128'"},
      {"-1.9", "('\\255'):rep(8)"},
  };
  for (const auto& [number, bytes] : cases) {
    for (const char* format : {"i8", "I8", "l", "L", "T"}) {
      EXPECT_EQ(player.Run(std::string("return struct.pack('") + format + "', " + number +
                           ") == " + bytes),
                ":1\r\n")
          << format << ' ' << number;
    }
    for (const char* format : {"i4", "I4", "h", "H", "b", "B"}) {
      EXPECT_EQ(player.Run(std::string("local b = struct.pack('") + format + "', " + number +
                           ") return b == (" + bytes + "):sub(1, #b)"),
                ":1\r\n")
          << format << ' ' << number;
    }
  }
  for (const char* size : {"-0.5", "2^64", "1e300"}) {
    EXPECT_EQ(player.Run(std::string("return {struct.unpack('dc0', struct.pack('d', ") + size +
                         ") .. 'ab')}"),
              "*2\r\n$0\r\n\r\n:9\r\n")
        << size;
  }
}

TEST(Struct, RefusesWrongFormatsAndShortData) {
  ScriptPlayer player;
  const std::pair<const char*, const char*> cases[] = {
      {"struct.pack('i33', 1)", "integral size 33 is larger than limit of 32"},
      {"struct.pack('y', 1)", "invalid format option 'y'"},
      {"struct.unpack('i', 'x')", "data string too short"},
      {"struct.unpack('b', 'ab', 0)", "offset must be 1 or greater"},
      {"struct.unpack('b', 'ab', 9007199254740992)", "data string too short"},
      {"struct.unpack('c2147483647', 'ab', 2)", "data string too short"},
      {"struct.unpack('dc0', struct.pack('d', -1) .. 'ab')", "data string too short"},
      {"struct.unpack('dc0', struct.pack('d', 0/0) .. 'ab')", "data string too short"},
      {"struct.unpack('b', 'ab', -1)", "bad argument #2 to 'unpack' (data string too short)"},
      {"struct.unpack(' ', 'ab', -1)", "bad argument #2 to 'unpack' (data string too short)"},
      {"struct.unpack('i33', 'ab', -1)", "integral size 33 is larger than limit of 32"},
      {"struct.pack('i4')", "bad argument #2 to 'pack' (number expected, got nil)"},
      {"struct.pack('i4s', 1)", "bad argument #3 to 'pack' (string expected, got nil)"},
      {"struct.unpack('s', 'ab')", "unfinished string in data"},
      {"struct.unpack('c0', 'ab')", "format 'c0' needs a previous size"},
      {"struct.size('s')", "option 's' has no fixed size"},
      {"struct.size('c0')", "option 'c0' has no fixed size"},
      {"struct.size('!3b')", "alignment 3 is not a power of 2"},
      {"struct.pack('i99999999999', 1)", "integral size overflow"},
      {"struct.pack('c3', 'ab')", "string too short"},
  };
  for (const auto& [code, error] : cases) {
    EXPECT_THAT(player.Run(std::string("return ") + code), HasSubstr(error)) << code;
  }
}

}  // namespace
}  // namespace larder
