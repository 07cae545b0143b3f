#include "replication/failover.h"

#include <algorithm>

#include "replication/replication.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

constexpr std::string_view kCompleted = "Failover completed: the other server is primary";

bool IsOnline(const Primary::ReplicaState& replica) {
  return replica.state == ReplicaLink::State::kOnline;
}

}  // namespace

Failover::Failover(Engine& engine, Replication& replication, Worker& worker)
    : engine_(engine), replication_(replication), worker_(worker) {}

std::string_view Failover::state_text() const {
  switch (state()) {
    case State::kNone:
      return "no-failover";
    case State::kWaitingForSync:
      return "waiting-for-sync";
    case State::kInProgress:
      return "failover-in-progress";
  }
  return "";
}

std::string Failover::Begin(const Request& request) {
  if (state() != State::kNone) return "ERR FAILOVER already in progress.";
  if (engine_.replica.load()) return "ERR FAILOVER is not valid when server is a replica.";
  const std::vector<Primary::ReplicaState> replicas = replication_.primary().replicas();
  if (replicas.empty()) return "ERR FAILOVER requires connected replicas.";
  if (request.force && (request.timeout_ms == 0 || request.host.empty())) {
    return "ERR FAILOVER with force option requires both a timeout and target HOST and IP.";
  }
  if (!request.host.empty()) {
    auto target = std::find_if(replicas.begin(), replicas.end(), [&](const auto& replica) {
      return replica.ip == request.host && replica.port == request.port;
    });
    if (target == replicas.end()) {
      return "ERR FAILOVER target HOST and PORT is not a replica.";
    }
    if (!IsOnline(*target)) return "ERR FAILOVER target replica is not online.";
  }
  MutexLock lock(mutex_);
  request_ = request;
  deadline_ms_ = request.timeout_ms == 0 ? 0 : MonotonicMs() + request.timeout_ms;
  engine_.pause.BeginFailover();
  state_.store(State::kWaitingForSync);
  Log(LogLevel::kNotice, "FAILOVER requested to ",
      request.host.empty() ? "any replica" : request.host, ".");
  replication_.primary().RoundSoon();
  return "";
}

std::string Failover::Abort() {
  if (Completed()) Resume(kCompleted);
  if (state() == State::kNone) return "ERR No failover in progress.";
  if (state() == State::kInProgress) replication_.Promote();
  Resume("Failover manually aborted");
  return "";
}

void Failover::Round(int64_t now_ms) {
  if (state() == State::kNone) [[likely]]
    return;
  if (state() == State::kWaitingForSync) {
    TakeOver(now_ms);
    return;
  }
  const Replica::TakeOver answer = replication_.replica().target().take_over;
  if (answer == Replica::TakeOver::kAgreed) End(kCompleted, false);
  if (answer == Replica::TakeOver::kRefused) End("Failover target rejected psync request", true);
}

// Whatever becomes of our link to it, and of a full sync, which may take long.
bool Failover::Completed() const {
  return state() == State::kInProgress &&
         replication_.replica().target().take_over == Replica::TakeOver::kAgreed;
}

void Failover::TakeOver(int64_t now_ms) {
  Request request;
  bool late;
  {
    MutexLock lock(mutex_);
    request = request_;
    late = deadline_ms_ != 0 && now_ms >= deadline_ms_;
  }
  if (late && !request.force) return End("Replica never caught up before timeout", false);
  if (Successor(request, late)) {
    GateClosed closed(engine_.gate, worker_.gate_slot);
    if (state() != State::kWaitingForSync) return;  // aborted meanwhile
    // Again: whoever had the gate meanwhile, as the EXEC that began it all, may have written more.
    if (const auto replica = Successor(request, late)) {
      Log(LogLevel::kNotice, late ? "FAILOVER to " : "Failover target ", replica->ip, ":",
          replica->port, late ? " time out exceeded, failing over." : " is synced, failing over.");
      state_.store(State::kInProgress);
      replication_.Follow(replica->ip, replica->port, true);
      return;
    }
  }
  // So that their acknowledgements need not be waited for.
  replication_.primary().AskForAcksOnce();
}

// The replica that may take over: it has everything, or need not have it any more.
std::optional<Primary::ReplicaState> Failover::Successor(const Request& request, bool late) const {
  for (const Primary::ReplicaState& replica : replication_.primary().replicas()) {
    const bool wanted =
        request.host.empty() || (replica.ip == request.host && replica.port == request.port);
    if (!IsOnline(replica) || !wanted) continue;
    if (late || replica.acknowledged >= engine_.log.offset()) return replica;
  }
  return std::nullopt;
}

void Failover::End(std::string_view why, bool promote) {
  GateClosed closed(engine_.gate, worker_.gate_slot);
  if (state() == State::kNone) return;  // aborted meanwhile
  if (promote) replication_.Promote();
  Resume(why);
}

void Failover::Resume(std::string_view why) {
  Log(LogLevel::kNotice, why, ".");
  state_.store(State::kNone);
  engine_.pause.EndFailover();
}

}  // namespace larder
