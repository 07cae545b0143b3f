#include "server/persistence/backups.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>

namespace larder {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kDayS = 24 * 60 * 60;
constexpr int kHalfPastThree = 3 * 60 + 30;

class BackupsTest : public testing::Test {
 protected:
  BackupsTest() {
    setenv("TZ", "Europe/Vienna", 1);
    tzset();
    char name[] = "/tmp/larder-backups-XXXXXX";
    folder_ = mkdtemp(name);
    std::ofstream(folder_ + "/dump.rdb") << "data";
  }
  ~BackupsTest() override { fs::remove_all(folder_); }

  // Unix time of a local one.
  static int64_t At(int year, int month, int day, int hour, int minute) {
    std::tm local = {};
    local.tm_year = year - 1900;
    local.tm_mon = month - 1;
    local.tm_mday = day;
    local.tm_hour = hour;
    local.tm_min = minute;
    local.tm_isdst = -1;
    return std::mktime(&local);
  }

  std::string Folder() const { return folder_ + "/backups"; }

  bool Take(Backups& backups, int64_t now_s, size_t keep) {
    return backups.Take(folder_ + "/dump.rdb", now_s, keep, &error_);
  }

  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const fs::directory_entry& file : fs::directory_iterator(Folder())) {
      names.insert(file.path().filename());
    }
    return names;
  }

  std::string folder_, error_;
};

TEST_F(BackupsTest, OneIsDueOncePerDay) {
  Backups backups(At(2026, 11, 28, 1, 0), folder_);
  EXPECT_FALSE(backups.IsDue(kHalfPastThree, At(2026, 11, 28, 3, 29)));
  EXPECT_TRUE(backups.IsDue(kHalfPastThree, At(2026, 11, 28, 3, 30)));
  ASSERT_TRUE(Take(backups, At(2026, 11, 28, 3, 31), 7)) << error_;
  EXPECT_FALSE(backups.IsDue(kHalfPastThree, At(2026, 11, 28, 3, 32)));
  EXPECT_FALSE(backups.IsDue(kHalfPastThree, At(2026, 11, 29, 3, 29)));
  EXPECT_TRUE(backups.IsDue(kHalfPastThree, At(2026, 11, 29, 3, 30)));
}

TEST_F(BackupsTest, TheDayOfAnotherClockHasOneToo) {
  Backups backups(At(2026, 3, 28, 3, 31),
                  folder_);  // on the 29th the clock leaves out two o'clock
  EXPECT_FALSE(backups.IsDue(kHalfPastThree, At(2026, 3, 29, 1, 59)));
  EXPECT_TRUE(backups.IsDue(kHalfPastThree, At(2026, 3, 29, 3, 30)));
  EXPECT_TRUE(backups.IsDue(2 * 60 + 30, At(2026, 3, 29, 4, 0)));
}

// On the 29th of March the clock leaves out two o'clock, on the 25th of October it is shown twice.
TEST_F(BackupsTest, DaysOfAnyLengthHaveOneBackup) {
  constexpr int kHalfPastTwo = 2 * 60 + 30;
  for (const int64_t noon : {At(2026, 3, 27, 12, 0), At(2026, 10, 23, 12, 0)}) {
    Backups backups(noon, folder_);
    backups.Skip(noon);  // what the summer had
    for (int64_t now_s = noon; now_s < noon + 4 * kDayS; now_s += 60) {
      if (!backups.IsDue(kHalfPastTwo, now_s)) continue;
      ASSERT_TRUE(Take(backups, now_s, 99)) << error_;
    }
  }
  EXPECT_EQ(Names(),
            (std::set<std::string>{"dump-2026-03-28-0230.rdb", "dump-2026-03-29-0300.rdb",
                                   "dump-2026-03-30-0230.rdb", "dump-2026-03-31-0230.rdb",
                                   "dump-2026-10-24-0230.rdb", "dump-2026-10-25-0230.rdb",
                                   "dump-2026-10-26-0230.rdb", "dump-2026-10-27-0230.rdb"}));
}

