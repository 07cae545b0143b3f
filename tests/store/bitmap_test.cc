#include "server/store/bitmap.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace larder {
namespace {

struct Free {
  void operator()(Entry* entry) const { Entry::Free(entry); }
};
using EntryPtr = std::unique_ptr<Entry, Free>;

EntryPtr Random(size_t size, std::mt19937& random) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return EntryPtr(Entry::NewString("k", bytes, StringEncoding::kRaw, Entry::kNoExpiry));
}

std::vector<bool> BitsOf(const StringBlocks& string) {
  std::vector<bool> bits(8 * string.size());
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = BitAt(string, i);
  return bits;
}

class Bitmap : public testing::TestWithParam<size_t> {
 protected:
  std::mt19937 random_{static_cast<unsigned>(GetParam())};
  EntryPtr entry_ = Random(GetParam(), random_);
};

TEST_P(Bitmap, CountsAndFindsAsBitByBit) {
  const StringBlocks string = entry_->string();
  const std::vector<bool> bits = BitsOf(string);
  for (int round = 0; round < 100; ++round) {
    uint64_t first = random_() % bits.size(), last = random_() % bits.size();
    if (first > last) std::swap(first, last);
    if (round % 2 == 0) last = std::min<uint64_t>(last, first + random_() % 20);
    uint64_t ones = 0;
    for (uint64_t i = first; i <= last; ++i) ones += bits[i];
    ASSERT_EQ(CountBits(string, first, last), ones) << first << " to " << last;
    for (const bool value : {false, true}) {
      std::optional<uint64_t> found;
      for (uint64_t i = first; i <= last && !found; ++i) {
        if (bits[i] == value) found = i;
      }
      ASSERT_EQ(FindBit(string, value, first, last), found) << first << " to " << last;
    }
  }
}

TEST_P(Bitmap, WritesAndReadsFieldsOfAnyWidth) {
  std::vector<bool> bits = BitsOf(entry_->string());
  for (int round = 0; round < 200; ++round) {
    const int width = static_cast<int>(random_() % std::min<size_t>(64, bits.size())) + 1;
    const uint64_t offset = random_() % (bits.size() - static_cast<size_t>(width) + 1);
    const uint64_t value = (uint64_t{random_()} << 32 | random_()) >> (64 - width);
    WriteBits(*entry_, offset, width, value);
    for (int i = 0; i < width; ++i) {
      bits[offset + static_cast<size_t>(i)] = (value >> (width - 1 - i) & 1) != 0;
    }
    ASSERT_EQ(ReadBits(entry_->string(), offset, width), value) << width << " at " << offset;
  }
  EXPECT_EQ(BitsOf(entry_->string()), bits);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Bitmap,
                         testing::Values(1, 2, 7, 9, 300, LargeString::kMinBytes,
                                         2 * LargeString::kBlockBytes + 3));

TEST(Bitmap, FindsTheOneBitOfALongString) {
  EntryPtr entry(Entry::NewString("k", "", StringEncoding::kRaw, Entry::kNoExpiry));
  entry.reset(Entry::Grow(entry.release(), 10'000'000));
  WriteBits(*entry, 70'000'001, 1, 1);
  EXPECT_EQ(FindBit(entry->string(), true, 0, 79'999'999), 70'000'001u);
  EXPECT_EQ(CountBits(entry->string(), 0, 79'999'999), 1u);
  EXPECT_FALSE(BitAt(entry->string(), 80'000'000));
  EXPECT_EQ(ReadBits(entry->string(), 80'000'000, 64), 0u) << "behind the end";
}

TEST(Bitmap, CombinesStringsOfDifferentLength) {
  const std::string a = "\x0f\xf0\xff", b = "\x3c";
  const StringBlocks strings[] = {StringBlocks(a), StringBlocks(b), StringBlocks()};
  const std::span<const StringBlocks> two(strings, 2), one(strings, 1);
  EXPECT_EQ(CombineBlock(BitOperation::kAnd, two, 0), std::string("\x0c\x00\x00", 3));
  EXPECT_EQ(CombineBlock(BitOperation::kOr, two, 0), "\x3f\xf0\xff");
  EXPECT_EQ(CombineBlock(BitOperation::kXor, two, 0), "\x33\xf0\xff");
  EXPECT_EQ(CombineBlock(BitOperation::kNot, one, 0), std::string("\xf0\x0f\x00", 3));
  EXPECT_EQ(CombineBlock(BitOperation::kAnd, strings, 0), std::string(3, '\0'));
}

}  // namespace
}  // namespace larder
