#include "server/persistence/migration.h"

#include <algorithm>
#include <iterator>

#include "protocol/request_writer.h"
#include "server/base/clock.h"
#include "server/base/random.h"
#include "server/base/strings.h"

namespace larder {
namespace {

using Failure = MigrationOutcome::Failure;

std::string NameOf(const MigrationRequest& request) {
  return StrCat(request.host, ":", request.port);
}

}  // namespace

Migration::Link* Migration::Find(const MigrationRequest& request, bool* refused) {
  const std::string name = NameOf(request);
  auto found = links_.find(name);
  if (found == links_.end()) {
    auto connection =
        PeerConnection::Connect(request.host, request.port, request.timeout_ms, refused, nullptr);
    if (connection == nullptr) return nullptr;
    if (links_.size() >= kMostLinks) {
      links_.erase(
          std::next(links_.begin(), static_cast<ptrdiff_t>(ThreadRandom().Below(links_.size()))));
    }
    found = links_.emplace(name, Link{std::move(connection)}).first;
  }
  found->second.used_ms = MonotonicMs();
  return &found->second;
}

MigrationOutcome Migration::Run(const MigrationRequest& request) {
  MutexLock lock(mutex_);
  for (bool first = true;; first = false) {
    MigrationOutcome outcome;
    outcome.taken.resize(request.restores.size());
    bool refused = false;
    Link* link = Find(request, &refused);
    if (link == nullptr) {
      // Redis takes a connection that was refused for one that can be written to.
      outcome.failure = refused ? Failure::kWriting : Failure::kConnecting;
      return outcome;
    }
    const bool try_again = Talk(*link, request, &outcome);
    if (outcome.failure != Failure::kNone) links_.erase(NameOf(request));
    link_count_.store(links_.size(), std::memory_order_relaxed);
    if (!first || !try_again) return outcome;
  }
}

bool Migration::Talk(Link& link, const MigrationRequest& request, MigrationOutcome* outcome) {
  PeerConnection& connection = *link.connection;
  const bool select = link.db != request.db;
  std::string preamble = request.auth;
  if (select) preamble += EncodeRequest({"SELECT", std::to_string(request.db)});
  bool sent = connection.Send(preamble, request.timeout_ms);
  for (size_t i = 0; sent && i < request.restores.size(); ++i) {
    sent = connection.Send(request.restores[i], request.timeout_ms);
  }
  if (!sent) {
    outcome->failure = Failure::kWriting;
    return !connection.timed_out();
  }
  std::string line, preamble_error;
  for (int replies = (request.auth.empty() ? 0 : 1) + (select ? 1 : 0); replies > 0; --replies) {
    if (!connection.ReadLine(&line, request.timeout_ms)) {
      outcome->failure = Failure::kReading;
      return !connection.timed_out();
    }
    if (line.starts_with('-') && preamble_error.empty()) preamble_error = line;
  }
  for (size_t i = 0; i < request.restores.size(); ++i) {
    if (!connection.ReadLine(&line, request.timeout_ms)) {
      if (outcome->target_error.empty()) outcome->failure = Failure::kReading;
      link.db = -1;
      return i == 0 && !connection.timed_out();
    }
    const std::string& error = preamble_error.empty() ? line : preamble_error;
    outcome->taken[i] = !error.starts_with('-');
    if (!outcome->taken[i] && outcome->target_error.empty())
      outcome->target_error = error.substr(1);
  }
  link.db = outcome->target_error.empty() ? request.db : -1;
  return false;
}

void Migration::CloseIdle(int64_t now_ms) {
  if (!mutex_.TryLock()) return;  // in use
  std::erase_if(links_,
                [now_ms](const auto& link) { return now_ms - link.second.used_ms > kIdleMs; });
  link_count_.store(links_.size(), std::memory_order_relaxed);
  mutex_.Unlock();
}

}  // namespace larder
