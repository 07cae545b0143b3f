#include "server/engine/tracking.h"

#include <algorithm>
#include <memory>

#include "protocol/reply.h"
#include "server/engine/engine.h"
#include "server/engine/notify.h"
#include "server/engine/push.h"

namespace larder {
namespace {

using Tracking = Client::Tracking;

constexpr std::string_view kChannel = "__redis__:invalidate";
// Keys forgotten in one go over tracking-table-max-keys: well below a millisecond.
constexpr int kMostForgotten = 1000;

struct ChangedKey {
  std::string name;
  uint64_t by;
};

void WriteKeys(Reply& reply, const std::vector<std::string>* keys) {
  if (keys == nullptr) return reply.Null();
  reply.Array(keys->size());
  for (const std::string& key : *keys) reply.Bulk(key);
}

// Keys as the client gets them that another one redirects its invalidations to.
class RedirectedInvalidation final : public Push {
 public:
  RedirectedInvalidation(std::vector<std::string> keys, bool all)
      : keys_(std::move(keys)), all_(all) {}

  void Deliver(Engine&, Client& client) const override {
    Reply reply(client.out, client.resp.load(std::memory_order_relaxed));
    if (reply.resp() > 2) {
      reply.Push(2);
      reply.Bulk("invalidate");
    } else if (client.subscriptions.any()) {
      reply.Array(3);
      reply.Bulk("message");
      reply.Bulk(kChannel);
    } else {
      return;  // in RESP2 only a subscriber expects what it has not asked for
    }
    WriteKeys(reply, all_ ? nullptr : &keys_);
  }
  size_t MemoryBytes() const override {
    size_t bytes = sizeof(*this);
    for (const std::string& key : keys_) bytes += sizeof(key) + key.size();
    return bytes;
  }

 private:
  const std::vector<std::string> keys_;
  const bool all_;
};

class Invalidation final : public Push {
 public:
  enum class Of : uint8_t { kRead, kPrefix, kAll };
  Invalidation(Of of, std::vector<ChangedKey> keys) : of_(of), keys_(std::move(keys)) {}

  void Deliver(Engine& engine, Client& client) const override {
    const uint32_t flags = client.tracking.flags.load(std::memory_order_relaxed);
    if (!(flags & Tracking::kOn)) return;
    // What was read before the client switched to broadcasting, or back, is not asked for any more.
    if (of_ != Of::kAll && (of_ == Of::kPrefix) != ((flags & Tracking::kBroadcast) != 0)) return;
    std::vector<std::string> keys;
    for (const ChangedKey& key : keys_) {
      if (!(flags & Tracking::kNoLoop) || key.by != client.id) keys.push_back(key.name);
    }
    if (keys.empty() && of_ != Of::kAll) return;
    const uint64_t redirect = client.tracking.redirect.load(std::memory_order_relaxed);
    if (redirect != 0) return Redirect(engine, client, redirect, std::move(keys));
    Reply reply(client.out, client.resp.load(std::memory_order_relaxed));
    if (reply.resp() < 3) return;
    reply.Push(2);
    reply.Bulk("invalidate");
    WriteKeys(reply, of_ == Of::kAll ? nullptr : &keys);
  }
  size_t MemoryBytes() const override {
    size_t bytes = sizeof(*this);
    for (const ChangedKey& key : keys_) bytes += sizeof(key) + key.name.size();
    return bytes;
  }

 private:
  void Redirect(Engine& engine, Client& client, uint64_t to, std::vector<std::string> keys) const {
    const bool there = engine.clients.With(to, [&](Client& target) {
      PostPush(*target.home,
               std::make_shared<const RedirectedInvalidation>(std::move(keys), of_ == Of::kAll),
               {to});
    });
    if (there) return;
    client.tracking.flags.fetch_or(Tracking::kBrokenRedirect, std::memory_order_relaxed);
    Reply reply(client.out, client.resp.load(std::memory_order_relaxed));
    if (reply.resp() < 3) return;
    reply.Push(2);
    reply.Bulk("tracking-redir-broken");
    reply.Integer(static_cast<int64_t>(to));
  }

