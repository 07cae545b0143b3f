// Replication: the room's door. Holds the history, serves replicas (Primary) and follows a primary
// where this server is told to (Replica); changes from one role to the other.
//
// One thread calls Start and Stop; what changes the role is called with the gate closed; everything
// else by any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "replication/failover.h"
#include "replication/history.h"
#include "replication/joining.h"
#include "replication/primary.h"
#include "replication/replica.h"
#include "server/engine/context.h"
#include "server/engine/replication_host.h"
#include "server/persistence/persistence.h"

namespace larder {

class Replication : public ReplicationHost {
 public:
  Replication(Engine& engine, Persistence& persistence);
  ~Replication() override;  // stops
  Replication(const Replication&) = delete;
  Replication& operator=(const Replication&) = delete;

  // Before clients are served, and when it is known whether there was a file of data:
  // protected-restart. False, with a sentence, where that can't be had.
  bool Expect(std::string* error) { return protected_restart_.Expect(error); }
  void Decide(bool found_data) {
    if (protected_restart_.Decide(found_data)) persistence_.NoteIncomplete(false);
  }
  // Threads run; follows the primary of the directive `replicaof`, if there is one. After the data
  // set is loaded.
  void Start();
  void Stop();

  // ---- Roles (closed gate) ----------------------------------------------------------------------
  // Becomes a replica of another server, keeping its history: where that goes on from ours no full
  // sync is needed.
  void Follow(const std::string& host, int port, bool take_over = false);
  // Becomes a primary, which goes on from where its own has been.
  void Promote();
  // What a snapshot says of the history.
  void AddFacts(RdbFacts& facts) const;
  // What a file said that was loaded at the start, fact by fact.
  void Restore(std::string_view name, std::string_view value);
  // And the keys it holds whose time is over. Any thread.
  void NoteExpired(int db, std::string_view key);

  // Called where the role has changed, with the gate closed. Set before Start.
  std::function<void()> on_role = [] {};

  // ---- Any thread -------------------------------------------------------------------------------
  History& history() { return history_; }
  Primary& primary() { return primary_; }
  Replica& replica() { return replica_; }
  Failover& failover() { return failover_; }
  void ReplyRole(Reply& reply) const;

  // Whether all replicas have acknowledged everything; and says in the log who has not.
  bool InStep() const;
  void LogLag() const;

  int good_replicas() const override { return primary_.good_replicas(); }
  bool follows_on() const override { return replica_.follows_on(); }
  bool link_up() const override { return replica_.state() == Replica::State::kConnected; }
  void BeginHistory() override { history_.Begin(); }
  void WriteInfo(InfoWriter& info) const override;
  Counters counters() const override;

 private:
  size_t window() const;
  // A primary, or a replica that has its primary's data and would find them again.
  bool settled() const;

  Engine& engine_;
  Persistence& persistence_;
  Worker worker_;  // of the thread that starts, then of Primary's
  History history_;
  Primary primary_;
  Replica replica_;
  Failover failover_;
  Joining protected_restart_;
  std::string restored_id_;
  int restored_db_ = 0;
};

// The one of the engine that the command runs in.
Replication& ReplicationOf(Context& c);

}  // namespace larder
