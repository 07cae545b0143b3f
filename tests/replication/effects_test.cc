// Plays effects.txt against an engine without sockets and compares what its log says.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "protocol/request_parser.h"
#include "server/base/clock.h"
#include "server/commands/commands.h"
#include "server/engine/engine.h"
#include "server/script/scripting.h"
#include "tests/support/cli_text.h"

namespace larder {
namespace {

class NoLoop : public Mailbox {
 protected:
  void Wake() override {}
};

class Player {
 public:
  Player() : engine_(config_, rows_), worker_(engine_.gate, engine_.stats.AddWorker()) {
    engine_.scripts = &scripting_;
    reader_ = engine_.log.ReadFromEnd();
    now_ms_ = WallMs();
  }
  ~Player() { reader_.reset(); }

  void Wait(int milliseconds) { now_ms_ += milliseconds; }

  // Runs a command; returns what the stream got of it.
  std::vector<std::string> Play(const std::string& name, const std::string& text) {
    std::unique_ptr<Client>& client = clients_[name];
    if (client == nullptr) client = std::make_unique<Client>(clients_.size(), &loop_);
    const std::vector<std::string> words = test::SplitWords(text);
    const std::vector<std::string_view> args(words.begin(), words.end());
    engine_.gate.Enter(worker_.gate_slot);
    worker_.now_ms = now_ms_;
    engine_.Execute(worker_, *client, args);
    engine_.gate.Leave(worker_.gate_slot);
    std::unique_ptr<Letter> letter(loop_.TakeAll());
    if (letter != nullptr) engine_.Resume(*clients_["b"], *letter);
    return Drain();
  }

 private:
  std::vector<std::string> Drain() {
    std::vector<ReplicationLog::Piece> pieces;
    EXPECT_TRUE(reader_->Read(1 << 20, pieces));
    std::string bytes;
    for (const auto& piece : pieces) bytes += piece.bytes;
    std::vector<std::string> commands;
    RequestParser parser;
    std::vector<std::string_view> args;
    for (std::string_view rest = bytes; !rest.empty();) {
      size_t consumed = 0;
      EXPECT_EQ(parser.Next(rest, {}, args, &consumed), RequestParser::Result::kRequest);
      std::string& line = commands.emplace_back();
      for (std::string_view word : args) {
        if (!line.empty()) line += ' ';
        for (char c : word) c == '\n' ? line += "\\n" : line += c;
      }
      rest.remove_prefix(consumed);
    }
    return commands;
  }

  Config config_;
  std::vector<std::span<const Command>> rows_ = AllCommands();
  Engine engine_;
  Scripting scripting_;
  Worker worker_;
  NoLoop loop_;
  std::map<std::string, std::unique_ptr<Client>> clients_;
  std::unique_ptr<LogReader> reader_;
  int64_t now_ms_;
};

bool Matches(const std::vector<std::string>& wanted, const std::vector<std::string>& got) {
  if (wanted.size() != got.size()) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    std::string pattern =
        std::regex_replace(wanted[i], std::regex(R"([.*+?()\[\]|\\^$])"), R"(\$&)");
    pattern = std::regex_replace(pattern, std::regex(R"(\{ms\})"), "\\d+");
    if (!std::regex_match(got[i], std::regex(pattern, std::regex::icase))) return false;
  }
  return true;
}

TEST(Effects, AreWhatRedisPutsIntoItsStream) {
  std::ifstream file(LARDER_SOURCE_DIR "/tests/replication/effects.txt");
  ASSERT_TRUE(file);
  Player player;
  std::string step;
  std::vector<std::string> wanted, got;
  size_t played = 0;
  auto finish = [&] {
    if (!Matches(wanted, got)) {
      EXPECT_EQ(wanted, got) << step;
    }
    wanted.clear();
    got.clear();
  };
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("  ")) {
      wanted.push_back(line.substr(2));
      continue;
    }
    finish();
    step = line;
    if (line.starts_with("wait ")) player.Wait(std::stoi(line.substr(5)));
    const size_t sign = line.find("> ");
    if (sign > 1 || line.starts_with('#')) continue;
    got = player.Play(line.substr(0, sign), line.substr(sign + 2));
    ++played;
  }
  finish();
  EXPECT_GT(played, 200u);
}

}  // namespace
}  // namespace larder
