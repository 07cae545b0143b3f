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
  // The same, on a port.
  ServerOptions At(int port, const char* name = "a") const {
    ServerOptions options = In(name);
    options.port = port;
    return options;
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
  const int port = first.port();
  Server second(At(port, "b"));
  EXPECT_FALSE(second.Listen(&error_));
  EXPECT_NE(error_.find("Failed listening on port"), std::string::npos) << error_;
  first.Stop();
  EXPECT_FALSE(second.Start(&error_));
  EXPECT_EQ(error_, "This server has ended already: each step is taken once");
  Server third(At(port, "b"));
  ASSERT_TRUE(third.Start(&error_)) << error_;
  EXPECT_EQ(Say(third, {"CONFIG", "SET", "timeout", "5"}), "OK");
}

TEST_F(ServersTest, EachStepIsTakenOnce) {
  Server server(In("a"));
  ASSERT_TRUE(server.Load(&error_)) << error_;
  EXPECT_FALSE(server.Load(&error_));
  EXPECT_EQ(error_, "This server has loaded its configuration already: each step is taken once");
  ASSERT_TRUE(server.Listen(&error_)) << error_;
  EXPECT_FALSE(server.Listen(&error_));
  EXPECT_EQ(error_, "This server listens already: each step is taken once");
  ASSERT_TRUE(server.Start(&error_)) << error_;
  EXPECT_FALSE(server.Start(&error_));
  EXPECT_EQ(error_, "This server runs already: each step is taken once");
  EXPECT_EQ(Say(server, {"PING"}), "PONG");
  server.Stop();
  for (auto step : {&Server::Load, &Server::Listen, &Server::Start}) {
    EXPECT_FALSE((server.*step)(&error_));
    EXPECT_EQ(error_, "This server has ended already: each step is taken once");
  }
  EXPECT_EQ(server.port(), 0);
}

TEST_F(ServersTest, ADamagedFileEndsItAndFreesItsAddresses) {
  std::ofstream(folder_ / "a" / "dump.rdb") << "REDIS0011 and nothing that it could be";
  Server first(In("a"));
  ASSERT_TRUE(first.Listen(&error_)) << error_;
  const int port = first.port();
  EXPECT_FALSE(first.Start(&error_));
  EXPECT_NE(error_.find("Fatal error loading the DB"), std::string::npos) << error_;
  EXPECT_FALSE(fs::exists(folder_ / "a" / "socket"));
  EXPECT_FALSE(first.Start(&error_));
  fs::remove(folder_ / "a" / "dump.rdb");
  Server second(At(port));
  ASSERT_TRUE(second.Start(&error_)) << error_;
  EXPECT_EQ(Say(second, {"PING"}), "PONG");
}

TEST_F(ServersTest, StopWithoutAStartFreesTheAddresses) {
  Server first(In("a"));
  ASSERT_TRUE(first.Listen(&error_)) << error_;
  const int port = first.port();
  first.Stop();
  EXPECT_EQ(first.port(), 0);
  EXPECT_FALSE(fs::exists(folder_ / "a" / "socket"));
  Server second(At(port));
  EXPECT_TRUE(second.Listen(&error_)) << error_;
}

TEST_F(ServersTest, AWrongDirectiveEndsIt) {
  Server server({.arguments = {"--nosuch", "1"}});
  EXPECT_FALSE(server.Load(&error_));
  EXPECT_NE(error_.find("nosuch"), std::string::npos) << error_;
  EXPECT_FALSE(server.Start(&error_));
  EXPECT_EQ(error_, "This server has ended already: each step is taken once");
}

TEST_F(ServersTest, WaitReturnsAtOnceWhereItDoesNotRun) {
  Server server(In("a"));
  server.Wait();
  ASSERT_TRUE(server.Listen(&error_)) << error_;
  server.RequestShutdown("nosave");
  server.Wait();
  server.Stop();
  server.Wait();
}

TEST_F(ServersTest, AShutdownRequestedBeforeTheStartHoldsForTheFirstWait) {
  Server server(In("a"));
  server.RequestShutdown("nosave");
  ASSERT_TRUE(server.Start(&error_)) << error_;
  server.Wait();
}

}  // namespace
}  // namespace larder
