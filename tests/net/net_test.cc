#include "server/net/net.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "server/base/clock.h"
#include "server/net/lease_pool.h"
#include "tests/net/test_server.h"
#include "tests/support/until.h"

namespace larder {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

int64_t MsSince(Clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - start).count();
}

std::string Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string Request(const std::vector<std::string>& words) {
  std::string request = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) request += Bulk(word);
  return request;
}

// With io_uring, if it is to be had, and without.
class EveryTransport : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(IoUring, EveryTransport, ::testing::Values("auto", "no"));

TEST_P(EveryTransport, AnswersRequestsInWhateverPiecesTheyCome) {
  TestServer server({"--io-uring", GetParam()});
  TestClient client(server);
  const std::string requests = Request({"SET", "k", "v\r\n"}) + "GET k\r\n" + Request({"GET", "k"});
  const std::string replies = "+OK\r\n$3\r\nv\r\n\r\n$3\r\nv\r\n\r\n";
  for (char c : requests) client.Send({&c, 1});
  EXPECT_EQ(client.Read(replies.size()), replies);
  client.Send(requests);
  EXPECT_EQ(client.Read(replies.size()), replies);
}

TEST_P(EveryTransport, AnswersADeepPipelineInOrder) {
  TestServer server({"--io-uring", GetParam()});
  TestClient client(server);
  std::string requests, replies;
  for (int i = 1; i <= 20000; ++i) {
    requests += Request({"INCR", "n"});
    replies += ":" + std::to_string(i) + "\r\n";
  }
  std::thread sender([&] { client.Send(requests); });
  EXPECT_EQ(client.Read(replies.size()), replies);
  sender.join();
}

TEST_P(EveryTransport, CarriesLargeValuesBothWays) {
  TestServer server({"--io-uring", GetParam()});
  TestClient client(server), other(server);
  std::string value(5 << 20, 'x');
  for (size_t i = 0; i < value.size(); i += 4093) value[i] = static_cast<char>('a' + i % 26);
  client.Send(Request({"SET", "big", value}));
  EXPECT_EQ(client.ReadLine(), "+OK\r\n");
  other.Send(Request({"GET", "big"}) + Request({"GET", "big"}));
  const std::string reply = Bulk(value);
  EXPECT_TRUE(other.Read(2 * reply.size()) == reply + reply);
}

// Epoll tells once of both, and a receive returns only the first.
TEST_P(EveryTransport, NoticesTheEndThatCameTogetherWithARequest) {
  TestServer server({"--io-uring", GetParam(), "--gather-usec", "10000"});
  for (int i = 0; i < 5; ++i) {
    TestClient client(server), other(server);  // two at once: io_uring receives from several
    EXPECT_EQ(client.Ask("ECHO a") + other.Ask("ECHO a"), "$1\r\n$1\r\n");
    for (TestClient* each : {&client, &other}) {  // while the loop waits
      each->Send("ECHO b\r\n");
      ASSERT_EQ(::shutdown(each->fd(), SHUT_WR), 0);
    }
    for (TestClient* each : {&client, &other}) {
      ASSERT_EQ(each->Read(10), "a\r\n$1\r\nb\r\n");
      ASSERT_TRUE(each->Closed());
    }
  }
}

// Epoll tells once of more than is received at once.
TEST_P(EveryTransport, ReceivesAllOfWhatWasSentAtOnce) {
  TestServer server({"--io-uring", GetParam()});
  TestClient client(server);
  std::string requests, replies;
  while (requests.size() < 16 * LeasePool::kLeaseBytes) {
    requests += "ECHO a\r\n";  // which divides what is received at once
    replies += "$1\r\na\r\n";
  }
  for (int i = 0; i < 20; ++i) {
    client.Send(requests);
    ASSERT_EQ(client.Read(replies.size()), replies);
  }
}

