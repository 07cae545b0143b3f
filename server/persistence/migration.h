// Migration: MIGRATE's connections to other servers, and the conversation on them. A connection is
// kept for some seconds, since whoever moves one key mostly moves more.
//
// Any thread; the caller blocks for as long as the conversation takes. At most kMostLinks
// connections are kept, and each for kIdleMs after its last use.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/base/mutex.h"
#include "server/persistence/peer_connection.h"

namespace larder {

// What is to be moved where.
struct MigrationRequest {
  std::string host;
  int port = 0;
  int64_t db = 0;
  int64_t timeout_ms = 1000;          // of every step
  std::string auth;                   // an AUTH request, or ""
  std::vector<std::string> restores;  // a RESTORE request for each key
};

struct MigrationOutcome {
  enum class Failure : uint8_t { kNone, kConnecting, kWriting, kReading };
  Failure failure = Failure::kNone;
  std::string target_error;  // the first error that the other server answered
  std::vector<bool> taken;   // for each key: the other server has it
};

class Migration {
 public:
  static constexpr size_t kMostLinks = 64;
  static constexpr int64_t kIdleMs = 10'000;

  // A connection that was kept may have been closed meanwhile: where nothing was answered on it,
  // a new one is tried, once.
  MigrationOutcome Run(const MigrationRequest& request);
  // Closes what nobody used for a while.
  void CloseIdle(int64_t now_ms);
  size_t links() const { return link_count_.load(std::memory_order_relaxed); }

 private:
  struct Link {
    std::unique_ptr<PeerConnection> connection;
    int64_t db = -1;  // that is selected there; -1: unknown
    int64_t used_ms = 0;
  };

  // Null, and whether the other side said no.
  Link* Find(const MigrationRequest& request, bool* refused) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // One conversation; true where another try may help.
  bool Talk(Link& link, const MigrationRequest& request, MigrationOutcome* outcome);

  std::atomic<size_t> link_count_{0};
  Mutex mutex_;  // held for a conversation: one at a time, as Redis
  std::map<std::string, Link> links_ ABSL_GUARDED_BY(mutex_);  // by "host:port"
};

}  // namespace larder
