#include "protocol/blob.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace larder {
namespace {

TEST(Blob, HoldsTheBytesItWasMadeFrom) {
  const std::string bytes("a\0b", 3);
  BlobRef blob = BlobRef::Adopt(Blob::New(bytes));
  EXPECT_EQ(blob->view(), bytes);
  EXPECT_EQ(blob->size(), 3u);
  EXPECT_TRUE(blob->unique());
}

TEST(Blob, LivesAsLongAsItsLastReference) {
  BlobRef copy;
  {
    BlobRef first = BlobRef::Adopt(Blob::New("page"));
    copy = first;
    EXPECT_FALSE(copy->unique());
  }
  EXPECT_TRUE(copy->unique());
  EXPECT_EQ(copy->view(), "page");
}

TEST(BlobRef, MovesWithoutTouchingTheCount) {
  BlobRef first = BlobRef::Adopt(Blob::New("page"));
  BlobRef second = std::move(first);
  EXPECT_FALSE(first);
  EXPECT_TRUE(second->unique());
  BlobRef third = BlobRef::Adopt(second.release());
  EXPECT_FALSE(second);
  EXPECT_TRUE(third->unique());
}

TEST(Blob, CountsReferencesOfManyThreads) {
  BlobRef blob = BlobRef::Adopt(Blob::New("page"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([copy = blob] {
      for (int round = 0; round < 1000; ++round) BlobRef another = copy;
    });
  }
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  EXPECT_TRUE(blob->unique());
}

TEST(Blob, KeepsItsBytesWhenItGetsAnotherSize) {
  Blob* blob = Blob::New("page");
  blob = Blob::Resize(blob, 100'000);
  std::memset(blob->mutable_data() + 4, 's', 99'996);
  EXPECT_EQ(blob->view(), "page" + std::string(99'996, 's'));
  BlobRef owner = BlobRef::Adopt(Blob::Resize(blob, 2));
  EXPECT_EQ(owner->view(), "pa");
}

}  // namespace
}  // namespace larder
