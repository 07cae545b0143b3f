#include "server/net/standby.h"

#include <string>

#include "tests/net/test_server.h"
#include "tests/support/until.h"

namespace larder {
namespace {

bool HoldBegins() {
  return test::Until([] { return test_commands::held.load(); });
}

TEST(Standby, AnswersOthersWhileACommandIsSlow) {
  TestServer server;
  TestClient slow(server), other(server);
  EXPECT_EQ(other.Ask("PING"), "+PONG\r\n");
  for (int round = 0; round < 3; ++round) {
    slow.Send("HOLD\r\nECHO behind\r\n");
    ASSERT_TRUE(HoldBegins());
    EXPECT_EQ(other.Ask("PING"), "+PONG\r\n");
    EXPECT_TRUE(test_commands::held) << "PING waited for the slow command";
    test_commands::held = false;
    EXPECT_EQ(slow.ReadLine(), "+OK\r\n");
    EXPECT_EQ(slow.ReadLine(), "$6\r\n");
    EXPECT_EQ(slow.ReadLine(), "behind\r\n");
  }
}

TEST(Standby, RunsTheRestOfTheBatchInOrder) {
  TestServer server;
  TestClient slow(server), other(server);
  slow.Send("HOLD\r\nSET k 1\r\nSLEEP 100\r\nGET k\r\n");
  ASSERT_TRUE(HoldBegins());
  // Commands on keys wait for the gate, the others do not.
  EXPECT_EQ(other.Ask("PING"), "+PONG\r\n");
  EXPECT_TRUE(test_commands::held) << "PING waited for the slow command";
  other.Send("GET none\r\n");
  test_commands::held = false;
  EXPECT_EQ(other.ReadLine(), "$-1\r\n");
  for (const char* line : {"+OK\r\n", "+OK\r\n", "+OK\r\n", "$1\r\n", "1\r\n"}) {
    EXPECT_EQ(slow.ReadLine(), line);
  }
}

TEST(Standby, OutlivesClientsThatLeaveDuringTheirSlowCommand) {
  TestServer server({}, 2);
  for (int round = 0; round < 10; ++round) {
    TestClient leaving(server);
    leaving.Send("HOLD\r\nECHO x\r\n");
    ASSERT_TRUE(HoldBegins());
    leaving.Close();
    TestClient other(server);
    EXPECT_EQ(other.Ask("PING"), "+PONG\r\n");
    test_commands::held = false;
    EXPECT_EQ(other.Ask("GET k"), "$-1\r\n");
  }
}

TEST(Standby, StopsAfterASlowCommandAndAnswersIt) {
  TestServer server;
  TestClient slow(server);
  slow.Send("SLEEP 200\r\n");
  ASSERT_TRUE(test::Until([&] {  // that it has begun
    const Command* last = nullptr;
    server.engine->clients.ForEach([&](const Client& each) { last = each.last_command; });
    return last != nullptr;
  }));
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