TEST_P(EveryTransport, ServesManyAtOnce) {
  TestServer server({"--io-uring", GetParam()}, 3);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<TestClient>(server));
  for (int round = 0; round < 20; ++round) {
    for (auto& client : clients) client->Send(Request({"INCR", "n"}) + Request({"ECHO", "e"}));
    for (auto& client : clients) {
      EXPECT_EQ(client->ReadLine().substr(0, 1), ":");
      EXPECT_EQ(client->Read(7), "$1\r\ne\r\n");
    }
  }
  EXPECT_EQ(clients[0]->Ask("GET n"), "$4\r\n");
  EXPECT_EQ(clients[0]->ReadLine(), "4000\r\n");
}

TEST_P(EveryTransport, ServesClientsWhoseCommandsGather) {
  TestServer server({"--io-uring", GetParam(), "--gather-usec", "2000"});
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(std::make_unique<TestClient>(server));
  for (int round = 0; round < 10; ++round) {
    for (auto& client : clients) client->Send(Request({"INCR", "n"}));
    for (auto& client : clients) EXPECT_EQ(client->ReadLine().substr(0, 1), ":");
  }
  EXPECT_EQ(clients[0]->Ask("INCR n"), ":501\r\n");
}

// A client alone waits after each command, where a time is set: at least so long, never less.
TEST(Net, LetsCommandsGatherForTheTimeThatIsSet) {
  TestServer server({"--gather-usec", "10000"});
  TestClient client(server);
  const Clock::time_point start = Clock::now();
  for (int i = 1; i <= 20; ++i) {
    EXPECT_EQ(client.Ask("INCR n"), ":" + std::to_string(i) + "\r\n");
  }
  EXPECT_GE(MsSince(start), 100);
}

TEST(Net, AnswersAProtocolErrorAfterWhatCameBeforeAndCloses) {
  TestServer server;
  TestClient client(server);
  client.Send("ECHO a\r\n*x\r\nECHO b\r\n");
  EXPECT_EQ(client.Read(7), "$1\r\na\r\n");
  EXPECT_EQ(client.ReadLine(), "-ERR Protocol error: invalid multibulk length\r\n");
  EXPECT_TRUE(client.Closed());
}

TEST(Net, ClosesAfterQuitAndIgnoresWhatFollows) {
  TestServer server;
  TestClient client(server);
  client.Send("QUIT\r\nECHO b\r\n");
  EXPECT_EQ(client.ReadLine(), "+OK\r\n");
  EXPECT_TRUE(client.Closed());
}

TEST(Net, HoldsBackRequestsOfAClientThatDoesNotReadWhereMemoryIsShort) {
  TestServer server({"--maxmemory", "8mb"});
  TestClient slow(server), other(server);
  const std::string value(100'000, 'v');
  other.Send(Request({"SET", "k", value}));
  EXPECT_EQ(other.ReadLine(), "+OK\r\n");
  std::string requests;
  constexpr size_t kRequests = 1000;
  for (size_t i = 0; i < kRequests; ++i) requests += Request({"GET", "k"});
  slow.Send(requests);
  const auto waiting = [&] {
    uint64_t most = 0;
    server.engine->clients.ForEach(
        [&](const Client& client) { most = std::max(most, client.output_bytes.load()); });
    return most;
  };
  ASSERT_TRUE(test::Until([&] { return waiting() > 0; }));
  // Each of these is a turn of the loop, which would add a megabyte of replies.
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(other.Ask("PING"), "+PONG\r\n");
    ASSERT_LT(waiting(), 8u << 20);
  }
  const std::string reply = Bulk(value);
  for (size_t i = 0; i < kRequests; ++i) ASSERT_TRUE(slow.Read(reply.size()) == reply) << i;
  EXPECT_EQ(slow.Ask("ECHO a"), "$1\r\n");
}

TEST(Net, ClosesAClientOverTheHardOutputLimit) {
  TestServer server({"--client-output-buffer-limit", "normal", "300000", "0", "0"});
  TestClient client(server), other(server);
  other.Send(Request({"SET", "k", std::string(8 << 20, 'v')}));
  EXPECT_EQ(other.ReadLine(), "+OK\r\n");
  client.Send("GET k\r\n");
  EXPECT_LT(client.Read(9 << 20).size(), size_t{8} << 20);
  EXPECT_EQ(other.Ask("ECHO a"), "$1\r\n");
}

