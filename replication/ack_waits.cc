#include "replication/ack_waits.h"

#include "protocol/reply.h"
#include "server/engine/engine.h"
#include "server/engine/parking.h"

namespace larder {
namespace {

OutputBuffer Number(int64_t number, int resp) {
  OutputBuffer out;
  Reply(out, resp).Integer(number);
  return out;
}

int RespOf(const Waiter& waiter) { return waiter.client->resp.load(std::memory_order_relaxed); }

}  // namespace

void AckWaits::Park(Context& c, uint64_t offset, int64_t wanted, int64_t timeout_ms,
                    const Count& count) {
  MutexLock lock(mutex_);
  const int64_t now = count(offset);
  if (now >= wanted) return c.reply.Integer(now);
  c.Park({.timeout_ms = timeout_ms, .timeout_reply = Number(now, c.reply.resp())});
  waits_.push_back({c.client.waiter, offset, wanted, now});
}

// A waiter that can't be claimed was answered by its time-out, by CLIENT UNBLOCK or not at all:
// nobody else lets go of what he has claimed.
void AckWaits::Serve(Engine& engine, const Count& count) {
  MutexLock lock(mutex_);
  std::erase_if(waits_, [&](Wait& wait) {
    const int64_t now = count(wait.offset);
    if (now == wait.told &&
        wait.waiter->state.load(std::memory_order_acquire) == Waiter::State::kWaiting) {
      return false;
    }
    if (!wait.waiter->Claim()) return true;
    OutputBuffer out = Number(now, RespOf(*wait.waiter));
    if (now >= wait.wanted) {
      Parking::Answer(engine, *wait.waiter, std::move(out));
      return true;
    }
    wait.told = now;
    wait.waiter->wait.timeout_reply = std::move(out);
    wait.waiter->state.store(Waiter::State::kWaiting, std::memory_order_release);
    return false;
  });
}

}  // namespace larder
