#include "server/base/oom_score.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "server/base/log.h"

namespace larder {
namespace {

class OomScoreTest : public testing::Test {
 protected:
  OomScoreTest() { std::ofstream(path_) << "22\n"; }
  ~OomScoreTest() override { unlink(path_.c_str()); }

  int Score() {
    int score = -1;
    std::ifstream(path_) >> score;
    return score;
  }

  const std::string path_ = testing::TempDir() + "oom_score_test." + std::to_string(getpid());
  OomScore oom_{path_};
  std::string error_;
};

TEST_F(OomScoreTest, IsRelativeToTheOneBeforeAndPutBack) {
  EXPECT_TRUE(oom_.Apply("no", 5, &error_));
  EXPECT_EQ(Score(), 22);
  EXPECT_TRUE(oom_.Apply("yes", 9, &error_));
  EXPECT_EQ(Score(), 31);
  EXPECT_TRUE(oom_.Apply("relative", 10, &error_));
  EXPECT_EQ(Score(), 32) << "not relative to our own";
  EXPECT_TRUE(oom_.Apply("absolute", 10, &error_));
  EXPECT_EQ(Score(), 10);
  EXPECT_TRUE(oom_.Apply("relative", 2000, &error_));
  EXPECT_EQ(Score(), 1000);
  EXPECT_TRUE(oom_.Apply("no", 10, &error_));
  EXPECT_EQ(Score(), 22);
}

TEST_F(OomScoreTest, SaysWhereItCanNotBeSet) {
  const std::string log = path_ + ".log";
  ASSERT_TRUE(OpenLog(log, &error_)) << error_;
  OomScore nowhere(testing::TempDir() + "no/such/folder");
  EXPECT_FALSE(nowhere.Apply("yes", 1, &error_));
  EXPECT_EQ(error_, "Failed to set current oom_score_adj. Check server logs.");
  OpenLog("", &error_);
  std::string line;
  std::getline(std::ifstream(log), line);
  unlink(log.c_str());
  EXPECT_TRUE(line.ends_with("no/such/folder: No such file or directory")) << line;
  EXPECT_TRUE(nowhere.Apply("no", 1, &error_));
}

}  // namespace
}  // namespace larder
