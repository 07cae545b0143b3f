#include "server/engine/monitor.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "protocol/reply.h"
#include "server/base/clock.h"
#include "server/base/quote.h"
#include "server/base/strings.h"
#include "server/config/directive.h"
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

// How many words behind this one are secrets, in HELLO, MIGRATE or as a directive of CONFIG SET.
size_t SecretsBehind(std::string_view word, bool hello, bool migrate, bool directive) {
  const bool password = EqualsIgnoreCase(word, "auth");
  if (hello) return password ? 2 : 0;
  if (migrate) return password ? 1 : EqualsIgnoreCase(word, "auth2") ? 2 : 0;
  const Directive* row = directive ? FindDirective(word) : nullptr;
  return row != nullptr && (row->flags & kSensitive) ? 1 : 0;
}

}  // namespace

Args Redacted(const Command& command, Args args, std::vector<std::string_view>& words) {
  const bool auth = command.name == "auth";
  const bool hello = command.name == "hello";
  const bool config = command.parent == "config" && command.name == "set";
  const bool set_user = command.parent == "acl" && command.name == "setuser";
  const bool migrate = command.name == "migrate";
  if (!auth && !hello && !config && !set_user && !migrate) return args;
  words.assign(args.begin(), args.end());
  size_t secrets = 0;  // of the words that follow
  for (size_t i = 1; i < words.size(); ++i) {
    if (auth || (set_user && i > 1) || secrets > 0) {
      words[i] = kRedacted;
      secrets -= secrets > 0;
    } else {
      secrets = SecretsBehind(words[i], hello, migrate, config && i % 2 == 0);
    }
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
