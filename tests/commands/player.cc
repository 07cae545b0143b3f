#include "tests/commands/player.h"

#include <algorithm>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "tests/support/cli_text.h"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kAwaitDeadline = 20s;     // of an "# await" command
constexpr auto kBlockDeadline = 500ms;   // for a command that shows no reply to be seen waiting
constexpr auto kRecordPatience = 200ms;  // after which a recorded command counts as waiting
constexpr auto kLeaveDeadline = 2s;      // for the clients of the last block to be gone

// What one step found to be different; caught by Play.
struct Mismatch {
  int line;
  std::string text;
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string Indented(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += "      " + line + "\n";
  return out.empty() ? "      (nothing)\n" : out;
}

// A version as one number: 7.2.4 -> 70204
int VersionNumber(const std::string& version) {
  int parts[3] = {0, 0, 0};
  char dot;
  std::istringstream(version) >> parts[0] >> dot >> parts[1] >> dot >> parts[2];
  return parts[0] * 10000 + parts[1] * 100 + parts[2];
}

std::string InfoField(const std::string& info, const std::string& field) {
  const size_t at = info.find("\n" + field + ":");
  if (at == std::string::npos) return "";
  const size_t from = at + field.size() + 2;
  return info.substr(from, info.find('\r', from) - from);
}

// In RESP3 the confirmations of these are pushes, so a push is the reply.
bool Subscribes(const Step& step) {
  const std::string word = step.text.substr(0, step.text.find(' '));
  std::string upper;
  for (const char c : word) upper += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return upper.ends_with("SUBSCRIBE");
}

}  // namespace

Player::Player(Target target, Recorded recorded)
    : target_(std::move(target)),
      recorded_(std::move(recorded)),
      control_(std::make_unique<Connection>(target_.port)) {
  version_ = InfoField(control_->Call({"INFO", "server"}).text, "redis_version");
}

bool Player::Plays(const Block& block) const {
  if (!block.only.empty() && block.only != target_.name) return false;
  return block.since.empty() || VersionNumber(version_) >= VersionNumber(block.since);
}

std::string Player::Play(const Block& block) {
  std::string failure;
  try {
    Begin(block);
    for (const Step& step : block.steps) PlayStep(block, step);
    for (auto& [name, peer] : peers_) {
      if (!recorded_ && peer.unread > 0 && peer.connection->Readable(0ms)) {
        throw Mismatch{block.line, "    client '" + name +
                                       "' was sent a reply that is not shown:\n" +
                                       Indented(Lines(CliText(*peer.connection->Read())))};
      }
    }
  } catch (const Mismatch& mismatch) {
    failure = "line " + std::to_string(mismatch.line) + ", " + block.name + "\n" + mismatch.text;
  }
  End(block);
  return failure;
}

void Player::Begin(const Block& block) {
  const std::vector<Words> cleaning = {{"CLIENT", "UNPAUSE"}, {"SCRIPT", "FLUSH"},
                                       {"FUNCTION", "FLUSH"}, {"CONFIG", "RESETSTAT"},
                                       {"SLOWLOG", "RESET"},  {"FLUSHALL"}};
  for (const Words& words : cleaning) control_->Send(words);
  Value reply;
  for (size_t i = 0; i < cleaning.size(); ++i) reply = control_->Read().value_or(Value());
  if (reply.text != "OK") throw std::runtime_error("FLUSHALL: " + CliText(reply));
  for (const auto& [name, value] : block.config) {
    const Value old = control_->Call({"CONFIG", "GET", name});
    if (old.items.size() != 2) throw Mismatch{block.line, "    no directive " + name + "\n"};
    old_config_.emplace_back(name, old.items[1].text);
    SetConfig(name, value);
  }
}

// Also waits until the server has seen the connections go: a BLPOP left over would eat the next
// block's elements.
void Player::End(const Block& block) {
  (void)block;
  peers_.clear();
  while (!old_config_.empty()) {
    const auto [name, value] = old_config_.back();
    old_config_.pop_back();
    SetConfig(name, value);
  }
  const Clock::time_point end = Clock::now() + kLeaveDeadline;
  while (InfoNumber("connected_clients") > 1 && Clock::now() < end) std::this_thread::yield();
}

