#include "replication/ack_waits.h"

#include "protocol/reply.h"
#include "server/engine/engine.h"
#include "server/engine/parking.h"

namespace larder {
namespace {

OutputBuffer Output(const AckWaits::Tally& tally, bool on_disk, int resp) {
  OutputBuffer out;
  Reply reply(out, resp);
  AckWaits::ReplyTally(reply, tally, on_disk);
  return out;
}

OutputBuffer Refusal(int resp) {
  OutputBuffer out;
  Reply(out, resp).Error(AckWaits::kInVain);
  return out;
}

int RespOf(const Waiter& waiter) { return waiter.client->resp.load(std::memory_order_relaxed); }

}  // namespace

void AckWaits::ReplyTally(Reply& reply, const Tally& tally, bool on_disk) {
  if (on_disk) {
    reply.Array(2);
    reply.Integer(tally.local);
  }
  reply.Integer(tally.replicas);
}

bool AckWaits::InVain(const Engine& engine, const Goal& goal) {
  return goal.wanted.local > 0 && !engine.config.settings().appendonly;
}

void AckWaits::Park(Context& c, const Goal& goal, int64_t timeout_ms, const Count& count) {
  MutexLock lock(mutex_);
  any_.store(true, std::memory_order_seq_cst);
  if (InVain(c.engine, goal)) return c.reply.Error(kInVain);
  const Tally now = count(goal.offset, goal.on_disk);
  if (now.Covers(goal.wanted)) return ReplyTally(c.reply, now, goal.on_disk);
  c.Park({.timeout_ms = timeout_ms, .timeout_reply = Output(now, goal.on_disk, c.reply.resp())});
  waits_.push_back({c.client.waiter, goal, now});
}

// A waiter that can't be claimed was answered by its time-out, by CLIENT UNBLOCK or not at all:
// nobody else lets go of what he has claimed.
void AckWaits::Serve(Engine& engine, const Count& count) {
  MutexLock lock(mutex_);
  std::erase_if(waits_, [&](Wait& wait) {
    const bool in_vain = InVain(engine, wait.goal);
    const Tally now = count(wait.goal.offset, wait.goal.on_disk);
    if (!in_vain && now == wait.told &&
        wait.waiter->state.load(std::memory_order_acquire) == Waiter::State::kWaiting) {
      return false;
    }
    if (!wait.waiter->Claim()) return true;
    const int resp = RespOf(*wait.waiter);
    OutputBuffer out = in_vain ? Refusal(resp) : Output(now, wait.goal.on_disk, resp);
    if (in_vain || now.Covers(wait.goal.wanted)) {
      Parking::Answer(engine, *wait.waiter, std::move(out));
      return true;
    }
    wait.told = now;
    wait.waiter->wait.timeout_reply = std::move(out);
    wait.waiter->state.store(Waiter::State::kWaiting, std::memory_order_release);
    return false;
  });
  if (waits_.empty()) any_.store(false, std::memory_order_relaxed);
}

}  // namespace larder
