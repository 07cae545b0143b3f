#include "server/engine/client_memory.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "server/base/log.h"
#include "server/config/settings.h"
#include "server/engine/client.h"
#include "server/engine/client_registry.h"
#include "server/engine/stats.h"

namespace larder {
namespace {

// As in Redis: with less nobody could talk to the server and set it right.
constexpr int64_t kLeastLimit = 128 * 1024;

// Bytes; 0: no limit. A share of maxmemory is none where that is not set.
int64_t LimitBytes(const Settings& settings) {
  int64_t limit = settings.maxmemory_clients;
  if (limit < 0) limit = static_cast<int64_t>(settings.maxmemory) / 100 * -limit;
  return limit == 0 ? 0 : std::max(limit, kLeastLimit);
}

// With what other rooms keep for it: a subscription or a prefix costs two names and their places.
int64_t BytesOf(const Client& client) {
  constexpr size_t kEachBytes = 160;
  size_t names = client.tracking.prefixes.size();
  if (client.subscriptions.any()) {
    for (const TopicKind kind :
         {TopicKind::kChannel, TopicKind::kPattern, TopicKind::kShardChannel}) {
      names += client.subscriptions.size(kind);
    }
  }
  return static_cast<int64_t>(client.memory_bytes() + names * kEachBytes);
}

struct Victim {
  int64_t bytes;
  uint64_t id;
};

}  // namespace

void ClientMemory::Count(Client& client) {
  const int64_t change = BytesOf(client) - client.counted_bytes.load(std::memory_order_relaxed);
  if (change != 0) [[unlikely]]
    Add(client, change);
}

void ClientMemory::Add(Client& client, int64_t change) {
  const int64_t bytes = client.counted_bytes.load(std::memory_order_relaxed) + change;
  client.counted_bytes.store(bytes, std::memory_order_relaxed);
  total_.fetch_add(change, std::memory_order_relaxed);
  const int64_t before = client.leaving_bytes.load(std::memory_order_relaxed);
  if (before == 0) [[likely]]
    return;
  // What it leaves with, such as the reply of the command that ran meanwhile, nobody else pays for.
  // A change that an eviction did not see is made good by the next one.
  const int64_t leaving = std::max<int64_t>(bytes, 1);
  client.leaving_bytes.store(leaving, std::memory_order_relaxed);
  leaving_.fetch_add(leaving - before, std::memory_order_relaxed);
}

void ClientMemory::Forget(Client& client) {
  total_.fetch_sub(client.counted_bytes.load(std::memory_order_relaxed), std::memory_order_relaxed);
  leaving_.fetch_sub(client.leaving_bytes.load(std::memory_order_relaxed),
                     std::memory_order_relaxed);
}

bool ClientMemory::HasRoom(const Settings& settings) const {
  const int64_t memory = settings.maxmemory != 0 ? int64_t{settings.maxmemory} : machine_bytes_;
  const int64_t most = memory == 0 ? kMostRepliesBytes : std::min(memory / 8, kMostRepliesBytes);
  return total_.load(std::memory_order_relaxed) < most;
}

bool ClientMemory::Exceeded(const Settings& settings) const {
  if (settings.maxmemory_clients == 0) [[likely]]
    return false;
  const int64_t limit = LimitBytes(settings);
  const int64_t staying =
      total_.load(std::memory_order_relaxed) - leaving_.load(std::memory_order_relaxed);
  return limit != 0 && staying >= limit;
}

void ClientMemory::Evict(const ClientRegistry& clients, const Settings& settings,
                         WorkerStats& stats) {
  std::vector<Victim> victims;
  clients.ForEach([&victims](const Client& client) {
    if (client.no_evict.load(std::memory_order_relaxed)) return;
    if (client.leaving_bytes.load(std::memory_order_relaxed) != 0) return;
    victims.push_back({client.counted_bytes.load(std::memory_order_relaxed), client.id});
  });
  std::sort(victims.begin(), victims.end(),
            [](const Victim& a, const Victim& b) { return a.bytes > b.bytes; });
  for (const Victim& victim : victims) {
    if (!Exceeded(settings)) return;
    clients.With(victim.id, [&](Client& client) {
      int64_t none = 0;
      // Another thread may evict at the same time; and it may have shrunk to nothing.
      const int64_t bytes = std::max<int64_t>(client.counted_bytes.load(), 1);
      if (!client.leaving_bytes.compare_exchange_strong(none, bytes)) return;
      leaving_.fetch_add(bytes, std::memory_order_relaxed);
      stats.evicted_clients.Add(1);
      client.home->Post(CloseLetter(client.id));
    });
    Log(LogLevel::kVerbose, "Client ", victim.id, " evicted for its use of memory: ", victim.bytes,
        " bytes");
  }
}

}  // namespace larder
