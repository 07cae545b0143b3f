// What must never be seen when four network threads work on the same keys: half of a transaction, a
// torn MSET, a lost update, an element delivered twice or to the wrong waiter, a key that SCAN
// overlooks, a message or an invalidation that gets lost. LARDER_SERVER names the server,
// LARDER_ROUNDS how often each worker repeats its work (default 400).
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/connection.h"
#include "tests/support/server_process.h"
#include "tests/support/until.h"

namespace larder::test {
namespace {

int Rounds() {
  const char* text = std::getenv("LARDER_ROUNDS");
  return text ? std::atoi(text) : 400;
}

int64_t Number(const Value& value) { return value.null ? 0 : std::stoll(value.text); }

class Interleavings : public testing::Test {
 protected:
  Interleavings()
      : server_({LarderServer(), "--port", "{port}", "--bind", "127.0.0.1", "--save", "",
                 "--io-threads", "4"}),
        control_(server_.port()) {}

  ~Interleavings() override { EXPECT_EQ(server_.Stop(), 0) << server_.Output(); }

  // Runs the workers at the same time, each with a connection of its own, until all are done.
  using Worker = std::function<void(Connection&)>;
  void Run(const std::vector<Worker>& workers) {
    std::vector<std::thread> threads;
    for (const Worker& worker : workers) {
      threads.emplace_back([this, &worker] {
        try {
          Connection connection(server_.port());
          worker(connection);
        } catch (const std::exception& error) {
          ADD_FAILURE() << error.what();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  // The workers beside readers that go on until the workers are done.
  void RunBeside(const std::vector<Worker>& workers, const std::vector<Worker>& readers) {
    std::atomic<size_t> left = workers.size();
    std::vector<Worker> all;
    for (const Worker& worker : workers) {
      all.push_back([&left, &worker](Connection& connection) {
        worker(connection);
        --left;
      });
    }
    for (const Worker& reader : readers) {
      all.push_back([&left, &reader](Connection& connection) {
        while (left > 0 && !HasFailure()) reader(connection);
      });
    }
    Run(all);
  }

  void AwaitBlocked(int count) {
    const std::string line = "blocked_clients:" + std::to_string(count) + "\r\n";
    EXPECT_TRUE(Until([&] {
      return control_.Call({"INFO", "clients"}).text.find(line) != std::string::npos;
    }));
  }

  ServerProcess server_;
  Connection control_;
};

Words Keys(const std::string& command, int count) {
  Words words = {command};
  for (int i = 0; i < count; ++i) words.push_back("key:" + std::to_string(i));
  return words;
}

TEST_F(Interleavings, NoIncrementIsLost) {
  const Worker increment = [](Connection& connection) {
    for (int i = 0; i < Rounds(); ++i) connection.Call({"INCR", "n"});
  };
  Run(std::vector<Worker>(8, increment));
  EXPECT_EQ(Number(control_.Call({"GET", "n"})), 8 * Rounds());
}

TEST_F(Interleavings, WatchLetsOnlyOneOfTwoWritersThrough) {
  std::atomic<int64_t> executed = 0;
  const Worker optimist = [&executed](Connection& connection) {
    for (int i = 0; i < Rounds(); ++i) {
      connection.Call({"WATCH", "n"});
      const int64_t seen = Number(connection.Call({"GET", "n"}));
      connection.Call({"MULTI"});
      connection.Call({"SET", "n", std::to_string(seen + 1)});
      if (!connection.Call({"EXEC"}).null) ++executed;
    }
  };
  Run(std::vector<Worker>(6, optimist));
  EXPECT_EQ(Number(control_.Call({"GET", "n"})), executed);
  EXPECT_GT(executed, 0);
}

TEST_F(Interleavings, AWatchedKeyThatExpiresOrIsFlushedStopsExec) {
  const Worker flusher = [](Connection& connection) {
    for (int i = 0; i < Rounds() / 4; ++i) {
      connection.Call({"SET", "k", "v"});
      connection.Call({"FLUSHDB"});
    }
  };
  // Who saw the key under WATCH and executed, executed before it went.
  const Worker watcher = [](Connection& connection) {
    connection.Call({"WATCH", "k"});
    const bool seen = !connection.Call({"GET", "k"}).null;
    connection.Call({"MULTI"});
    connection.Call({"EXISTS", "k"});
    const Value reply = connection.Call({"EXEC"});
    if (!reply.null) {
      EXPECT_EQ(reply.items.at(0).text, seen ? "1" : "0");
    }
  };
  RunBeside({flusher}, {watcher, watcher, watcher});
}

TEST_F(Interleavings, ATransactionIsSeenWholeOrNotAtAll) {
  control_.Call({"MSET", "left", "1000", "right", "1000"});
  const Worker mover = [](Connection& connection) {
    for (int i = 0; i < Rounds(); ++i) {
      for (const Words& words : {Words{"MULTI"}, Words{"DECRBY", "left", "3"},
                                 Words{"INCRBY", "right", "3"}, Words{"EXEC"}}) {
        connection.Call(words);
      }
    }
  };
  const Worker multi_reader = [](Connection& connection) {
    for (const Words& words : {Words{"MULTI"}, Words{"GET", "left"}, Words{"GET", "right"}}) {
      connection.Call(words);
    }
    const Value both = connection.Call({"EXEC"});
    ASSERT_EQ(Number(both.items.at(0)) + Number(both.items.at(1)), 2000);
  };
  const Worker mget_reader = [](Connection& connection) {
    const Value both = connection.Call({"MGET", "right", "left"});
    ASSERT_EQ(Number(both.items.at(0)) + Number(both.items.at(1)), 2000);
  };
  const Worker script_reader = [](Connection& connection) {
    const Value sum = connection.Call(
        {"EVAL", "return redis.call('GET', 'left') + redis.call('GET', 'right')", "0"});
    ASSERT_EQ(Number(sum), 2000);
  };
  RunBeside({mover, mover}, {multi_reader, mget_reader, script_reader});
}

// Few keys are locked one by one, many close the gate: both ways must be whole.
void MsetAndMget(int count, const std::string& value, Connection& connection) {
  Words words = {"MSET"};
  for (int i = 0; i < count; ++i) {
    words.push_back("key:" + std::to_string(i));
    words.push_back(value);
  }
  connection.Call(words);
}

void ExpectWhole(int count, Connection& connection) {
  const Value reply = connection.Call(Keys("MGET", count));
  for (const Value& value : reply.items) ASSERT_EQ(value.text, reply.items.front().text);
}

class Whole : public Interleavings, public testing::WithParamInterface<int> {};

TEST_P(Whole, MsetAndMgetAreNeverTorn) {
  const int count = GetParam();
  const auto writer = [count](const std::string& name) {
    return [count, name](Connection& connection) {
      for (int i = 0; i < Rounds(); ++i) MsetAndMget(count, name + std::to_string(i), connection);
    };
  };
  const Worker reader = [count](Connection& connection) { ExpectWhole(count, connection); };
  RunBeside({writer("a"), writer("b")}, {reader, reader});
}

INSTANTIATE_TEST_SUITE_P(Interleavings, Whole, testing::Values(2, 8, 31, 32, 33, 100));

TEST_F(Interleavings, ARenamedKeyIsAlwaysSomewhere) {
  control_.Call({"SET", "here", "v"});
  const Worker mover = [](Connection& connection) {
    for (int i = 0; i < Rounds(); ++i) {
      connection.Call({"RENAME", "here", "there"});
      connection.Call({"RENAME", "there", "here"});
    }
  };
  const Worker reader = [](Connection& connection) {
    ASSERT_EQ(Number(connection.Call({"EXISTS", "here", "there"})), 1);
  };
  RunBeside({mover}, {reader, reader});
}

TEST_F(Interleavings, BlockedClientsAreServedInTheOrderTheyCame) {
  for (int round = 0; round < 20; ++round) {
    constexpr int kWaiters = 12;
    std::vector<std::unique_ptr<Connection>> waiters;
    for (int i = 0; i < kWaiters; ++i) {
      waiters.push_back(std::make_unique<Connection>(server_.port()));
      waiters.back()->Send({"BLPOP", "queue", "0"});
      AwaitBlocked(i + 1);
    }
    // One push of several, and several pushes of one.
    control_.Call({"RPUSH", "queue", "0", "1", "2", "3"});
    for (int i = 4; i < kWaiters; ++i) control_.Call({"RPUSH", "queue", std::to_string(i)});
    for (int i = 0; i < kWaiters; ++i) {
      EXPECT_EQ(waiters[static_cast<size_t>(i)]->Read()->items.at(1).text, std::to_string(i));
    }
  }
}

TEST_F(Interleavings, EveryPushedElementIsPoppedOnce) {
  constexpr int kPushers = 4;
  constexpr int kPoppers = 4;
  std::mutex mutex;
  std::multiset<std::string> popped;
  const auto pusher = [](int number) {
    return [number](Connection& connection) {
      for (int i = 0; i < Rounds(); ++i) {
        const std::string key = "queue:" + std::to_string(i % 3);
        connection.Call({"RPUSH", key, std::to_string(number) + ":" + std::to_string(i)});
      }
    };
  };
  const Worker popper = [&](Connection& connection) {
    for (int i = 0; i < kPushers * Rounds() / kPoppers; ++i) {
      const Value reply = connection.Call({"BLPOP", "queue:0", "queue:1", "queue:2", "20"});
      ASSERT_FALSE(reply.null);
      const std::lock_guard<std::mutex> lock(mutex);
      popped.insert(reply.items.at(1).text);
    }
  };
  std::vector<Worker> workers(kPoppers, popper);
  for (int i = 0; i < kPushers; ++i) workers.push_back(pusher(i));
  Run(workers);
  const std::set<std::string> once(popped.begin(), popped.end());
  EXPECT_EQ(once.size(), popped.size());
  EXPECT_EQ(popped.size(), static_cast<size_t>(kPushers * Rounds()));
}

// Every element that is there from begin to end of a scan is returned by it, whatever comes and
// goes. Its cursors are exact as doubles.
constexpr uint64_t kMostExact = uint64_t{1} << 53;
void ScanAll(Connection& connection, const Words& scan, size_t step, const std::string& prefix,
             size_t expected) {
  std::set<std::string> found;
  std::string cursor = "0";
  do {
    Words words = scan;
    words.insert(words.begin() + (scan[0] == "SCAN" ? 1 : 2), cursor);
    const Value reply = connection.Call(words);
    cursor = reply.items.at(0).text;
    ASSERT_LT(std::stoull(cursor), kMostExact) << scan[0];
    const std::vector<Value>& page = reply.items.at(1).items;
    for (size_t i = 0; i < page.size(); i += step) {
      if (page[i].text.starts_with(prefix)) found.insert(page[i].text);
    }
  } while (cursor != "0");
  ASSERT_EQ(found.size(), expected) << scan[0];
}

TEST_F(Interleavings, ScanReturnsWhatIsThereAllTheTime) {
  constexpr size_t kStaying = 2000;
  for (size_t i = 0; i < kStaying; ++i) {
    const std::string name = "stays:" + std::to_string(i);
    control_.Call({"SET", name, "v"});
    control_.Call({"HSET", "hash", name, "v"});
    control_.Call({"SADD", "set", name});
    control_.Call({"ZADD", "zset", "1", name});
  }
  // Grows and shrinks by some thousand elements, so that tables resize in mid-scan.
  const Worker churner = [](Connection& connection) {
    for (int wave = 0; wave < 3; ++wave) {
      for (const char* how : {"add", "remove"}) {
        const bool add = how[0] == 'a';
        for (int i = 0; i < 3 * Rounds(); ++i) {
          const std::string name = "comes:" + std::to_string(i);
          add ? connection.Call({"SET", name, "v"}) : connection.Call({"DEL", name});
          add ? connection.Call({"HSET", "hash", name, "v"})
              : connection.Call({"HDEL", "hash", name});
          add ? connection.Call({"SADD", "set", name}) : connection.Call({"SREM", "set", name});
          add ? connection.Call({"ZADD", "zset", "1", name})
              : connection.Call({"ZREM", "zset", name});
        }
      }
    }
  };
  RunBeside({churner}, {
                           [](Connection& c) { ScanAll(c, {"SCAN"}, 1, "stays:", kStaying); },
                           [](Connection& c) {
                             ScanAll(c, {"SCAN", "COUNT", "3"}, 1, "stays:", kStaying);
                           },
                           [](Connection& c) {
                             ScanAll(c, {"HSCAN", "hash"}, 2, "stays:", kStaying);
                           },
                           [](Connection& c) {
                             ScanAll(c, {"SSCAN", "set"}, 1, "stays:", kStaying);
                           },
                           [](Connection& c) {
                             ScanAll(c, {"ZSCAN", "zset"}, 2, "stays:", kStaying);
                           },
                       });
}

TEST_F(Interleavings, AScriptRunsAlone) {
  const Worker script = [](Connection& connection) {
    for (int i = 0; i < Rounds() / 2; ++i) {
      connection.Call({"EVAL",
                       "local n = redis.call('GET', 'a') or 0\n"
                       "redis.call('SET', 'a', n + 1)\n"
                       "redis.call('SET', 'b', n + 1)\n"
                       "return n",
                       "0"});
    }
  };
  const Worker reader = [](Connection& connection) {
    const Value both = connection.Call({"MGET", "a", "b"});
    ASSERT_EQ(both.items.at(0).text, both.items.at(1).text);
  };
  RunBeside({script, script, script}, {reader, reader});
  EXPECT_EQ(Number(control_.Call({"GET", "a"})), 3 * (Rounds() / 2));
}

// Reads `count` messages; returns what was published, in the order in which it came.
std::vector<std::string> ReadMessages(Connection& connection, size_t count) {
  std::vector<std::string> messages;
  while (messages.size() < count) {
    const std::optional<Value> message = connection.Read();
    if (!message) throw std::runtime_error("a subscriber was cut off");
    messages.push_back(message->items.back().text);
  }
  return messages;
}

void ExpectEachPublishersOrder(const std::vector<std::string>& messages) {
  std::map<char, int> next;
  for (const std::string& message : messages) {
    ASSERT_EQ(message.substr(1), std::to_string(next[message[0]]++)) << message;
  }
}

TEST_F(Interleavings, NoMessageIsLostAndAllSubscribersGetThemInOneOrder) {
  constexpr size_t kPublishers = 4;
  const size_t count = kPublishers * static_cast<size_t>(Rounds());
  std::vector<std::unique_ptr<Connection>> subscribers;
  for (const Words& words : {Words{"SUBSCRIBE", "news"}, Words{"SUBSCRIBE", "news"},
                             Words{"SUBSCRIBE", "news"}, Words{"PSUBSCRIBE", "n*"}}) {
    subscribers.push_back(std::make_unique<Connection>(server_.port()));
    subscribers.back()->Call(words);
  }
  std::vector<Worker> publishers;
  for (size_t i = 0; i < kPublishers; ++i) {
    publishers.push_back([name = std::string(1, static_cast<char>('a' + i))](Connection& c) {
      for (int round = 0; round < Rounds(); ++round) {
        ASSERT_EQ(Number(c.Call({"PUBLISH", "news", name + std::to_string(round)})), 4);
      }
    });
  }
  Run(publishers);
  const std::vector<std::string> first = ReadMessages(*subscribers[0], count);
  ExpectEachPublishersOrder(first);
  EXPECT_EQ(ReadMessages(*subscribers[1], count), first);
  EXPECT_EQ(ReadMessages(*subscribers[2], count), first);
  ExpectEachPublishersOrder(ReadMessages(*subscribers[3], count));
}

TEST_F(Interleavings, WhoSubscribesGetsEverythingFromThenOn) {
  const Worker publisher = [](Connection& connection) {
    for (int i = 0; i < 4 * Rounds(); ++i) {
      connection.Call({"PUBLISH", "numbers", std::to_string(i)});
    }
  };
  // Between the confirmations of SUBSCRIBE and UNSUBSCRIBE the numbers have no gap.
  const Worker subscriber = [](Connection& connection) {
    connection.Call({"SUBSCRIBE", "numbers"});
    connection.Send({"UNSUBSCRIBE", "numbers"});
    int64_t last = -1;
    for (;;) {
      const Value message = connection.Read().value();
      if (message.items.at(0).text == "unsubscribe") return;
      const int64_t number = Number(message.items.at(2));
      ASSERT_TRUE(last < 0 || number == last + 1) << number << " after " << last;
      last = number;
    }
  };
  RunBeside({publisher}, {subscriber, subscriber, subscriber});
}

// A client that caches what it has read must see the last value in the end: it reads again only
// when it is told to. `tracking` is how it asks.
void ReadUntil(int64_t target, const Words& tracking, Connection& connection) {
  connection.Call({"HELLO", "3"});
  connection.Call(tracking);
  while (Number(connection.Call({"GET", "n"})) < target) {
    // What came before the reply was of earlier changes, and Call has dropped it.
    const Value push = connection.Read().value();
    ASSERT_EQ(push.items.at(0).text, "invalidate");
  }
}

TEST_F(Interleavings, NoInvalidationIsLost) {
  for (const Words& tracking :
       {Words{"CLIENT", "TRACKING", "ON"}, Words{"CLIENT", "TRACKING", "ON", "BCAST"},
        Words{"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "n", "NOLOOP"}}) {
    control_.Call({"DEL", "n"});
    const int64_t target = 4 * Rounds();
    const Worker writer = [](Connection& connection) {
      for (int i = 0; i < Rounds(); ++i) connection.Call({"INCR", "n"});
    };
    const Worker reader = [&](Connection& connection) { ReadUntil(target, tracking, connection); };
    std::vector<Worker> all(4, writer);
    all.insert(all.end(), 4, reader);
    Run(all);
  }
}

}  // namespace
}  // namespace larder::test