TEST(Net, RefusesMoreThanMaxclients) {
  TestServer server({"--maxclients", "2"});
  TestClient a(server), b(server);
  EXPECT_EQ(a.Ask("ECHO a"), "$1\r\n");
  EXPECT_EQ(b.Ask("ECHO a"), "$1\r\n");
  TestClient c(server);
  EXPECT_EQ(c.ReadLine(), "-ERR max number of clients reached\r\n");
  b.Close();
  EXPECT_TRUE(test::Until([&] { return TestClient(server).Ask("ECHO a") == "$1\r\n"; }));
}

TEST(Net, ListensOnAUnixSocketWithItsMode) {
  const std::string path = ::testing::TempDir() + "larder-net-test.sock";
  {
    TestServer server({"--unixsocket", path, "--unixsocketperm", "700"});
    struct stat status;
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
    TestClient client(path);
    EXPECT_EQ(client.Ask("ECHO a"), "$1\r\n");
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST(Net, ClosesClientsThatSayNothing) {
  TestServer server({"--timeout", "1"});
  TestClient client(server);
  EXPECT_EQ(client.Ask("ECHO a"), "$1\r\n");
  client.ReadLine();
  EXPECT_TRUE(client.Closed());
}

TEST(Net, RunsWhatIsBehindABlockedCommandAfterIt) {
  TestServer server({}, 2);
  TestClient blocked(server), other(server);
  blocked.Send("GETWAIT q 0\r\nECHO a\r\n");
  ASSERT_TRUE(test::Until([&] { return server.engine->parked_clients.load() == 1; }));
  EXPECT_EQ(other.Ask("SET q x"), "+OK\r\n");
  const std::string replies = "$1\r\nx\r\n$1\r\na\r\n";
  EXPECT_EQ(blocked.Read(replies.size()), replies);
}

TEST(Net, EndsTheWaitOfABlockedCommandInTime) {
  TestServer server;
  TestClient client(server);
  const auto start = Clock::now();
  EXPECT_EQ(client.Ask("GETWAIT q 200"), "$-1\r\n");
  EXPECT_GE(MsSince(start), 190);
  EXPECT_EQ(client.Ask("ECHO a"), "$1\r\n");
}

TEST(Net, ForgetsABlockedClientThatGoesAway) {
  TestServer server;
  TestClient blocked(server), other(server);
  blocked.Send("GETWAIT q 0\r\n");
  ASSERT_TRUE(test::Until([&] { return server.engine->parked_clients.load() == 1; }));
  blocked.Close();
  ASSERT_TRUE(test::Until([&] { return server.engine->parked_clients.load() == 0; }));
  EXPECT_EQ(other.Ask("SET q x"), "+OK\r\n");
}

TEST(Net, AnswersWhatItReadBeforeItStops) {
  TestServer server;
  TestClient client(server);
  EXPECT_EQ(client.Ask("ECHO a"), "$1\r\n");
  client.ReadLine();
  std::string requests, replies;
  for (int i = 1; i <= 3000; ++i) {
    requests += Request({"INCR", "n"});
    replies += ":" + std::to_string(i) + "\r\n";
  }
  client.Send(requests);
  server.net->Stop();
  EXPECT_EQ(client.Read(replies.size()), replies);
  EXPECT_TRUE(client.Closed());
}

TEST(Net, StartsAndStopsSeveralServersInOneProcess) {
  TestServer a({}, 2), b;
  TestClient to_a(a), to_b(b);
  EXPECT_EQ(to_a.Ask("SET k a"), "+OK\r\n");
  EXPECT_EQ(to_b.Ask("GET k"), "$-1\r\n");
  a.net->Stop();
  EXPECT_EQ(to_b.Ask("GET k"), "$-1\r\n");
}

TEST(Net, CountsALargeRequestAsSoonAsItIsAnnounced) {
  TestServer server;
  TestClient client(server);
  constexpr size_t kAnnounced = 1'000'000, kSent = 40'000;
  client.Send("*2\r\n" + Bulk("ECHO") + "$" + std::to_string(kAnnounced) + "\r\n" +
              std::string(kSent, 'x'));
  uint64_t word = 0, memory = 0;
  // The loop writes its counts one after the other: what is read in between fits nothing.
  test::Until([&] {
    server.engine->clients.ForEach([&](const Client& each) {
      word = each.input_bytes.load() - each.whole_bytes.load();
      memory = each.memory_bytes();
    });
    return word == kSent && memory <= kAnnounced + 4096;
  });
  EXPECT_EQ(word, kSent);
  EXPECT_GE(memory, kAnnounced);
  EXPECT_LE(memory, kAnnounced + 4096);
  client.Send(std::string(kAnnounced - kSent, 'x') + "\r\n");
  EXPECT_EQ(client.ReadLine(), "$" + std::to_string(kAnnounced) + "\r\n");
  client.Read(kAnnounced + 2);
  EXPECT_EQ(client.Ask("PING"), "+PONG\r\n");
  server.engine->clients.ForEach([](const Client& each) { EXPECT_EQ(each.input_room.load(), 0u); });
}

// As it could be a large request, read again from its first byte each time.
TEST(Net, OffersWhatAPauseHoldsWhenThatEnds) {
  TestServer server;
  Engine& engine = *server.engine;
  TestClient client(server);
  EXPECT_EQ(client.Ask("SET k v"), "+OK\r\n");
  engine.pause.Begin(WallMs() + 60'000, Pause::Scope::kWrites, WallMs());
  client.Send("SET k v\r\n");
  while (engine.parked_clients.load() == 0) std::this_thread::sleep_for(milliseconds(1));
  int64_t offers = 0;
  const Clock::time_point start = Clock::now();
  while (MsSince(start) < 300) {
    engine.clients.ForEach(
        [&](Client& each) { offers += each.last_command.exchange(nullptr) != nullptr; });
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_LE(offers, 2 + MsSince(start) / 1000);  // the first, and one a second
  engine.pause.End();
  EXPECT_EQ(client.ReadLine(), "+OK\r\n");
  engine.pause.Begin(WallMs() + 50, Pause::Scope::kWrites, WallMs());
  EXPECT_EQ(client.Ask("SET k v"), "+OK\r\n") << "at the time that was set";
}

// A loop that delivers only when the test says so.
class IdleLoop : public Mailbox {
 public:
  void DeliverAll() {
    for (Letter* letter = TakeAll(); letter != nullptr;) {
      Delivered(*letter);
      delete std::exchange(letter, letter->next);
    }
  }

 private:
  void Wake() override {}
};

TEST(Net, HoldsPublishersWhileALoopIsBehindWithItsDelivery) {
  TestServer server;
  IdleLoop behind;
  server.engine->mailboxes.push_back(&behind);
  server.engine->pubsub[TopicKind::kChannel].Add("news", {&behind, 1});
  TestClient publisher(server), other(server);
  constexpr size_t kMessages = 400, kSize = 64 * 1024;
  std::thread sender([&] {
    for (size_t i = 0; i < kMessages; ++i) {
      publisher.Send(Request({"PUBLISH", "news", std::string(kSize, 'x')}));
    }
  });
  size_t sent = 0;
  while (!behind.full()) {
    ASSERT_EQ(publisher.ReadLine(), ":1\r\n");
    ++sent;
  }
  EXPECT_TRUE(test::Until([&] { return server.engine->parked_clients.load() == 1; }));
  EXPECT_LE(behind.waiting_bytes(), Mailbox::kFullBytes + 2 * kSize);
  EXPECT_EQ(other.Ask("PING"), "+PONG\r\n") << "who publishes nothing goes on";
  EXPECT_EQ(other.Ask("SET k v"), "+OK\r\n");
  for (; sent < kMessages; ++sent) {
    if (behind.full()) behind.DeliverAll();
    ASSERT_EQ(publisher.ReadLine(), ":1\r\n");
  }
  sender.join();
  EXPECT_LE(behind.waiting_bytes(), Mailbox::kFullBytes + 2 * kSize);
}

}  // namespace
}  // namespace larder
