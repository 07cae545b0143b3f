#include "server/acl/users.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "server/acl/acl_log.h"
#include "server/acl/user_list.h"
#include "server/base/read_file.h"
#include "tests/acl/acl_player.h"

namespace larder {
namespace {

class UsersTest : public testing::Test {
 protected:
  UsersTest() { reset_channels_.Set(0); }

  std::string Set(std::string_view name, std::vector<std::string_view> rules) {
    return users_.Set(name, rules).error;
  }

  Setting reset_channels_;
  Users users_{SomeCommands(), reset_channels_};
};

// Its patterns are a"b, c' and d).
constexpr std::string_view kQuotedSelector = "(\"~a\\\"b\" \"%R~c'\" \"~d)\" +get)";

TEST_F(UsersTest, BeginWithADefaultUserWhoMayDoEverything) {
  EXPECT_TRUE(users_.admits_without_password());
  EXPECT_TRUE(users_.Default()->may_do_everything());
  users_.SetDefaultPassword("secret");
  EXPECT_FALSE(users_.admits_without_password());
  EXPECT_EQ(users_.Authenticate("default", "wrong"), nullptr);
  EXPECT_NE(users_.Authenticate("default", "secret"), nullptr);
  users_.SetDefaultPassword("");
  EXPECT_TRUE(users_.admits_without_password());
}

TEST_F(UsersTest, ChangeOfAUserIsSeenByWhoeverKeepsHim) {
  EXPECT_EQ(Set("alice", {"on", ">a"}), "");
  const UserRef before = users_.Find("alice");
  const uint64_t version = users_.version();
  EXPECT_EQ(Set("alice", {"+get"}), "");
  EXPECT_GT(users_.version(), version);
  EXPECT_EQ(users_.Current(*before), users_.Find("alice"));
  EXPECT_NE(users_.Current(*before), before);
}

TEST_F(UsersTest, UserWithTheNameOfARemovedOneIsAnother) {
  EXPECT_EQ(Set("alice", {"on", "nopass"}), "");
  const UserRef first = users_.Find("alice");
  EXPECT_EQ(users_.Remove("alice"), first);
  EXPECT_EQ(users_.Current(*first), nullptr);
  EXPECT_EQ(Set("alice", {"on", "nopass"}), "");
  EXPECT_EQ(users_.Current(*first), nullptr);
  EXPECT_EQ(users_.Remove("nobody"), nullptr);
}

TEST_F(UsersTest, SetWithAnErrorChangesNothing) {
  const uint64_t version = users_.version();
  EXPECT_EQ(Set("alice", {"on", "+nothing"}),
            "Error in ACL SETUSER modifier '+nothing': Unknown command or category name in ACL");
  EXPECT_EQ(Set("alice", {"(+get"}), "Unmatched parenthesis in acl selector starting at '(+get'.");
  EXPECT_EQ(users_.Find("alice"), nullptr);
  EXPECT_EQ(users_.version(), version);
}

TEST_F(UsersTest, AuthenticateOnlyWhoIsEnabled) {
  EXPECT_EQ(Set("alice", {">a", ">b"}), "");
  EXPECT_EQ(users_.Authenticate("alice", "a"), nullptr);
  EXPECT_EQ(Set("alice", {"on"}), "");
  EXPECT_NE(users_.Authenticate("alice", "a"), nullptr);
  EXPECT_NE(users_.Authenticate("alice", "b"), nullptr);
  EXPECT_EQ(users_.Authenticate("alice", ""), nullptr);
  EXPECT_EQ(users_.Authenticate("bob", "a"), nullptr);
}

TEST_F(UsersTest, FileReplacesEverybodyOrNobody) {
  EXPECT_EQ(Set("old", {"on"}), "");
  std::vector<User> loaded;
  EXPECT_EQ(
      ParseUserFile("user alice on +get\n\n user bob on ( +set ~x )\r\n", "f", users_, &loaded),
      "");
  ASSERT_EQ(loaded.size(), 2u);
  const auto gone = users_.Replace(std::move(loaded));
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0]->name(), "old");
  EXPECT_EQ(users_.Find("bob")->Describe(), "on resetchannels -@all (~x resetchannels -@all +set)");
  EXPECT_TRUE(users_.Default()->may_do_everything());
}

TEST_F(UsersTest, FileThatClosesTheDoorDoesNotOpenItMeanwhile) {
  std::string file;
  for (int i = 0; i < 300; ++i) file += "user a" + std::to_string(i) + " on\n";
  file += "user default on >secret +@all ~*\n";
  users_.SetDefaultPassword("secret");
  std::atomic<bool> done{false}, opened{false};
  std::thread passer_by([&] {
    while (!done) opened = opened || users_.admits_without_password();
  });
  for (int i = 0; i < 50; ++i) {
    std::vector<User> loaded;
    EXPECT_EQ(ParseUserFile(file, "f", users_, &loaded), "");
    users_.Replace(std::move(loaded));
  }
  done = true;
  passer_by.join();
  EXPECT_FALSE(opened);
}

TEST_F(UsersTest, FileWithErrorsIsToldWhere) {
  std::vector<User> loaded;
  const std::string errors = ParseUserFile(
      "user alice on\n# comment\nuser alice off\nuser bob +nothing on what\nuser carl (+get\n",
      "users.acl", users_, &loaded);
  EXPECT_EQ(errors,
            "users.acl:2 should start with user keyword followed by the username. "
            "WARNING: Duplicate user 'alice' found on line 3. "
            "users.acl:4: Error in applying operation '+nothing': Unknown command or category name "
            "in ACL. "
            "users.acl:4: Syntax error. "
            "users.acl:5: Unmatched parenthesis in selector definition."
            "WARNING: ACL errors detected, no change to the previously active ACL rules was "
            "performed");
}

