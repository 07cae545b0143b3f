#include "server/engine/engine.h"

#include "server/base/clock.h"
#include "server/base/random.h"
#include "server/engine/messages.h"
#include "server/engine/permissions.h"
#include "server/engine/tracking.h"
#include "server/engine/transaction.h"
#include "server/store/heap_counters.h"
#include "server/store/memory.h"

namespace larder {

Engine::Engine(Config& configuration, CommandTable table)
    : config(configuration),
      commands(std::move(table)),
      keyspace(static_cast<int>(int64_t{configuration.settings().databases})),
      stats(commands.commands().size()),
      average_ttl(keyspace.databases()),
      users(AclCommandsOf(commands), configuration.settings().acl_all_channels),
      run_id(RandomHex(40)),
      started_ms(WallMs()) {
  CountThisThread();
  SampleMemory();
  users.SetDefaultPassword(config.Text("requirepass"));
  config.AfterChange("requirepass",
                     [this](const std::string& password) { users.SetDefaultPassword(password); });
  PublishInterest();
  config.AfterChange("notify-keyspace-events", [this](const std::string&) { PublishInterest(); });
}

Engine::~Engine() = default;

size_t Engine::MailBytes() const {
  size_t bytes = 0;
  for (const Mailbox* mailbox : mailboxes) bytes += mailbox->waiting_bytes();
  return bytes;
}

void Engine::PublishInterest() {
  const auto events = static_cast<uint32_t>(int64_t{config.settings().notify_events});
  uint32_t before = interest.load(std::memory_order_relaxed);
  while (!interest.compare_exchange_weak(before, (before & kTrackingInterest) | events)) {
  }
}

bool Engine::Forget(Worker& worker, Client& client) {
  const Transaction& transaction = client.transaction;
  const bool in_shards =
      client.waiter != nullptr || !transaction.watched.empty() || !transaction.unwatched.empty();
  if (in_shards && !worker.gate_slot.inside()) return false;
  if (client.waiter != nullptr) {
    const WaiterRef waiter = client.waiter;
    if (!waiter->Claim()) return false;
    Parking::Withdraw(*this, *waiter);
    MutexLock lock(client.label_mutex);
    client.waiter.reset();
  }
  if (client.postponed.exchange(false, std::memory_order_relaxed)) {
    parked_clients.fetch_sub(1, std::memory_order_relaxed);
  }
  KeyLock lock(keyspace);
  Discard(worker, client, lock);
  UnsubscribeFromAll(*this, client);
  DisableTracking(*this, client);
  monitors.Remove(client);
  return true;
}

}  // namespace larder
