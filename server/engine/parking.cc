#include "server/engine/parking.h"

#include <algorithm>

#include "server/base/hash.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

// The first waiter of a key that a value of its type could serve; claimed ones are swept out.
WaiterRef HeadWaiter(Engine& engine, const Worker& worker, int db, std::string_view key,
                     uint64_t hash) {
  KeyLock lock(engine.keyspace);
  lock.LockOne(hash);
  Shard& shard = lock.shard(hash);
  const Entry* entry = shard.Find(db, key, hash);
  if (entry == nullptr || entry->ExpiredAt(worker.now_ms)) return nullptr;
  auto& waiters = shard.slice(db).waiters;
  auto found = waiters.find(key);
  if (found == waiters.end()) return nullptr;
  for (const WaiterRef& waiter : found->second) {
    if (waiter->wants == entry->type() &&
        waiter->state.load(std::memory_order_acquire) == Waiter::State::kWaiting) {
      return waiter;
    }
  }
  return nullptr;
}

// Runs a claimed waiter's command. False: it found nothing and waits on.
bool ServeOne(Engine& engine, Worker& worker, const WaiterRef& waiter, ReadyKeys& ready) {
  Client& client = *waiter->client;
  auto letter = std::make_unique<Letter>();
  letter->kind = Letter::Kind::kReply;
  letter->client_id = client.id;
  Reply reply(letter->out, client.resp.load(std::memory_order_relaxed));
  std::vector<std::string_view> words(waiter->words.begin(), waiter->words.end());
  std::vector<HashedKey> hashed;
  engine.HashKeys(*waiter->command, words, hashed);
  std::vector<uint64_t> hashes;
  for (const HashedKey& key : hashed) hashes.push_back(key.hash);
  bool parked;
  client.woken = true;
  KeyLock lock(engine.keyspace);
  if (lock.Lock(hashes)) {
    parked = engine.Run(worker, client, *waiter->command, words, lock, reply, ready);
    engine.Commit(worker, client, *waiter->command);
    lock.UnlockAll();
  } else {
    GateClosed closed(engine.gate, worker.gate_slot);
    KeyLock all(engine.keyspace, KeyLock::Exclusive());
    parked = engine.Run(worker, client, *waiter->command, words, all, reply, ready);
    engine.Commit(worker, client, *waiter->command);
  }
  client.woken = false;
  if (parked) {
    waiter->state.store(Waiter::State::kWaiting, std::memory_order_release);
    return false;
  }
  Parking::Withdraw(engine, *waiter);
  client.home->Post(std::move(letter));  // from here on the client is its loop's again
  return true;
}

void EndWait(Client& client) {
  MutexLock lock(client.label_mutex);
  client.waiter.reset();
  client.blocked.store(false, std::memory_order_relaxed);
}

}  // namespace

void Parking::Park(Context& c, std::vector<std::string> keys, ValueType wants, int64_t timeout_ms,
                   OutputBuffer timeout_reply) {
  auto waiter = std::make_shared<Waiter>();
  waiter->client = &c.client;
  waiter->command = &c.command;
  waiter->words.assign(c.args.begin(), c.args.end());
  waiter->keys = std::move(keys);
  waiter->db = c.db();
  waiter->wants = wants;
  waiter->deadline_ms = timeout_ms == 0 ? 0 : c.now_ms() + timeout_ms;
  waiter->timeout_reply = std::move(timeout_reply);
  {
    MutexLock lock(c.client.label_mutex);
    c.client.waiter = waiter;
  }
  c.client.blocked.store(true, std::memory_order_relaxed);
  c.engine.parked_clients.fetch_add(1, std::memory_order_relaxed);
  for (const std::string& key : waiter->keys) {
    const uint64_t hash = HashBytes(key);
    waiter->hashes.push_back(hash);
    auto& queue = c.lock.shard(hash).slice(waiter->db).waiters[key];
    // A key named twice needs one place only.
    if (queue.empty() || queue.back() != waiter) queue.push_back(waiter);
  }
}

void Parking::Withdraw(Engine& engine, Waiter& waiter) {
  for (size_t i = 0; i < waiter.keys.size(); ++i) {
    KeyLock lock(engine.keyspace);
    lock.LockOne(waiter.hashes[i]);
    auto& waiters = lock.shard(waiter.hashes[i]).slice(waiter.db).waiters;
    auto found = waiters.find(waiter.keys[i]);
    if (found == waiters.end()) continue;
    std::erase_if(found->second, [&](const WaiterRef& other) { return other.get() == &waiter; });
    if (found->second.empty()) waiters.erase(found);
  }
  engine.parked_clients.fetch_sub(1, std::memory_order_relaxed);
}

void Parking::Serve(Engine& engine, Worker& worker, ReadyKeys ready) {
  // Grows while it is walked: a woken BLMOVE fills another key. Every step serves a waiter, and
  // those are as many as there are clients.
  for (size_t i = 0; i < ready.size(); ++i) {
    const auto [db, key] = ready[i];
    const uint64_t hash = HashBytes(key);
    while (WaiterRef waiter = HeadWaiter(engine, worker, db, key, hash)) {
      if (!waiter->Claim()) continue;
      if (!ServeOne(engine, worker, waiter, ready)) break;
    }
  }
}

void Engine::Resume(Client& client, Letter& letter) {
  client.out.Take(std::move(letter.out));
  EndWait(client);
}

bool Engine::TimeOut(Worker& worker, Client& client) {
  const WaiterRef waiter = client.waiter;
  if (waiter == nullptr || !worker.gate_slot.inside() || !waiter->Claim()) return false;
  Parking::Withdraw(*this, *waiter);
  client.out.Take(std::move(waiter->timeout_reply));
  EndWait(client);
  return true;
}

bool Engine::Unblock(uint64_t id, bool with_error) {
  WaiterRef waiter;
  clients.With(id, [&waiter](Client& client) {
    MutexLock lock(client.label_mutex);
    waiter = client.waiter;
  });
  // Whoever claims the waiter keeps the client alive until its letter has come.
  if (waiter == nullptr || !waiter->Claim()) return false;
  Parking::Withdraw(*this, *waiter);
  Client& client = *waiter->client;
  auto letter = std::make_unique<Letter>();
  letter->kind = Letter::Kind::kReply;
  letter->client_id = id;
  if (with_error) {
    Reply(letter->out, client.resp.load(std::memory_order_relaxed))
        .Error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
  } else {
    letter->out = std::move(waiter->timeout_reply);
  }
  client.home->Post(std::move(letter));
  return true;
}

}  // namespace larder