TEST_F(BackupsTest, AStartInTheHourThatComesTwiceFindsTheOneOfTheFirst) {
  const int64_t first_s = At(2026, 10, 25, 1, 45) + 60 * 60;
  {
    Backups backups(first_s, folder_);
    ASSERT_TRUE(Take(backups, first_s, 7)) << error_;
  }
  const int64_t second_s = first_s + 45 * 60;
  ASSERT_EQ(Names(), (std::set<std::string>{"dump-2026-10-25-0245.rdb"}));
  Backups backups(second_s, folder_);
  EXPECT_FALSE(backups.IsDue(2 * 60 + 30, second_s));
  EXPECT_FALSE(backups.IsDue(2 * 60 + 30, second_s + 60 * 60));
}

TEST_F(BackupsTest, AClockThatWasAheadStopsThemForADayAtMost) {
  Backups backups(At(2026, 11, 1, 0, 0), folder_);
  ASSERT_TRUE(Take(backups, At(2027, 12, 6, 3, 30), 7)) << error_;
  EXPECT_FALSE(backups.IsDue(kHalfPastThree, At(2026, 11, 2, 12, 0)));
  EXPECT_FALSE(backups.IsDue(kHalfPastThree, At(2026, 11, 3, 3, 29)));
  EXPECT_TRUE(backups.IsDue(kHalfPastThree, At(2026, 11, 3, 3, 30)));
}

TEST_F(BackupsTest, ATryThatFailedWhileItWasAheadIsLongAgo) {
  std::ofstream(Folder()) << "a file where the folder should be";
  Backups backups(At(2026, 11, 1, 0, 0), folder_);
  EXPECT_FALSE(Take(backups, At(2027, 12, 6, 3, 30), 7));
  EXPECT_TRUE(backups.IsDue(kHalfPastThree, At(2026, 11, 2, 3, 30)));
}

TEST_F(BackupsTest, WhatIsSkippedIsNotMadeGood) {
  fs::create_directory(Folder());
  std::ofstream(Folder() + "/dump-2026-11-01-0330.rdb") << "old";
  const int64_t start_s = At(2026, 11, 5, 12, 0);
  Backups backups(start_s, folder_);
  EXPECT_TRUE(backups.IsDue(kHalfPastThree, start_s));
  backups.Skip(start_s);
  EXPECT_FALSE(backups.IsDue(kHalfPastThree, start_s));
  EXPECT_FALSE(backups.IsDue(kHalfPastThree, At(2026, 11, 6, 3, 29)));
  EXPECT_TRUE(backups.IsDue(kHalfPastThree, At(2026, 11, 6, 3, 30)));
}

TEST_F(BackupsTest, OneThatWasMissedIsDueAtTheStart) {
  {
    Backups backups(At(2026, 11, 20, 3, 0), folder_);
    ASSERT_TRUE(Take(backups, At(2026, 11, 20, 3, 30), 7));
  }
  const int64_t start_s = At(2026, 11, 22, 12, 0);
  EXPECT_TRUE(Backups(start_s, folder_).IsDue(kHalfPastThree, start_s));
}

TEST_F(BackupsTest, TheNewestStayAndNothingElseIsTouched) {
  fs::create_directory(Folder());
  std::ofstream(Folder() + "/dump-by-hand.rdb") << "mine";
  Backups backups(At(2026, 11, 1, 0, 0), folder_);
  for (int day = 0; day < 5; ++day) {
    ASSERT_TRUE(Take(backups, At(2026, 11, 1, 3, 30) + day * kDayS, 2)) << error_;
  }
  EXPECT_EQ(Names(), (std::set<std::string>{"dump-2026-11-04-0330.rdb", "dump-2026-11-05-0330.rdb",
                                            "dump-by-hand.rdb"}));
}

