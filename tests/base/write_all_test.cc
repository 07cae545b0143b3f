#include "server/base/write_all.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

namespace {

// A descriptor that takes nothing, which no file of this machine need be: twice, and then it is
// none.
std::atomic<int> takes_nothing{-1}, times_left{0};

}  // namespace

// In the place of libc's, for this program.
extern "C" ssize_t writev(int fd, const iovec* pieces, int count) {
  if (fd != takes_nothing || fd < 0) return syscall(SYS_writev, fd, pieces, count);
  if (times_left-- > 0) return 0;
  errno = EBADF;
  return -1;
}

namespace larder {
namespace {

// What comes out of a pipe that is read by other steps than it is written.
template <typename Write>
std::string ThroughAPipe(Write write) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  std::string text;
  std::thread reader([&] {
    char bytes[1000];
    for (ssize_t size; (size = read(ends[0], bytes, sizeof(bytes))) > 0;) {
      text.append(bytes, static_cast<size_t>(size));
    }
  });
  EXPECT_EQ(write(ends[1]), 0);
  close(ends[1]);
  reader.join();
  close(ends[0]);
  return text;
}

TEST(WriteAll, WritesWhatTheKernelTakesInParts) {
  const std::string written(300'000, 'x');
  EXPECT_EQ(ThroughAPipe([&](int fd) { return WriteAll(fd, written); }), written);
}

TEST(WriteAll, WritesMorePiecesThanOneCallTakesAndEmptyOnes) {
  std::string letters = "abc";
  std::vector<iovec> pieces;
  std::string written;
  for (size_t i = 0; i < 5000; ++i) {
    pieces.push_back({letters.data(), i % 4});
    written += letters.substr(0, i % 4);
  }
  EXPECT_EQ(ThroughAPipe([&](int fd) { return WriteAll(fd, pieces); }), written);
}

TEST(WriteAll, HasNothingToDoWithoutBytes) {
  EXPECT_EQ(WriteAll(-1, std::string_view()), 0);
  EXPECT_EQ(WriteAll(-1, std::span<iovec>()), 0);
}

TEST(WriteAll, SaysWhyItFails) {
  EXPECT_EQ(WriteAll(-1, "x"), EBADF);
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  EXPECT_EQ(WriteAll(full, "x"), ENOSPC);
  close(full);
}

TEST(WriteAll, TakesADescriptorThatTakesNothingForFull) {
  const int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  times_left = 2;
  takes_nothing = fd;
  EXPECT_EQ(WriteAll(fd, "x"), ENOSPC);
  takes_nothing = -1;
  close(fd);
}

}  // namespace
}  // namespace larder
