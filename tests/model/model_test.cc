// Random commands, played on larder and on a model of std containers; every reply must be the same,
// and at the end every key. LARDER_SERVER names the server, LARDER_MODEL_SEED the first seed
// (default 1), LARDER_MODEL_COMMANDS how many commands each connection sends (default 30,000).
#include "tests/model/model.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/model/random_commands.h"
#include "tests/support/cli_text.h"
#include "tests/support/server_process.h"

namespace larder::test {
namespace {

constexpr size_t kBatch = 50;  // commands in flight at a time

uint64_t Setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::vector<std::string> Command(int threads) {
  return {LarderServer(),
          "--port",
          "{port}",
          "--bind",
          "127.0.0.1",
          "--save",
          "",
          "--io-threads",
          std::to_string(threads)};
}

std::string Shown(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += Quote(word.substr(0, 60)) + " ";
  return text;
}

// One connection with keys of its own. The first difference, or nothing.
std::string Play(int port, uint64_t seed, const std::string& prefix) {
  Connection connection(port);
  Model model;
  RandomCommands commands(seed, prefix);
  const uint64_t count = Setting("LARDER_MODEL_COMMANDS", 30'000);
  for (uint64_t sent = 0; sent < count; sent += kBatch) {
    std::vector<Words> batch;
    std::string bytes;
    for (size_t i = 0; i < kBatch; ++i) {
      batch.push_back(commands.Next());
      bytes += Connection::Encode(batch.back());
    }
    connection.SendRaw(bytes);
    for (size_t i = 0; i < kBatch; ++i) {
      const Value expected = model.Run(batch[i]);
      const Value actual = Normalized(batch[i], connection.Read().value());
      if (actual == expected) continue;
      return "seed " + std::to_string(seed) + ", command " + std::to_string(sent + i) + ": " +
             Shown(batch[i]) + "\nexpected " + CliText(expected).substr(0, 2000) + "\nbut got  " +
             CliText(actual).substr(0, 2000);
    }
  }
  return "";
}

void PlayOnServer(int threads, int connections) {
  ServerProcess server(Command(threads));
  const uint64_t seed = Setting("LARDER_MODEL_SEED", 1);
  std::vector<std::string> failures(static_cast<size_t>(connections));
  std::vector<std::thread> players;
  for (size_t i = 0; i < failures.size(); ++i) {
    players.emplace_back([&, i] {
      try {
        failures[i] =
            Play(server.port(), seed + i, std::string(1, static_cast<char>('a' + i)) + ":");
      } catch (const std::exception& error) {
        failures[i] = error.what();
      }
    });
  }
  for (std::thread& player : players) player.join();
  for (const std::string& failure : failures) EXPECT_EQ(failure, "");
  EXPECT_EQ(server.Stop(), 0) << server.Output();
}

TEST(Model, AgreesWithOneConnection) { PlayOnServer(1, 1); }

TEST(Model, AgreesWithFourConnectionsOnOneThread) { PlayOnServer(1, 4); }

TEST(Model, AgreesWithFourConnectionsOnFourThreads) { PlayOnServer(4, 4); }

}  // namespace
}  // namespace larder::test
