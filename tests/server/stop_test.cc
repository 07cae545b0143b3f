#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/server.h"
#include "tests/support/connection.h"
#include "tests/support/until.h"

namespace larder {
namespace {

namespace fs = std::filesystem;

// A server that is embedded, in a folder that lives as long as the test.
class Stop : public testing::Test {
 protected:
  Stop() : folder_(fs::temp_directory_path() / ("larder-stop-" + std::to_string(getpid()))) {
    fs::create_directory(folder_);
  }
  ~Stop() override {
    server_.reset();
    fs::current_path(fs::temp_directory_path());  // `dir` is the process's, and about to go
    fs::remove_all(folder_);
  }

  void Start(std::vector<std::string> arguments) {
    server_.reset();
    arguments.insert(arguments.end(), {"--bind", "127.0.0.1", "--dir", folder_.string()});
    server_.emplace(ServerOptions{.arguments = std::move(arguments)});
    std::string error;
    ASSERT_TRUE(server_->Start(&error)) << error;
  }

  const fs::path folder_;
  std::optional<Server> server_;
};

TEST_F(Stop, OfTwoShutdownsTheFirstDecides) {
  Start({"--save", ""});
  server_->RequestShutdown("save");
  server_->RequestShutdown("nosave");
  server_->Wait();
  server_->Stop();
  EXPECT_TRUE(fs::exists(folder_ / "dump.rdb"));
}

TEST_F(Stop, EndsAScriptAtShutdownTimeoutAndNothingOfItIsInTheFile) {
  const std::vector<std::string> arguments = {"--appendonly", "yes", "--shutdown-timeout", "1"};
  Start(arguments);
  {
    test::Connection script(server_->port()), other(server_->port());
    EXPECT_EQ(other.Call({"CONFIG", "SET", "busy-reply-threshold", "1"}).text, "OK");
    script.Send({"EVAL", "redis.call('set', 'k', 'v') while true do end", "0"});
    ASSERT_TRUE(test::Until([&] { return other.Call({"PING"}).text.starts_with("BUSY"); }));
    server_->Stop();
  }
  Start(arguments);
  test::Connection again(server_->port());
  EXPECT_EQ(again.Call({"EXISTS", "k"}).text, "0");
}

}  // namespace
}  // namespace larder
