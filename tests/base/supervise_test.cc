#include "server/base/supervise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "server/base/crash_report.h"

namespace larder {
namespace {

std::string TempPath(const char* name) {
  return testing::TempDir() + "larder_" + name + "." + std::to_string(getpid());
}

std::string ReadFile(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Supervise, WritesAndRemovesThePidFile) {
  std::string path = TempPath("pid");
  ASSERT_TRUE(WritePidFile(path));
  EXPECT_EQ(ReadFile(path), std::to_string(getpid()) + "\n");
  RemovePidFile(path);
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  EXPECT_FALSE(WritePidFile("/proc/nowhere/pid"));
}

TEST(Supervise, LeavesThePidFileOfAnother) {
  std::string path = TempPath("pid_of_another");
  std::ofstream(path) << getppid() << "\n";
  RemovePidFile(path);
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
  unlink(path.c_str());
}

TEST(Supervise, TellsTheNotifySocket) {
  std::string path = TempPath("notify");
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  EXPECT_TRUE(NotifySupervisor("READY=1"));
  char buffer[32] = {};
  EXPECT_EQ(recv(fd, buffer, sizeof(buffer), 0), 7);
  EXPECT_STREQ(buffer, "READY=1");
  unsetenv("NOTIFY_SOCKET");
  EXPECT_FALSE(NotifySupervisor("READY=1"));
  close(fd);
  unlink(path.c_str());
}

TEST(CrashReportDeathTest, NamesTheSignalAndDiesOfIt) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  std::string path = testing::TempDir() + "larder_crash_report";
  unlink(path.c_str());
  EXPECT_EXIT(
      {
        PrepareCrashReport(path);
        EnableCrashReport(true);
        raise(SIGFPE);
      },
      testing::KilledBySignal(SIGFPE), "");
  EXPECT_THAT(ReadFile(path), testing::AllOf(testing::HasSubstr("crashed by signal: 8"),
                                             testing::HasSubstr("STACK TRACE")));
  unlink(path.c_str());
}

}  // namespace
}  // namespace larder
