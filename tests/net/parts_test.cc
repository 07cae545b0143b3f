// The small parts of the network: buffers, addresses, transfers, the decision to poll.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "protocol/output_buffer.h"
#include "server/base/socket.h"
#include "server/net/active_clients.h"
#include "server/net/busy_poll.h"
#include "server/net/input_buffer.h"
#include "server/net/lease_pool.h"
#include "server/net/spares.h"
#include "server/net/transfers.h"

namespace larder {
namespace {

TEST(InputBuffer, GivesBackInOrderWhatWasAppended) {
  InputBuffer buffer;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<size_t>(i % 37), static_cast<char>('a' + i % 26));
    if (!piece.empty()) buffer.Append(piece);
    expected += piece;
    if (i % 3 == 0) {
      const size_t consumed = expected.size() / 2;
      buffer.Consume(consumed);
      expected.erase(0, consumed);
    }
    ASSERT_EQ(buffer.view(), expected);
  }
}

TEST(InputBuffer, OwnsNothingOnceEmpty) {
  InputBuffer buffer;
  buffer.Append(std::string(1000, 'x'));
  EXPECT_GE(buffer.capacity(), 1000u);
  buffer.Consume(1000);
  EXPECT_EQ(buffer.capacity(), 0u);
}

TEST(InputBuffer, TakesBytesReceivedIntoItsSpace) {
  InputBuffer buffer;
  buffer.Append("ab");
  char* space = buffer.Space(3);
  space[0] = 'c';
  buffer.Grow(1);
  EXPECT_EQ(buffer.view(), "abc");
}

TEST(Spares, TakesTheWarmestAndFreesWhatLayUnused) {
  Spares<int> spares;
  for (int i = 0; i < 5; ++i) spares.Keep(i);
  spares.Trim();  // all five have come since the last one
  EXPECT_EQ(spares.Take(), 4);
  EXPECT_EQ(spares.Take(), 3);
  spares.Keep(3);
  spares.Keep(4);
  spares.Trim();
  EXPECT_EQ(spares.Take(), 4);
  EXPECT_EQ(spares.Take(), 3);
  EXPECT_FALSE(spares.keeps()) << "three were not needed";
}

TEST(Spares, KeepsABatchsWorth) {
  Spares<int> spares;
  for (int i = 0; i < 1000; ++i) spares.Keep(i);
  size_t kept = 0;
  while (spares.keeps()) {
    spares.Take();
    ++kept;
  }
  EXPECT_EQ(kept, Spares<int>::kMostKept);
}

TEST(LeasePool, ABurstsLeasesGoAndASteadyLoadsStay) {
  LeasePool pool;
  std::vector<Lease> burst;
  for (int i = 0; i < 100; ++i) burst.push_back(pool.Take());
  for (Lease& lease : burst) pool.Return(std::move(lease));
  pool.Trim();
  Lease steady = pool.Take();
  const char* place = steady.get();
  pool.Return(std::move(steady));
  pool.Trim();
  EXPECT_TRUE(pool.keeps());
  steady = pool.Take();
  EXPECT_EQ(steady.get(), place);
  EXPECT_FALSE(pool.keeps());
  pool.Return(std::move(steady));
  pool.Trim();
  pool.Trim();
  EXPECT_FALSE(pool.keeps()) << "nobody has used it for a while";
}

TEST(OutputBuffer, SealsWhatWaits) {
  OutputBuffer out;
  out.Append("head");
  out.Seal();
  out.Seal();
  EXPECT_EQ(out.splices().size(), 1u) << "nothing is behind the first";
  out.AppendBlob(BlobRef::Adopt(Blob::New("BLOB")));
  out.Append("tail");
  out.Seal();
  out.Append("end");
  EXPECT_EQ(out.bytes().view(), "end");
  EXPECT_EQ(out.size(), 15u);
  EXPECT_EQ(out.Flatten(), "headBLOBtailend");
  EXPECT_EQ(out.DropFront(9), 8u);
  EXPECT_EQ(out.Flatten(), "tailend");
}