TEST_F(BackupsTest, ThoseOfTheFutureStayAndDoNotCount) {
  fs::create_directory(Folder());
  std::ofstream(Folder() + "/dump-2026-11-01-0330.rdb") << "old";
  std::ofstream(Folder() + "/dump-2099-01-03-0000.rdb") << "of a clock that went wrong";
  Backups backups(At(2026, 11, 2, 12, 0), folder_);
  EXPECT_TRUE(backups.IsDue(kHalfPastThree, At(2026, 11, 2, 12, 0)));
  ASSERT_TRUE(Take(backups, At(2026, 11, 2, 12, 1), 1)) << error_;
  EXPECT_EQ(Names(),
            (std::set<std::string>{"dump-2026-11-02-1201.rdb", "dump-2099-01-03-0000.rdb"}));
}

TEST_F(BackupsTest, ABackupOutlivesTheSnapshotItWas) {
  Backups backups(At(2026, 11, 1, 0, 0), folder_);
  ASSERT_TRUE(Take(backups, At(2026, 11, 1, 3, 30), 2));
  std::ofstream(folder_ + "/temp") << "later";
  fs::rename(folder_ + "/temp", folder_ + "/dump.rdb");  // as a snapshot is put in place
  std::string text;
  std::ifstream(Folder() + "/dump-2026-11-01-0330.rdb") >> text;
  EXPECT_EQ(text, "data");
}

TEST_F(BackupsTest, WhatCannotBeWrittenIsNamedAndTriedAnHourLater) {
  std::ofstream(Folder()) << "a file where the folder should be";
  Backups backups(At(2026, 11, 1, 0, 0), folder_);
  EXPECT_FALSE(Take(backups, At(2026, 11, 1, 3, 30), 2));
  EXPECT_NE(error_.find("backups/dump-2026-11-01-0330.rdb of "), std::string::npos) << error_;
  EXPECT_FALSE(backups.IsDue(kHalfPastThree, At(2026, 11, 1, 4, 29)));
  EXPECT_TRUE(backups.IsDue(kHalfPastThree, At(2026, 11, 1, 4, 30)));
}

// A folder on another file system, as of a volume for backups.
class BackupsElsewhere : public BackupsTest {
 protected:
  BackupsElsewhere() {
    char name[] = "/dev/shm/larder-backups-XXXXXX";
    if (const char* made = mkdtemp(name)) elsewhere_ = made;
  }
  ~BackupsElsewhere() override { fs::remove_all(elsewhere_); }

  void SetUp() override {
    struct stat here = {}, there = {};
    if (stat(folder_.c_str(), &here) != 0 || stat(elsewhere_.c_str(), &there) != 0 ||
        here.st_dev == there.st_dev) {
      GTEST_SKIP() << "there is no other file system to write to";
    }
    fs::create_directory_symlink(elsewhere_, Folder());
  }

  std::string elsewhere_;
};

TEST_F(BackupsElsewhere, GetsACopy) {
  Backups backups(At(2026, 11, 1, 0, 0), folder_);
  ASSERT_TRUE(Take(backups, At(2026, 11, 1, 3, 30), 2)) << error_;
  std::string text;
  std::ifstream(elsewhere_ + "/dump-2026-11-01-0330.rdb") >> text;
  EXPECT_EQ(text, "data");
  EXPECT_EQ(Names().size(), 1u);
}

TEST_F(BackupsElsewhere, ACopyThatIsNotWholeHasNoName) {
  Backups backups(At(2026, 11, 1, 0, 0), folder_);
  ASSERT_TRUE(Take(backups, At(2026, 11, 1, 3, 30), 1)) << error_;
  std::ofstream(folder_ + "/dump.rdb") << std::string(1 << 20, 'x');
  signal(SIGXFSZ, SIG_IGN);
  rlimit all = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &all), 0);
  const rlimit half = {1 << 19, all.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &half), 0);
  EXPECT_FALSE(Take(backups, At(2026, 11, 2, 3, 30), 1));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &all), 0);
  EXPECT_EQ(Names(), (std::set<std::string>{"dump-2026-11-01-0330.rdb"}));
  EXPECT_TRUE(Take(backups, At(2026, 11, 2, 4, 30), 1)) << error_;
  EXPECT_EQ(fs::file_size(elsewhere_ + "/dump-2026-11-02-0430.rdb"), 1u << 20);
}

}  // namespace
}  // namespace larder
