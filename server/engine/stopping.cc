#include "server/engine/stopping.h"

#include <algorithm>

#include "protocol/reply.h"
#include "server/base/clock.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

constexpr std::string_view kFailed = "ERR Errors trying to SHUTDOWN. Check logs.";

}  // namespace

void Stopping::Begin() {
  running_.store(true);
  engine_.pause.BeginStop();
}

void Stopping::Fail() {
  deadline_ms_.store(0);
  std::vector<WaiterRef> clients;
  {
    MutexLock lock(mutex_);
    clients.swap(clients_);
    running_.store(false);
    aborted_.store(false);
  }
  engine_.pause.EndStop();
  for (const WaiterRef& waiter : clients) {
    if (!waiter->Claim()) continue;
    OutputBuffer out;
    Reply(out, waiter->client->resp.load(std::memory_order_relaxed)).Error(kFailed);
    Parking::Answer(engine_, *waiter, std::move(out));
  }
}

bool Stopping::Decide() {
  MutexLock lock(mutex_);
  decided_ = !aborted_.load();
  return decided_;
}

void Stopping::Park(Context& c) {
  MutexLock lock(mutex_);
  running_.store(true);
  c.Park({});
  clients_.push_back(c.client.waiter);
}

bool Stopping::Abort() {
  MutexLock lock(mutex_);
  if (!running_.load() || decided_) return false;
  aborted_.store(true);
  return true;
}

int64_t Stopping::left_ms() const {
  const int64_t deadline_ms = deadline_ms_.load();
  return deadline_ms == 0 ? 0 : std::max<int64_t>(1, deadline_ms - MonotonicMs());
}

}  // namespace larder