TEST(OutputBuffer, DropsItsFrontAcrossBlobs) {
  OutputBuffer out;
  out.Append("head");
  out.AppendBlob(BlobRef::Adopt(Blob::New("BLOB")));
  out.Append("tail");
  EXPECT_EQ(out.DropFront(6), 4u) << "a blob goes whole or not at all";
  EXPECT_EQ(out.Flatten(), "BLOBtail");
  EXPECT_EQ(out.DropFront(5), 5u);
  EXPECT_EQ(out.Flatten(), "ail");
  EXPECT_EQ(out.size(), 3u);
}

TEST(Socket, WritesAddressesAsRedisDoes) {
  sockaddr_storage address = {};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(6379);
  ::inet_pton(AF_INET, "127.0.0.1", &v4.sin_addr);
  EXPECT_EQ(AddressText(address), "127.0.0.1:6379");
  EXPECT_TRUE(IsLoopback(address));
  address = {};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(1);
  ::inet_pton(AF_INET6, "::ffff:10.1.2.3", &v6.sin6_addr);
  EXPECT_EQ(AddressText(address), "10.1.2.3:1");
  EXPECT_FALSE(IsLoopback(address));
  ::inet_pton(AF_INET6, "::1", &v6.sin6_addr);
  EXPECT_EQ(AddressText(address), "[::1]:1");
  EXPECT_TRUE(IsLoopback(address));
}

class EveryTransfer : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Ring, EveryTransfer, ::testing::Bool());

TEST_P(EveryTransfer, MovesEachPairsBytesAndReportsWhatCannotMove) {
  constexpr size_t kPairs = 300;  // more than one submission of the ring
  Transfers transfers(GetParam());
  std::vector<Socket> near, far;
  for (size_t i = 0; i < kPairs; ++i) {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    near.emplace_back(pair[0]);
    far.emplace_back(pair[1]);
  }
  std::vector<std::string> texts;
  std::vector<iovec> pieces;
  for (size_t i = 0; i < kPairs; ++i) texts.push_back("text " + std::to_string(i));
  for (std::string& text : texts) {
    pieces.push_back({text.data(), 3});
    pieces.push_back({text.data() + 3, text.size() - 3});
  }
  std::vector<Dispatch> dispatches(kPairs);
  for (size_t i = 0; i < kPairs; ++i) {
    dispatches[i].fd = near[i].fd();
    dispatches[i].message.msg_iov = &pieces[2 * i];
    dispatches[i].message.msg_iovlen = 2;
  }
  transfers.Send(dispatches);
  std::vector<char> memory(kPairs * 64);
  std::vector<Reception> receptions;
  for (size_t i = 0; i < kPairs; ++i) receptions.push_back({far[i].fd(), &memory[i * 64], 64});
  transfers.Receive(receptions);
  for (size_t i = 0; i < kPairs; ++i) {
    EXPECT_EQ(dispatches[i].result, static_cast<ssize_t>(texts[i].size()));
    ASSERT_EQ(receptions[i].result, static_cast<ssize_t>(texts[i].size()));
    EXPECT_EQ(std::string(&memory[i * 64], texts[i].size()), texts[i]);
  }
  transfers.Receive(receptions);
  EXPECT_EQ(receptions[0].result, -EAGAIN);
  near[0].Close();
  transfers.Receive(receptions);
  EXPECT_EQ(receptions[0].result, 0);
}

constexpr int64_t kUs = 1000;

// A client whose next request comes so soon after the work where the loop sleeps, or looks for it.
// Returns how many of `events` were looked for.
int Play(BusyPoll& poll, int events, int64_t slept_ns, int64_t polled_ns, int64_t* now_ns) {
  int polled = 0;
  for (int i = 0; i < events; ++i) {
    const int64_t window_ns = poll.WindowNs(-1, 1, *now_ns);
    polled += window_ns > 0;
    const int64_t gap_ns = window_ns > 0 ? polled_ns : slept_ns;
    *now_ns += gap_ns + 10 * kUs;
    poll.Arrived(gap_ns, gap_ns > window_ns, *now_ns);
  }
  return polled;
}