  const Of of_;
  const std::vector<ChangedKey> keys_;
};

void TellReaders(Worker& worker, std::string_view key, Mailbox* home, std::vector<uint64_t> clients,
                 uint64_t by) {
  std::vector<ChangedKey> keys;
  keys.push_back({std::string(key), by});
  auto push = std::make_shared<const Invalidation>(Invalidation::Of::kRead, std::move(keys));
  if (worker.woken_client != 0 && std::erase(clients, worker.woken_client) > 0) {
    worker.behind_reply.push_back(PushLetter(push, {worker.woken_client}));
  }
  if (!clients.empty()) PostPush(*home, std::move(push), std::move(clients));
}

void TellPrefixes(Engine& engine, Worker& worker) {
  std::vector<std::string_view> names;
  for (const auto& [name, by] : worker.broadcasts) names.push_back(name);
  std::sort(names.begin(), names.end());
  engine.prefixes.Tell(names, [&](const std::vector<size_t>& matching, Mailbox* home,
                                  std::vector<uint64_t> clients) {
    std::vector<ChangedKey> keys;
    for (size_t i : matching) {
      keys.push_back({std::string(names[i]), worker.broadcasts.find(names[i])->second});
    }
    PostPush(*home,
             std::make_shared<const Invalidation>(Invalidation::Of::kPrefix, std::move(keys)),
             std::move(clients));
  });
  worker.broadcasts.clear();
}

}  // namespace

void EnableTracking(Engine& engine, Client& client, uint32_t flags, uint64_t redirect,
                    const std::vector<std::string_view>& prefixes) {
  const uint32_t before = client.tracking.flags.load(std::memory_order_relaxed);
  if (!(before & Tracking::kOn)) engine.tracking_clients.fetch_add(1, std::memory_order_relaxed);
  engine.interest.fetch_or(kTrackingInterest, std::memory_order_seq_cst);
  client.tracking.redirect.store(redirect, std::memory_order_relaxed);
  client.tracking.flags.store(flags | Tracking::kOn | (before & Tracking::kCaching),
                              std::memory_order_relaxed);
  if (!(flags & Tracking::kBroadcast)) return;
  static const std::vector<std::string_view> kAllKeys = {""};
  for (std::string_view prefix : prefixes.empty() ? kAllKeys : prefixes) {
    std::vector<std::string>& mine = client.tracking.prefixes;
    auto place = std::lower_bound(mine.begin(), mine.end(), prefix);
    if (place != mine.end() && *place == prefix) continue;
    mine.insert(place, std::string(prefix));
    engine.prefixes.Add(prefix, {client.home, client.id});
  }
}

void DisableTracking(Engine& engine, Client& client) {
  if (client.tracking.flags.exchange(0, std::memory_order_relaxed) == 0) return;
  for (const std::string& prefix : client.tracking.prefixes) {
    engine.prefixes.Remove(prefix, {client.home, client.id});
  }
  client.tracking.prefixes.clear();
  engine.tracking_clients.fetch_sub(1, std::memory_order_relaxed);
}

void RememberKeys(Engine& engine, const Client& client, const Command& command, Args args) {
  const uint32_t flags = client.tracking.flags.load(std::memory_order_relaxed);
  if (!(flags & Tracking::kOn) || (flags & Tracking::kBroadcast)) return;
  const bool caching = (flags & Tracking::kCaching) != 0;
  if (((flags & Tracking::kOptIn) && !caching) || ((flags & Tracking::kOptOut) && caching)) return;
  std::vector<KeyPosition> positions;
  if (!FindKeys(command, args, positions)) return;
  for (const KeyPosition& position : positions) {
    if (position.flags & kNotKey) continue;
    engine.tracked_keys.Add(args[position.index], {client.home, client.id});
  }
}

void EndCaching(Client& client, const Command* command) {
  if (client.transaction.active || (command != nullptr && command->parent == "client")) return;
  client.tracking.flags.fetch_and(~uint32_t{Tracking::kCaching}, std::memory_order_relaxed);
}

void InvalidateKey(Engine& engine, Worker& worker, std::string_view key, uint64_t by) {
  if (engine.prefixes.size() > 0) {
    const auto [change, first] = worker.broadcasts.try_emplace(std::string(key), by);
    // Each of two has changed what the other knows.
    if (!first && change->second != by) change->second = kNobody;
  }
  engine.tracked_keys.Take(
      key, [&worker, by](std::string_view name, Mailbox* home, std::vector<uint64_t> clients) {
        TellReaders(worker, name, home, std::move(clients), by);
      });
}

void InvalidateAll(Engine& engine) {
  if (!(engine.interest.load(std::memory_order_relaxed) & kTrackingInterest)) return;
  const auto push =
      std::make_shared<const Invalidation>(Invalidation::Of::kAll, std::vector<ChangedKey>());
  engine.clients.ForEach([&](Client& client) {
    if (!(client.tracking.flags.load(std::memory_order_relaxed) & Tracking::kOn)) return;
    PostPush(*client.home, push, {client.id});
  });
  engine.tracked_keys.Clear();
}

void SettleTracking(Engine& engine, Worker& worker) {
  if (!worker.broadcasts.empty()) TellPrefixes(engine, worker);
  const int64_t limit = engine.config.settings().tracking_table_max_keys;
  if (limit == 0) return;
  for (int i = 0; i < kMostForgotten; ++i) {
    if (engine.tracked_keys.size() <= static_cast<size_t>(limit)) return;
    engine.tracked_keys.TakeAny(
        [&worker](std::string_view name, Mailbox* home, std::vector<uint64_t> clients) {
          TellReaders(worker, name, home, std::move(clients), kNobody);
        });
  }
}

}  // namespace larder
