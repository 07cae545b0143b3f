#include "server/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace larder {
namespace {

std::string ReadFile(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string error;
    ASSERT_TRUE(OpenLog(path_, &error)) << error;
  }
  void TearDown() override {
    std::string error;
    OpenLog("", &error);
    SetLogLevel(LogLevel::kNotice);
    SetLogRole(LogRole::kPrimary);
    std::remove(path_.c_str());
  }
  std::string path_ = testing::TempDir() + "larder_log_test." + std::to_string(getpid());
};

TEST_F(LogTest, WritesRedisLines) {
  Log(LogLevel::kNotice, "listening on port ", 6379);
  EXPECT_THAT(ReadFile(path_),
              testing::MatchesRegex("[0-9]+:M [0-9][0-9] [A-Z][a-z][a-z] [0-9]+ "
                                    "[0-9:]+\\.[0-9][0-9][0-9] \\* listening on port 6379\n"));
}

TEST_F(LogTest, DropsLinesBelowTheLevelAndNamesTheRole) {
  SetLogRole(LogRole::kReplica);
  Log(LogLevel::kVerbose, "hidden");
  SetLogLevel(LogLevel::kDebug);
  Log(LogLevel::kDebug, "shown {} %s");
  std::string text = ReadFile(path_);
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("hidden")));
  EXPECT_THAT(text, testing::HasSubstr(" . shown {} %s\n"));
  EXPECT_THAT(text, testing::HasSubstr(":S "));
}

TEST_F(LogTest, ReopensAFileThatWasMovedAway) {
  Log(LogLevel::kWarning, "one");
  std::string moved = path_ + ".1";
  ASSERT_EQ(std::rename(path_.c_str(), moved.c_str()), 0);
  ReopenMovedLog();
  Log(LogLevel::kWarning, "two");
  EXPECT_THAT(ReadFile(moved), testing::HasSubstr("# one\n"));
  EXPECT_THAT(ReadFile(path_), testing::HasSubstr("# two\n"));
  std::remove(moved.c_str());
}

TEST_F(LogTest, KeepsTheOldFileWhenTheNewOneCannotBeOpened) {
  std::string error;
  EXPECT_FALSE(OpenLog("/proc/nowhere/larder.log", &error));
  EXPECT_FALSE(error.empty());
  Log(LogLevel::kNotice, "still here");
  EXPECT_THAT(ReadFile(path_), testing::HasSubstr("still here"));
}

TEST_F(LogTest, MakesNoFolder) {
  const std::string folder = path_ + ".folder";
  std::string error;
  EXPECT_FALSE(OpenLog(folder + "/log", &error));
  EXPECT_EQ(error, "Can't open the log file: No such file or directory");
  EXPECT_NE(access(folder.c_str(), F_OK), 0);
}

TEST(LogLevelNames, AreThoseOfRedis) {
  EXPECT_EQ(ParseLogLevel("verbose"), LogLevel::kVerbose);
  EXPECT_EQ(ParseLogLevel("loud"), std::nullopt);
}

}  // namespace
}  // namespace larder
