#include "server/net/standby.h"

#include <chrono>
#include <string>
#include <thread>

#include "tests/net/test_server.h"

namespace larder {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

int64_t MsSince(Clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - start).count();
}

TEST(Standby, AnswersOthersWhileACommandIsSlow) {
  TestServer server;
  TestClient slow(server), other(server);
  EXPECT_EQ(other.Ask("PING"), "+PONG\r\n");
  for (int round = 0; round < 3; ++round) {
    slow.Send("SLEEP 500\r\nECHO behind\r\n");
    std::this_thread::sleep_for(milliseconds(50));
    const auto start = Clock::now();
    EXPECT_EQ(other.Ask("PING"), "+PONG\r\n");
    EXPECT_LT(MsSince(start), 300) << "waited for the slow command";
    EXPECT_EQ(slow.ReadLine(), "+OK\r\n");
    EXPECT_EQ(slow.ReadLine(), "$6\r\n");
    EXPECT_EQ(slow.ReadLine(), "behind\r\n");
  }
}

TEST(Standby, RunsTheRestOfTheBatchInOrder) {
  TestServer server;
  TestClient slow(server), other(server);
  slow.Send("SLEEP 600\r\nSET k 1\r\nSLEEP 100\r\nGET k\r\n");
  std::this_thread::sleep_for(milliseconds(100));
  // Commands on keys wait for the gate, the others do not.
  const auto start = Clock::now();
  EXPECT_EQ(other.Ask("PING"), "+PONG\r\n");
  EXPECT_LT(MsSince(start), 400) << "waited for the slow command";
  EXPECT_EQ(other.Ask("GET none"), "$-1\r\n");
  for (const char* line : {"+OK\r\n", "+OK\r\n", "+OK\r\n", "$1\r\n", "1\r\n"}) {
    EXPECT_EQ(slow.ReadLine(), line);
  }
}

TEST(Standby, OutlivesClientsThatLeaveDuringTheirSlowCommand) {
  TestServer server({}, 2);
  for (int round = 0; round < 10; ++round) {
    TestClient leaving(server);
    leaving.Send("SLEEP 30\r\nECHO x\r\n");
    std::this_thread::sleep_for(milliseconds(10));
    leaving.Close();
    TestClient other(server);
    EXPECT_EQ(other.Ask("GET k"), "$-1\r\n");
  }
}

TEST(Standby, StopsAfterASlowCommandAndAnswersIt) {
  TestServer server;
  TestClient slow(server);
  slow.Send("SLEEP 200\r\n");
  std::this_thread::sleep_for(milliseconds(50));
  server.net->Stop();
  EXPECT_EQ(slow.ReadLine(), "+OK\r\n");
  EXPECT_TRUE(slow.Closed());
}

TEST(Standby, ServesManySlowCommandsAtOnce) {
  TestServer server;
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 12; ++i) clients.push_back(std::make_unique<TestClient>(server));
  for (auto& client : clients) client->Send("SLEEP 20\r\nINCR n\r\n");
  for (auto& client : clients) {
    EXPECT_EQ(client->ReadLine(), "+OK\r\n");
    EXPECT_EQ(client->ReadLine().substr(0, 1), ":");
  }
  EXPECT_EQ(clients[0]->Ask("GET n"), "$2\r\n");
  EXPECT_EQ(clients[0]->ReadLine(), "12\r\n");
}

}  // namespace
}  // namespace larder
