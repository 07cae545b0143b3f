#include "server/engine/parking.h"

#include <algorithm>

#include "server/base/clock.h"
#include "server/base/hash.h"
#include "server/engine/engine.h"
#include "server/engine/permissions.h"
#include "server/engine/refusals.h"
#include "server/engine/removal.h"
#include "server/engine/request_end.h"

namespace larder {
namespace {

// WaiterPlace::wakes_for: any change, or one after which the key holds a value of a type.
constexpr uint8_t kAnyChange = 0;
uint8_t ChangeTo(ValueType type) { return static_cast<uint8_t>(static_cast<int>(type) + 1); }

WaiterPlace PlaceOf(const Waiter& waiter) {
  return {waiter.wait.or_loss ? kAnyChange : ChangeTo(waiter.wait.wants), waiter.ticket};
}

// The first of those who are woken alike, behind `after` and no later than `last`; claimed ones are
// passed over.
WaiterRef FirstWaiting(const WaiterQueue& queue, uint8_t wakes_for, uint64_t after, uint64_t last) {
  const auto end = queue.upper_bound({wakes_for, last});
  for (auto at = queue.upper_bound({wakes_for, after}); at != end; ++at) {
    const WaiterRef& waiter = at->second;
    if (waiter->state.load(std::memory_order_acquire) == Waiter::State::kWaiting) return waiter;
  }
  return nullptr;
}

// The entry of a key that has changed. One that has expired meanwhile goes, where the primary does
// not decide that.
const Entry* LiveEntry(Engine& engine, Worker& worker, Shard& shard, int db, std::string_view key,
                       uint64_t hash, ReadyKeys& ready) {
  Entry* entry = shard.Find(db, key, hash);
  if (entry == nullptr || !entry->ExpiredAt(worker.now_ms)) return entry;
  if (engine.RemovesExpired(worker.now_ms)) {
    RemoveKey(engine, worker, shard, db, entry, hash, Removal::kExpired, ready);
    engine.CommitApart(worker);
  }
  return nullptr;
}

// The next waiter of a key, behind `after` and no later than `last`, for whom it could hold
// something.
WaiterRef NextWaiter(Engine& engine, Worker& worker, int db, std::string_view key, uint64_t after,
                     uint64_t last, ReadyKeys& ready) {
  const uint64_t hash = HashBytes(key);
  KeyLock lock(engine.keyspace);
  lock.LockOne(hash);
  Shard& shard = lock.shard(hash);
  const auto& waiters = shard.slice(db).waiters;
  const auto found = waiters.find(key);
  if (found == waiters.end()) return nullptr;
  const Entry* entry = LiveEntry(engine, worker, shard, db, key, hash, ready);
  WaiterRef next = FirstWaiting(found->second, kAnyChange, after, last);
  if (entry == nullptr) return next;
  if (next != nullptr) last = next->ticket;
  WaiterRef earlier = FirstWaiting(found->second, ChangeTo(entry->type()), after, last);
  return earlier != nullptr ? earlier : next;
}

// Permissions may have changed while it waited. True: refused, and answered.
bool RefuseWoken(Engine& engine, Worker& worker, Client& client, const Command& command, Args words,
                 Reply& reply) {
  const AclDenial denial = CheckPermission(engine, client, command, words);
  if (!denial) [[likely]]
    return false;
  NoteDenial(engine, worker, client, denial, AclLog::Where::kTopLevel, command, words);
  reply.Error(DenialText(denial, command));
  engine.stats.CountError(reply.last_error_code());
  worker.stats.error_replies.Add(1);
  worker.stats.per_command[engine.commands.number(command)].rejected.Add(1);
  return true;
}

// Runs a claimed waiter's command, and answers unless it found nothing and waits on.
void ServeOne(Engine& engine, Worker& worker, const WaiterRef& waiter, ReadyKeys& ready) {
  Client& client = *waiter->client;
  std::unique_ptr<Letter> letter = ReplyLetter(client.id);
  Reply reply(letter->out, client.resp.load(std::memory_order_relaxed));
  const Command& command = *waiter->command;
  std::vector<std::string_view> words(waiter->wait.words.begin(), waiter->wait.words.end());
  std::vector<HashedKey> hashed;
  engine.HashKeys(command, words, hashed);
  std::vector<uint64_t> hashes;
  for (const HashedKey& key : hashed) hashes.push_back(key.hash);
  if (RefuseWoken(engine, worker, client, command, words, reply)) {
    Parking::Withdraw(engine, *waiter);
    client.home->Post(std::move(letter));
    return;
  }
  bool parked = false;
  const auto run = [&](KeyLock& lock) {
    client.woken = true;
    worker.woken_client = client.id;
    parked = engine.Run(worker, client, command, words, lock, reply, ready);
    engine.Commit(worker, client, command);
    client.woken = false;
    worker.woken_client = 0;
    // While the keys are still locked, so that whoever changes one of them next finds it waiting.
    // From then on the client may be gone.
    if (parked) waiter->state.store(Waiter::State::kWaiting, std::memory_order_release);
  };
  KeyLock lock(engine.keyspace);
  if (lock.Lock(hashes)) {
    run(lock);
    lock.UnlockAll();
  } else {
    GateClosed closed(engine.gate, worker.gate_slot);
    KeyLock all(engine.keyspace, KeyLock::Exclusive());
    const std::string refusal = RefuseBehindGate({engine, worker, client, &command, words});
    if (refusal.empty()) {
      run(all);
    } else {
      reply.Error(refusal);
    }
  }
  if (parked) return;
  Parking::Withdraw(engine, *waiter);
  Mailbox& home = *client.home;
  home.Post(std::move(letter));  // from here on the client is its loop's again
  for (std::unique_ptr<Letter>& push : worker.behind_reply) home.Post(std::move(push));
  worker.behind_reply.clear();
}

// The client goes on, with the reply of the command that has waited.
void EndWait(Client& client, OutputBuffer&& reply) {
  const RequestEnd end(client);
  client.out.Take(std::move(reply));
  if (client.waiter != nullptr) end.Answered(client, client.waiter->command);
  MutexLock lock(client.label_mutex);
  client.waiter.reset();
  client.blocked.store(false, std::memory_order_relaxed);
}

}  // namespace

void Parking::Park(Context& c, Wait wait) {
  auto waiter = std::make_shared<Waiter>();
  waiter->client = &c.client;
  waiter->command = &c.command;
  waiter->db = c.db();
  waiter->deadline_ms = wait.timeout_ms == 0 ? 0 : c.now_ms() + wait.timeout_ms;
  if (wait.words.empty()) wait.words.assign(c.args.begin(), c.args.end());
  waiter->wait = std::move(wait);
  {
    MutexLock lock(c.client.label_mutex);
    c.client.waiter = waiter;
  }
  c.client.blocked.store(true, std::memory_order_relaxed);
  c.engine.parked_clients.fetch_add(1, std::memory_order_relaxed);
  // Drawn under the locks of all its queues, so that each of them is in this order.
  waiter->ticket = c.engine.last_ticket.fetch_add(1, std::memory_order_relaxed) + 1;
  for (const std::string& key : waiter->wait.keys) {
    const uint64_t hash = HashBytes(key);
    waiter->hashes.push_back(hash);
    // A key named twice needs one place only.
    c.lock.shard(hash).slice(waiter->db).waiters[key].emplace(PlaceOf(*waiter), waiter);
  }
}

void Parking::Withdraw(Engine& engine, Waiter& waiter) {
  for (size_t i = 0; i < waiter.wait.keys.size(); ++i) {
    KeyLock lock(engine.keyspace);
    lock.LockOne(waiter.hashes[i]);
    auto& waiters = lock.shard(waiter.hashes[i]).slice(waiter.db).waiters;
    auto found = waiters.find(waiter.wait.keys[i]);
    if (found == waiters.end()) continue;
    found->second.erase(PlaceOf(waiter));
    if (found->second.empty()) waiters.erase(found);
  }
  engine.parked_clients.fetch_sub(1, std::memory_order_relaxed);
}

void Parking::Answer(Engine& engine, Waiter& waiter, OutputBuffer out) {
  Withdraw(engine, waiter);
  waiter.client->home->Post(ReplyLetter(waiter.client->id, std::move(out)));
}

void Parking::RefuseAll(Engine& engine, std::string_view error) {
  std::vector<WaiterRef> waiters;
  engine.clients.ForEach([&waiters](Client& client) {
    MutexLock lock(client.label_mutex);
    if (client.waiter != nullptr) waiters.push_back(client.waiter);
  });
  for (const WaiterRef& waiter : waiters) {
    if (!waiter->Claim()) continue;
    const Client& client = *waiter->client;
    const uint64_t id = client.id;
    Mailbox* const home = client.home;
    OutputBuffer out;
    Reply(out, client.resp.load(std::memory_order_relaxed)).Error(error);
    Answer(engine, *waiter, std::move(out));  // from here on the client is its loop's again
    home->Post(CloseLetter(id));
  }
}

void Parking::Serve(Engine& engine, Worker& worker, ReadyKeys ready) {
  // What made the keys ready may have taken its time, and they may have expired in it.
  worker.now_ms = std::max(worker.now_ms, WallMs());
  // Grows while it is walked: a woken BLMOVE fills another key. Every step goes on in a queue, and
  // waiters are as many as there are clients; who parks meanwhile has seen the change.
  for (size_t i = 0; i < ready.size(); ++i) {
    const auto [db, key] = ready[i];
    const uint64_t last = engine.last_ticket.load(std::memory_order_relaxed);
    uint64_t after = 0;
    while (WaiterRef waiter = NextWaiter(engine, worker, db, key, after, last, ready)) {
      after = waiter->ticket;
      if (waiter->Claim()) ServeOne(engine, worker, waiter, ready);
    }
  }
}

void Engine::Resume(Client& client, Letter& letter) { EndWait(client, std::move(letter.out)); }

bool Engine::TimeOut(Worker& worker, Client& client) {
  const WaiterRef waiter = client.waiter;
  if (waiter == nullptr || !worker.gate_slot.inside() || !waiter->Claim()) return false;
  Parking::Withdraw(*this, *waiter);
  worker.stats.commands.Add(1);
  worker.stats.per_command[commands.number(*waiter->command)].calls.Add(1);
  EndWait(client, std::move(waiter->wait.timeout_reply));
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
  OutputBuffer out = std::move(waiter->wait.timeout_reply);
  // Who waits in SHUTDOWN, for which Redis has no time-out, hears of it in the same words.
  if (with_error || out.empty()) {
    out = {};
    Reply(out, waiter->client->resp.load(std::memory_order_relaxed))
        .Error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
  }
  Parking::Answer(*this, *waiter, std::move(out));
  return true;
}

}  // namespace larder
