#include "protocol/lzf.h"

#include <gtest/gtest.h>

#include <string>

namespace larder {
namespace {

TEST(Lzf, GivesBackWhatWasPacked) {
  const std::string text(1000, 'x');
  std::string packed, unpacked;
  ASSERT_TRUE(CompressLzf(text, 4, &packed));
  EXPECT_LT(packed.size(), 50u);
  ASSERT_TRUE(DecompressLzf(packed, text.size(), &unpacked));
  EXPECT_EQ(unpacked, text);
}

TEST(Lzf, RefusesToPackWhatWouldNotShrinkEnough) {
  std::string packed;
  EXPECT_FALSE(CompressLzf("abcdefghijklmnopqrstuvwxyz", 4, &packed));
  EXPECT_FALSE(CompressLzf("", 4, &packed));
}

TEST(Lzf, RefusesPackedBytesThatStandForAnotherSize) {
  std::string packed, unpacked;
  ASSERT_TRUE(CompressLzf(std::string(1000, 'x'), 4, &packed));
  EXPECT_FALSE(DecompressLzf(packed, 999, &unpacked));
  EXPECT_FALSE(DecompressLzf(packed, 1001, &unpacked));
  EXPECT_FALSE(DecompressLzf(packed, 0, &unpacked));
  EXPECT_FALSE(DecompressLzf(packed.substr(0, packed.size() - 1), 1000, &unpacked));
  EXPECT_FALSE(DecompressLzf("\xff\xff\xff", 300, &unpacked));
}

TEST(Lzf, AllocatesNothingForASizeThatTheBytesCanNotStandFor) {
  std::string unpacked;
  EXPECT_FALSE(DecompressLzf("abc", size_t{4} << 30, &unpacked));
  EXPECT_FALSE(DecompressLzf("abc", size_t{4} << 20, &unpacked));
  EXPECT_LT(unpacked.capacity(), 1024u);
}

}  // namespace
}  // namespace larder
