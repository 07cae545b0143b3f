#include "protocol/lzf.h"

#include <gtest/gtest.h>

#include <random>
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

// From what nearly never repeats to what hardly does anything else, shorter than a word and longer
// than positions are counted.
TEST(Lzf, GivesBackTextsOfEveryKindAndSize) {
  std::mt19937 random(7);
  std::string packed, unpacked;
  for (const unsigned letters : {1u, 2u, 4u, 40u, 256u}) {
    for (const size_t size : {1, 2, 3, 4, 5, 9, 32, 33, 264, 265, 700, 8192, 8200, 70000, 200000}) {
      std::string text;
      while (text.size() < size) {
        // Now and then what came some time before, also from far away.
        const size_t back = random() % (text.size() + 1), again = random() % 300;
        if (letters < 256 && random() % 16 == 0) text += text.substr(text.size() - back, again);
        text.push_back(static_cast<char>(random() % letters));
      }
      text.resize(size);
      if (!CompressLzf(text, 0, &packed)) continue;
      ASSERT_LE(packed.size(), size);
      ASSERT_TRUE(DecompressLzf(packed, size, &unpacked)) << letters << " " << size;
      ASSERT_EQ(unpacked, text) << letters << " " << size;
    }
  }
}

TEST(Lzf, UnpacksWhatLiesCloserThanItIsLong) {
  std::string unpacked;
  ASSERT_TRUE(DecompressLzf(std::string("\x02"
                                        "abc"
                                        "\xe0\x03\x02",
                                        7),
                            15, &unpacked));
  EXPECT_EQ(unpacked, "abcabcabcabcabc");
  ASSERT_TRUE(DecompressLzf(std::string("\x08"
                                        "abcdefghi"
                                        "\xe0\x09\x08",
                                        13),
                            27, &unpacked));
  EXPECT_EQ(unpacked, "abcdefghiabcdefghiabcdefghi");
}

TEST(Lzf, RefusesReferencesToBeforeTheBeginningAndWhatEndsWithinOne) {
  std::string unpacked;
  EXPECT_FALSE(DecompressLzf(std::string("\x00x\x20\x01", 4), 4, &unpacked));
  EXPECT_FALSE(DecompressLzf(std::string("\x00x\x20", 3), 4, &unpacked));
  EXPECT_FALSE(DecompressLzf(std::string("\x00x\xe0\x00", 4), 10, &unpacked));
  EXPECT_FALSE(DecompressLzf(std::string("\x03xyz", 4), 4, &unpacked));
  EXPECT_TRUE(DecompressLzf(std::string("\x00x\x20\x00", 4), 4, &unpacked));
}

TEST(Lzf, RefusesToPackWhatWouldNotShrinkEnough) {
  std::string packed;
  EXPECT_FALSE(CompressLzf("abcdefghijklmnopqrstuvwxyz", 4, &packed));
  EXPECT_FALSE(CompressLzf("", 4, &packed));
  std::string noise;
  std::mt19937 random(7);
  while (noise.size() < 100000) noise.push_back(static_cast<char>(random()));
  EXPECT_FALSE(CompressLzf(noise, 4, &packed));
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
