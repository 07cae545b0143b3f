#include "replication/hidden_file.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace larder {
namespace {

TEST(HiddenFile, IsReadAsItWasWritten) {
  HiddenFile file(::testing::TempDir());
  ASSERT_TRUE(file.Write("snap") && file.Write("shot"));
  EXPECT_EQ(file.size_bytes(), 8u);
  for (int time = 0; time < 2; ++time) {
    char bytes[5] = {};
    ASSERT_EQ(file.Read(bytes, sizeof(bytes)), 5u);
    EXPECT_FALSE(file.all_read());
    ASSERT_EQ(file.Read(bytes, sizeof(bytes)), 3u);
    EXPECT_EQ(std::string(bytes, 3), "hot");
    EXPECT_TRUE(file.all_read());
    EXPECT_EQ(file.Read(bytes, sizeof(bytes)), 0u);
    file.Rewind();
  }
  EXPECT_EQ(file.error(), 0);
}

TEST(HiddenFile, HasNothingWhereItWasDropped) {
  HiddenFile file(::testing::TempDir());
  ASSERT_TRUE(file.Write("snapshot"));
  file.Drop();
  EXPECT_EQ(file.size_bytes(), 0u);
  EXPECT_TRUE(file.all_read());
  EXPECT_FALSE(file.Write("x"));
}

TEST(HiddenFile, SaysWhyItCannotBeWritten) {
  HiddenFile file(::testing::TempDir() + "is not there");
  EXPECT_FALSE(file.Write("x"));
  EXPECT_EQ(file.error(), ENOENT);
  char byte;
  EXPECT_EQ(file.Read(&byte, 1), 0u);
  EXPECT_EQ(file.error(), ENOENT);
}

TEST(HiddenFile, SaysWhyItCannotBeRead) {
  HiddenFile file(::testing::TempDir());
  ASSERT_TRUE(file.Write("snapshot"));
  EXPECT_EQ(file.Read(nullptr, 4), 0u);  // a place that the kernel refuses
  EXPECT_EQ(file.error(), EFAULT);
  EXPECT_FALSE(file.all_read());
}

}  // namespace
}  // namespace larder
