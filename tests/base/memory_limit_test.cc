#include "server/base/memory_limit.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace larder {
namespace {

class MemoryLimitTest : public testing::Test {
 protected:
  MemoryLimitTest() {
    std::filesystem::remove_all(root_);
    Write("/proc/meminfo", "MemTotal:       2048 kB\nMemFree:        1024 kB\n");
  }
  ~MemoryLimitTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }

  const std::string root_ = testing::TempDir() + "memory_limit_test." + std::to_string(getpid());
};

TEST_F(MemoryLimitTest, IsTheMachinesWithoutGroups) {
  EXPECT_EQ(MemoryLimitBytes(root_), 2048u * 1024);
  EXPECT_GT(MemoryLimitBytes(), 1u << 20) << "of this machine";
}

TEST_F(MemoryLimitTest, IsTheLeastOfAGroupAndThoseAboveIt) {
  Write("/proc/self/cgroup", "0::/shop.slice/larder.service\n");
  Write("/sys/fs/cgroup/shop.slice/larder.service/memory.max", "max\n");
  EXPECT_EQ(MemoryLimitBytes(root_), 2048u * 1024);
  Write("/sys/fs/cgroup/shop.slice/memory.max", "1000000\n");
  EXPECT_EQ(MemoryLimitBytes(root_), 1000000u);
  Write("/sys/fs/cgroup/shop.slice/larder.service/memory.max", "500000\n");
  EXPECT_EQ(MemoryLimitBytes(root_), 500000u);
}

TEST_F(MemoryLimitTest, IsFoundInAContainerThatSeesItsGroupAsTheRoot) {
  Write("/proc/self/cgroup", "0::/\n");
  Write("/sys/fs/cgroup/memory.max", "700000\n");
  EXPECT_EQ(MemoryLimitBytes(root_), 700000u);
}

TEST_F(MemoryLimitTest, ReadsVersionOneWherePathsAreTheHosts) {
  Write("/proc/self/cgroup", "5:cpu,cpuacct:/docker/1234\n7:memory:/docker/1234\n");
  Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "600000\n");
  EXPECT_EQ(MemoryLimitBytes(root_), 600000u);
  Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(MemoryLimitBytes(root_), 2048u * 1024);
}

}  // namespace
}  // namespace larder