void Player::SetConfig(const std::string& name, const std::string& value) {
  const Value reply = control_->Call({"CONFIG", "SET", name, value});
  if (reply.IsError()) throw Mismatch{0, "    CONFIG SET " + name + ": " + reply.text + "\n"};
}

int Player::InfoNumber(const std::string& field) {
  return std::atoi(InfoField(control_->Call({"INFO", "clients"}).text, field).c_str());
}

Player::Peer& Player::PeerOf(const Block& block, const std::string& name) {
  Peer& peer = peers_[name];
  if (!peer.connection) {
    peer.connection = std::make_unique<Connection>(target_.port);
    if (block.resp3) peer.connection->Call({"HELLO", "3"});
  }
  return peer;
}

void Player::PlayStep(const Block& block, const Step& step) {
  Peer& peer = PeerOf(block, step.client);
  try {
    if (step.await && !step.expected.empty()) return PlayAwait(step, peer);
    const bool shows_reply = !step.expected.empty();
    const int blocked = shows_reply || recorded_ ? 0 : InfoNumber("blocked_clients");
    if (!step.IsWait()) SendStep(step, peer);
    if (recorded_) {
      if (!peer.connection->Readable(kRecordPatience) && peer.pushes.empty()) {
        return recorded_(step, {});
      }
    } else if (!shows_reply) {
      return AwaitBlocked(peer, blocked);
    }
    Compare(step, ReadReply(step, peer));
  } catch (const std::runtime_error& error) {
    throw Mismatch{step.line, "    " + step.text + "\n    " + error.what() + "\n"};
  }
}

void Player::SendStep(const Step& step, Peer& peer) {
  const Words words = SplitWords(step.text);
  if (step.raw) {
    peer.connection->SendRaw(words.at(0));
  } else {
    peer.connection->Send(words);
  }
  ++peer.unread;
}

void Player::PlayAwait(const Step& step, Peer& peer) {
  const Clock::time_point end = Clock::now() + kAwaitDeadline;
  for (;;) {
    SendStep(step, peer);
    const std::vector<std::string> actual = ReadReply(step, peer);
    const bool matches = Matches(step.expected, actual, step.order);
    if (matches || Clock::now() > end) return Compare(step, actual);
    std::this_thread::sleep_for(5ms);
  }
}

// A command without a shown reply is expected to wait. The next step must find it waiting.
void Player::AwaitBlocked(Peer& peer, int blocked_before) {
  const Clock::time_point end = Clock::now() + kBlockDeadline;
  while (Clock::now() < end && !peer.connection->Readable(1ms)) {
    if (InfoNumber("blocked_clients") > blocked_before) return;
  }
}

std::vector<std::string> Player::ReadReply(const Step& step, Peer& peer) {
  if (step.IsWait() && !peer.pushes.empty()) {
    const Value push = std::move(peer.pushes.front());
    peer.pushes.pop_front();
    return Lines(CliText(push));
  }
  for (;;) {
    std::optional<Value> value = peer.connection->Read();
    if (!value) return {"(closed)"};
    if (value->IsPush() && !step.IsWait() && !Subscribes(step)) {
      peer.pushes.push_back(std::move(*value));
      continue;
    }
    if (!value->IsPush()) peer.unread = std::max(0, peer.unread - 1);
    return Lines(CliText(*value));
  }
}

void Player::Compare(const Step& step, const std::vector<std::string>& actual) {
  if (recorded_) return recorded_(step, actual);
  if (Matches(step.expected, actual, step.order)) return;
  throw Mismatch{step.line, "    " + step.client + (step.IsWait() ? "<" : "> ") + step.text +
                                "\n    expected\n" + Indented(step.expected) + "    but got\n" +
                                Indented(actual)};
}

}  // namespace larder::test