TEST_F(UsersTest, SavedFileLoadsTheSameUsers) {
  const std::string path = testing::TempDir() + "larder_users." + std::to_string(getpid()) + ".acl";
  EXPECT_EQ(Set("alice", {"on", ">a", "~x\"*", "&*", "+@all", "-set", "(%R~y +get)"}), "");
  EXPECT_EQ(Set("bob", {kQuotedSelector}), "");
  const std::vector<std::string> lines = UserLines(users_);
  EXPECT_TRUE(lines[1].ends_with("(~a\"b %R~c' ~d) resetchannels -@all +get)")) << lines[1];
  EXPECT_TRUE(SaveUserFile(path, users_));
  EXPECT_EQ(Set("alice", {"reset"}), "");
  std::vector<UserRef> gone;
  EXPECT_EQ(LoadUserFile(path, users_, &gone), "");
  EXPECT_EQ(UserLines(users_), lines);
  std::filesystem::remove(path);
  EXPECT_TRUE(LoadUserFile(path, users_, &gone).starts_with("Error loading ACLs, opening file '"));
}

TEST_F(UsersTest, FileIsAsNewAsTheLastSaveHoweverManySave) {
  const std::string path = testing::TempDir() + "larder_saves." + std::to_string(getpid()) + ".acl";
  std::string many;
  for (int i = 0; i < 300; ++i) many += "user a" + std::to_string(i) + " on\n";
  std::vector<User> loaded;
  EXPECT_EQ(ParseUserFile(many, "f", users_, &loaded), "");
  users_.Replace(std::move(loaded));
  std::atomic<bool> done{false}, failed{false};
  std::thread another([&] {
    while (!done) failed = failed || !SaveUserFile(path, users_);
  });
  for (int i = 0; i < 30; ++i) {
    const std::string name = "b" + std::to_string(i);
    EXPECT_EQ(Set(name, {"on"}), "");
    EXPECT_TRUE(SaveUserFile(path, users_));
    std::string text;
    ASSERT_EQ(ReadFile(path, &text), 0);
    EXPECT_NE(text.find("user " + name + " on"), std::string::npos);
  }
  done = true;
  another.join();
  EXPECT_FALSE(failed);
  std::filesystem::remove(path);
}

TEST_F(UsersTest, FileThatCannotBeReadIsNotEmpty) {
  EXPECT_EQ(Set("alice", {"on", ">a"}), "");
  const std::vector<std::string> lines = UserLines(users_);
  std::vector<UserRef> gone;
  EXPECT_TRUE(LoadUserFile(testing::TempDir(), users_, &gone).ends_with(": Is a directory"));
  EXPECT_EQ(UserLines(users_), lines);
}

TEST_F(UsersTest, ConfiguredUsersAreDefinedOnce) {
  EXPECT_EQ(LoadConfiguredUsers({"default on nopass ~* +@all", "alice on \">two words\""}, users_),
            "");
  EXPECT_NE(users_.Authenticate("alice", "two words"), nullptr);
  EXPECT_FALSE(users_.Default()->may_do_everything()) << "no channels were named";
  EXPECT_NE(LoadConfiguredUsers({"foo", "foo"}, users_).find("Duplicate user"), std::string::npos);
  EXPECT_NE(LoadConfiguredUsers({"foo +nothing"}, users_), "");
}

TEST_F(UsersTest, ConfigurationKeepsQuotesOfSelectors) {
  EXPECT_EQ(Set("alice", {"on", "~x\"", kQuotedSelector}), "");
  const std::vector<std::string> lines = UserLines(users_);
  const std::vector<std::string> kept = ConfigLines(users_);
  users_.Remove("alice");
  EXPECT_EQ(LoadConfiguredUsers({kept[0]}, users_), "");
  EXPECT_EQ(UserLines(users_)[0], lines[0]);
}

AclLog::Entry Denied(std::string object, int64_t now_ms) {
  AclLog::Entry entry;
  entry.reason = AclDenial::Reason::kKey;
  entry.where = AclLog::Where::kTopLevel;
  entry.object = std::move(object);
  entry.updated_ms = now_ms;
  return entry;
}

TEST(AclLog, CountsWhatIsAlikeWithinAMinute) {
  AclLog log;
  log.Add(Denied("a", 1000), 8);
  log.Add(Denied("b", 2000), 8);
  log.Add(Denied("a", 61000), 8);
  auto entries = log.Newest(10);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].object, "a");
  EXPECT_EQ(entries[0].count, 2u);
  EXPECT_EQ(entries[0].id, 0u);
  EXPECT_EQ(entries[0].created_ms, 1000);
  EXPECT_EQ(entries[0].updated_ms, 61000);
  log.Add(Denied("a", 121001), 8);
  entries = log.Newest(10);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].count, 1u);
  EXPECT_EQ(entries[0].id, 2u);
}

TEST(AclLog, KeepsTheNewest) {
  AclLog log;
  for (int i = 0; i < 20; ++i) log.Add(Denied(std::to_string(i), 0), 5);
  const auto entries = log.Newest(2);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].object, "19");
  EXPECT_EQ(log.Newest(100).size(), 5u);
  log.Clear();
  EXPECT_TRUE(log.Newest(100).empty());
}

}  // namespace
}  // namespace larder
