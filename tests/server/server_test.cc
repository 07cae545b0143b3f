// Servers as objects, several of them in one process.
#include "server/server.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/connection.h"

namespace larder {
namespace {

namespace fs = std::filesystem;
using test::Connection;

class ServersTest : public testing::Test {
 protected:
  ServersTest() {
    char name[] = "/tmp/larder-servers-XXXXXX";
    folder_ = mkdtemp(name);
    for (const char* each : {"a", "b"}) {
      fs::create_directory(folder_ / each);
      std::ofstream(folder_ / each / "users");
    }
  }
  ~ServersTest() override { fs::remove_all(folder_); }

  // With files of every kind in FOLDER/`name`.
  ServerOptions In(const char* name) const {
    return {.arguments = {"--bind", "127.0.0.1", "--dir", folder_ / name, "--unixsocket", "socket",
                          "--aclfile", "users", "--appenddirname", "log"}};
  }
  static std::string Say(const Server& server, const test::Words& words) {
    return Connection(server.port()).Call(words).text;
  }

  fs::path folder_;
  std::string error_;
};

TEST_F(ServersTest, EachKeepsItsFilesInItsOwnFolder) {
  const fs::path here = fs::current_path();
  {
    Server a(In("a")), b(In("b"));
    ASSERT_TRUE(a.Start(&error_)) << error_;
    ASSERT_TRUE(b.Start(&error_)) << error_;
    EXPECT_EQ(Say(a, {"SET", "who", "a"}), "OK");
    EXPECT_EQ(Say(b, {"SET", "who", "b"}), "OK");
    for (Server* each : {&a, &b}) {
      EXPECT_EQ(Say(*each, {"SAVE"}), "OK");
      EXPECT_EQ(Say(*each, {"CONFIG", "SET", "appendonly", "yes"}), "OK");
      EXPECT_EQ(Say(*each, {"ACL", "SAVE"}), "OK");
    }
    EXPECT_EQ(fs::current_path(), here);
    for (const char* each : {"a", "b"}) {
      for (const char* file : {"dump.rdb", "socket", "users", "log"}) {
        EXPECT_TRUE(fs::exists(folder_ / each / file)) << each << "/" << file;
      }
      EXPECT_GT(fs::file_size(folder_ / each / "users"), 0u);
    }
    a.Stop();
    b.Stop();
  }
  for (const char* each : {"a", "b"}) {
    Server again(In(each));
    ASSERT_TRUE(again.Start(&error_)) << error_;
    EXPECT_EQ(Say(again, {"GET", "who"}), each);
    again.Stop();
  }
}

TEST_F(ServersTest, AnAddressThatIsTakenEndsTheStartBeforeAnythingIsServed) {
  Server first(In("a"));
  ASSERT_TRUE(first.Listen(&error_)) << error_;
  ASSERT_TRUE(first.Start(&error_)) << error_;
  ServerOptions options = In("b");
  options.port = first.port();
  Server second(options);
  EXPECT_FALSE(second.Listen(&error_));
  EXPECT_NE(error_.find("Failed listening on port"), std::string::npos) << error_;
}

}  // namespace
}  // namespace larder
