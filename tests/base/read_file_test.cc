#include "server/base/read_file.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace larder {
namespace {

TEST(ReadFile, ReadsAllOfIt) {
  const std::string path = ::testing::TempDir() + "read_file_test";
  for (size_t size : {0, 1, 4095, 4096, 4097, 100'000}) {
    const std::string written(size, 'x');
    std::ofstream(path) << written;
    std::string text = "before";
    EXPECT_EQ(ReadFile(path, &text), 0);
    EXPECT_EQ(text, written);
  }
  std::filesystem::remove(path);
}

TEST(ReadFile, TakesNothingThatCannotBeReadForEmpty) {
  std::string text;
  EXPECT_EQ(ReadFile(::testing::TempDir() + "is not there", &text), ENOENT);
  EXPECT_EQ(ReadFile(::testing::TempDir(), &text), EISDIR);
  EXPECT_EQ(ReadFile("/dev/zero", &text), EFBIG);
}

}  // namespace
}  // namespace larder
