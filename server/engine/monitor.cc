#include "server/engine/monitor.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "protocol/reply.h"
#include "server/base/clock.h"
#include "server/base/quote.h"
#include "server/base/strings.h"
#include "server/engine/push.h"

namespace larder {
namespace {

constexpr std::string_view kRedacted = "(redacted)";

// Of a Unix socket as Redis shows it here: its path, without the port that CLIENT LIST makes up.
std::string Caller(const Client& client) {
  if (client.is_script) return "lua";
  if (!client.unix_socket) return client.address;
  return StrCat("unix:", client.address.substr(0, client.address.rfind(':')));
}

std::string MonitorLine(const Client& client, const Command& command, Args args) {
  const int64_t now_us = WallUs();
  char time[32];
  std::snprintf(time, sizeof(time), "%lld.%06lld", static_cast<long long>(now_us / 1000000),
                static_cast<long long>(now_us % 1000000));
  std::string line =
      StrCat(time, " [", client.db.load(std::memory_order_relaxed), " ", Caller(client), "]");
  std::vector<std::string_view> words;
  for (std::string_view word : Redacted(command, args, words)) {
    line += ' ';
    AppendQuoted(line, word);
  }
  return line;
}

class MonitorPush final : public Push {
 public:
  explicit MonitorPush(std::string line) : line_(std::move(line)) {}
  void Deliver(Engine&, Client& client) const override {
    if (!client.monitor.load(std::memory_order_relaxed)) return;
    if (client.reply_mode == Client::ReplyMode::kOff) return;
    Reply(client.out, client.resp.load(std::memory_order_relaxed)).Status(line_);
  }
  size_t MemoryBytes() const override { return sizeof(*this) + line_.size(); }

 private:
  const std::string line_;
};

}  // namespace

Args Redacted(const Command& command, Args args, std::vector<std::string_view>& words) {
  if (command.secrets_behind == nullptr) return args;
  words.assign(args.begin(), args.end());
  for (size_t i = 0; i < words.size(); ++i) {
    size_t secrets = command.secrets_behind(args, i);
    for (; secrets > 0 && i + 1 < words.size(); --secrets) words[++i] = kRedacted;
  }
  return words;
}

void Monitors::Add(Client& client) {
  if (client.monitor.exchange(true)) return;
  MutexLock lock(mutex_);
  audience_.Add({client.home, client.id});
  size_.store(audience_.size(), std::memory_order_relaxed);
}

void Monitors::Remove(Client& client) {
  if (!client.monitor.exchange(false)) return;
  MutexLock lock(mutex_);
  audience_.Remove({client.home, client.id});
  size_.store(audience_.size(), std::memory_order_relaxed);
}

void Monitors::Feed(const Client& client, const Command& command, Args args) {
  if (command.flags & kAdmin) return;
  const auto push = std::make_shared<const MonitorPush>(MonitorLine(client, command, args));
  MutexLock lock(mutex_);
  audience_.Tell({}, [&push](std::string_view, Mailbox* home, std::vector<uint64_t> clients) {
    PostPush(*home, push, std::move(clients));
  });
}

}  // namespace larder
