#include "server/store/large_string.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "server/store/string_blocks.h"

namespace larder {
namespace {

constexpr size_t kBlock = LargeString::kBlockBytes;

std::string BytesOf(const LargeString& string) {
  return StringBlocks(&string).Copy(0, string.size());
}

// The blocks by address: the same address is the same block.
std::vector<const Blob*> BlocksOf(const LargeString& string) {
  std::vector<const Blob*> blocks;
  for (size_t i = 0; i < string.block_count(); ++i) blocks.push_back(string.block(i).blob);
  return blocks;
}

TEST(LargeString, AChangeOfACopyCopiesOneBlock) {
  LargeString string(std::string(10 * kBlock, 'x'));
  const LargeString copy = string;
  EXPECT_EQ(BlocksOf(copy), BlocksOf(string));
  string.Overwrite(3 * kBlock + 5, "changed");
  const std::vector<const Blob*> before = BlocksOf(copy), after = BlocksOf(string);
  for (size_t i = 0; i < before.size(); ++i) EXPECT_EQ(before[i] == after[i], i != 3) << i;
  EXPECT_EQ(BytesOf(copy), std::string(10 * kBlock, 'x'));
}

TEST(LargeString, ABlockThatNobodySharesIsChangedInPlace) {
  LargeString string(std::string(3 * kBlock, 'x'));
  const std::vector<const Blob*> before = BlocksOf(string);
  string.Overwrite(kBlock - 1, "across");
  EXPECT_EQ(BlocksOf(string), before);
}

TEST(LargeString, AppendLeavesWhatAReplyHolds) {
  LargeString string(std::string(kBlock + 10, 'x'));
  const BlobRef sent = BlobRef::Share(string.block(1).blob);
  string.Append("more");
  EXPECT_EQ(sent->view(), std::string(10, 'x'));
  EXPECT_EQ(BytesOf(string), std::string(kBlock + 10, 'x').append("more"));
}

TEST(LargeString, AGapOfZerosTakesNoMemoryUntilItIsWritten) {
  LargeString string(std::string(kBlock, 'x'));
  string.Grow(1000 * kBlock);
  const std::vector<const Blob*> before = BlocksOf(string);
  EXPECT_EQ(before[1], before[998]);
  string.Overwrite(500 * kBlock, "y");
  EXPECT_EQ(StringBlocks(&string).Copy(500 * kBlock - 1, 3), std::string("\0y\0", 3));
  const std::vector<const Blob*> after = BlocksOf(string);
  for (size_t i = 0; i < before.size(); ++i) EXPECT_EQ(before[i] == after[i], i != 500) << i;
}

TEST(LargeString, BehavesLikeAString) {
  std::mt19937 random(1);
  LargeString string(std::string(LargeString::kMinBytes, 's'));
  std::string model(LargeString::kMinBytes, 's');
  std::vector<LargeString> copies;
  std::vector<std::string> copied;
  for (int step = 0; step < 2000; ++step) {
    const std::string piece(random() % (step % 10 == 0 ? 40'000 : 300),
                            static_cast<char>('a' + random() % 26));
    const size_t kind = random() % 10;
    if (kind < 4) {
      string.Append(piece);
      model += piece;
    } else if (kind < 5) {
      string.Grow(string.size() + piece.size());
      model.resize(model.size() + piece.size());
    } else if (kind < 9) {
      const size_t offset = random() % (model.size() - std::min(model.size(), piece.size()) + 1);
      if (offset + piece.size() > model.size()) continue;
      string.Overwrite(offset, piece);
      model.replace(offset, piece.size(), piece);
    } else if (copies.size() < 20) {
      copies.push_back(string);
      copied.push_back(model);
    }
    ASSERT_EQ(string.size(), model.size());
    const size_t offset = random() % model.size();
    const size_t size = std::min<size_t>(model.size() - offset, random() % 50'000);
    ASSERT_EQ(StringBlocks(&string).Copy(offset, size), model.substr(offset, size));
  }
  EXPECT_EQ(BytesOf(string), model);
  for (size_t i = 0; i < copies.size(); ++i) EXPECT_EQ(BytesOf(copies[i]), copied[i]);
}

TEST(StringBlocks, SeesAShortStringInTheSameBlocks) {
  const std::string bytes = std::string(kBlock, 'a').append("bc");
  const StringBlocks blocks{std::string_view(bytes)};
  EXPECT_EQ(blocks.count(), 2u);
  EXPECT_EQ(blocks.block(1).bytes, "bc");
  EXPECT_TRUE(blocks.block(2).bytes.empty());
  EXPECT_EQ(blocks.At(kBlock + 1), 'c');
  std::string storage;
  EXPECT_EQ(blocks.Flatten(&storage).data(), bytes.data());
}

}  // namespace
}  // namespace larder
