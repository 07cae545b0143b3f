#include "server/base/hex.h"

#include <gtest/gtest.h>

#include <array>

namespace larder {
namespace {

TEST(Hex, WritesTwoDigitsForEachByteAndReadsThemBack) {
  const std::array<uint8_t, 4> bytes = {0x00, 0x0f, 0xa9, 0xff};
  EXPECT_EQ(HexOf(bytes), "000fa9ff");
  std::array<uint8_t, 4> read{};
  EXPECT_TRUE(ParseHex("000FA9ff", read));
  EXPECT_EQ(read, bytes);
  std::string escaped;
  AppendHexEscape(escaped, '\xa9');
  EXPECT_EQ(escaped, "\\xa9");
}

TEST(Hex, ReadsNothingElse) {
  std::array<uint8_t, 2> bytes{};
  for (const char* text : {"", "123", "12345", "12g4", "12 4", "-123", "12/4", "12:4", "12@4"}) {
    EXPECT_FALSE(ParseHex(text, bytes)) << text;
  }
}

}  // namespace
}  // namespace larder