TEST(BusyPoll, LooksForClientsWhoComeBackSoonerThen) {
  BusyPoll poll(2, [] { return false; });
  int64_t now_ns = 1;
  EXPECT_EQ(poll.WindowNs(-1, 1, now_ns), 0);
  EXPECT_GT(Play(poll, 100'000, 40 * kUs, 15 * kUs, &now_ns), 99'000);
  EXPECT_EQ(Play(poll, 1000, 1000 * kUs, 1000 * kUs, &now_ns), 7) << "they come later than that";
}

TEST(BusyPoll, SleepsWhereWakingCostsNothing) {
  BusyPoll poll(2, [] { return false; });
  int64_t now_ns = 1;
  EXPECT_LT(Play(poll, 100'000, 8 * kUs, 15 * kUs, &now_ns), 500);
  // The kernel puts the two on different cores, and back.
  EXPECT_GT(Play(poll, 100'000, 40 * kUs, 15 * kUs, &now_ns), 60'000);
  EXPECT_LT(Play(poll, 200'000, 8 * kUs, 15 * kUs, &now_ns), 100'000);
  EXPECT_LT(Play(poll, 100'000, 8 * kUs, 15 * kUs, &now_ns), 500);
}

TEST(BusyPoll, IsNotMisledByWhatTheHostCutsOut) {
  BusyPoll poll(2, [] { return false; });
  int64_t now_ns = 1;
  int polled = 0;
  for (int i = 0; i < 1000; ++i) {
    polled += Play(poll, 99, 40 * kUs, 15 * kUs, &now_ns);
    polled += Play(poll, 1, 5000 * kUs, 5000 * kUs, &now_ns);
  }
  EXPECT_GT(polled, 80'000);
}

TEST(BusyPoll, LeavesTheCoreToOthers) {
  static bool busy = false;
  BusyPoll alone(1, [] { return false; }), poll(2, [] { return busy; });
  int64_t now_ns = 1;
  EXPECT_EQ(Play(alone, 1000, 40 * kUs, 15 * kUs, &now_ns), 0);
  EXPECT_GT(Play(poll, 1000, 40 * kUs, 15 * kUs, &now_ns), 900);
  EXPECT_EQ(poll.WindowNs(-1, BusyPoll::kFewClients + 1, now_ns), 0) << "they come together";
  busy = true;
  EXPECT_NE(poll.WindowNs(-1, 1, now_ns), 0) << "not asked yet";
  poll.Looked(1000 * kUs);
  EXPECT_EQ(poll.WindowNs(-1, 1, now_ns), 0);
  EXPECT_EQ(Play(poll, 100'000, 40 * kUs, 15 * kUs, &now_ns), 0);
  EXPECT_EQ(poll.WindowNs(200, 1, now_ns), 200 * kUs) << "a fixed setting is obeyed";
  EXPECT_EQ(poll.WindowNs(0, 1, now_ns), 0);
}

// So many clients, each of which sends something in each millisecond up to `until_ms`.
ActiveClients Send(int clients, int64_t until_ms) {
  ActiveClients active;
  for (int64_t ms = until_ms - 20; ms <= until_ms; ++ms) {
    for (int i = 0; i < clients; ++i) active.Received(ms - 1, ms);
  }
  return active;
}

TEST(ActiveClients, AreCountedWhileTheySendSomething) {
  const ActiveClients active = Send(7, 1000);
  EXPECT_EQ(active.Count(1000), 7);
  EXPECT_EQ(active.Count(1010), 0) << "they have gone";
}

TEST(ActiveClients, ManyCommandsAreNotManyClients) {
  ActiveClients active;
  for (int i = 0; i < 1000; ++i) active.Received(1000, 1000);  // of one client, which is at work
  EXPECT_LE(active.Count(1000), 1);
}

}  // namespace
}  // namespace larder
