#include "replication/replication.h"

#include <algorithm>
#include <utility>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/random.h"
#include "server/base/strings.h"
#include "server/config/words.h"
#include "server/engine/engine.h"
#include "server/engine/parking.h"
#include "server/engine/removal.h"

namespace larder {
namespace {

constexpr std::string_view kRoleChanged =
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";

}  // namespace

Replication& ReplicationOf(Context& c) { return static_cast<Replication&>(*c.engine.replication); }

Replication::Replication(Engine& engine, Persistence& persistence)
    : engine_(engine),
      persistence_(persistence),
      worker_(engine.gate, engine.stats.AddWorker()),
      history_(RandomHex(History::kIdLetters)),
      primary_(engine, worker_.stats, history_, persistence),
      replica_(engine, history_, persistence, primary_),
      failover_(engine, *this, worker_),
      protected_restart_(engine, joining_) {
  primary_.OnRound([this](int64_t now_ms) {
    failover_.Round(now_ms);
    protected_restart_.Round(now_ms, [this] { return settled(); });
    return failover_.state() != Failover::State::kNone;
  });
  // At once: who comes back behind the command finds the backlog as it asks for it.
  engine.config.AfterChange("repl-backlog-size",
                            [this](const std::string&) { engine_.log.ResizeWindow(window()); });
  engine.replica.store(!engine.config.Text("replicaof").empty());
}

Replication::~Replication() { Stop(); }

void Replication::Start() {
  const std::vector<std::string> words =
      SplitWords(engine_.config.Text("replicaof")).value_or(std::vector<std::string>{});
  int64_t port;
  if (words.size() == 2 && ParseInt64(words[1], &port)) {
    GateClosed closed(engine_.gate, worker_.gate_slot);
    Follow(words[0], static_cast<int>(port));
  }
  primary_.Start();
  replica_.Start();
}

void Replication::Stop() {
  replica_.Stop();
  primary_.Stop();
}

// An append-only file that is not of this history yet would be what the next start finds.
bool Replication::settled() const {
  if (!engine_.replica.load()) return true;
  const bool in_file = engine_.config.settings().appendonly == 0 ||
                       engine_.persistence->synced_offset() != PersistenceHost::kNothing;
  return link_up() && in_file;
}

size_t Replication::window() const {
  return static_cast<size_t>(int64_t{engine_.config.settings().repl_backlog_bytes});
}

void Replication::Follow(const std::string& host, int port, bool take_over) {
  // Who was primary had what there was, unless that is nothing since a start that found nothing.
  const bool was_primary = !engine_.replica.load() && !joining();
  if (was_primary && persistence_.TotalChanges() > 0) persistence_.NoteIncomplete(false);
  const bool was_replica = engine_.replica.exchange(true);
  protected_restart_.End();  // behind that: who joins no more is a replica, not settled yet
  SetLogRole(LogRole::kReplica);
  engine_.log.SetRaw(true);
  engine_.config.Note("replicaof", StrCat(host, " ", port));
  on_role();
  Parking::RefuseAll(engine_, kRoleChanged);
  // Our replicas stay: they are told to ask again when it turns out that the history goes on
  // differently from here.
  using TakeOver = Replica::TakeOver;
  replica_.Follow(
      {.host = host, .port = port, .take_over = take_over ? TakeOver::kAsked : TakeOver::kNone});
  Log(LogLevel::kNotice,
      was_replica ? "REPLICAOF: following another primary, "
                  : "Before turning into a replica, keeping my own history: it may "
                    "go on there. REPLICAOF ",
      host, ":", port);
}

void Replication::Promote() {
  protected_restart_.End();
  if (!engine_.replica.load()) return;
  replica_.Follow({});
  history_.Branch(engine_.log.offset());
  primary_.DropReplicas();  // before anything is written that is not of their history
  engine_.replica.store(false);
  SetLogRole(LogRole::kPrimary);
  engine_.log.SetRaw(false);
  engine_.log.SelectAnew();
  engine_.local_expiries.Clear();
  engine_.config.Note("replicaof", "");
  on_role();
  Log(LogLevel::kNotice, "MASTER MODE enabled; the history goes on as ", history_.id(),
      " from offset ", engine_.log.offset());
}

void Replication::AddFacts(RdbFacts& facts) const {
  // A replica that has not found its primary yet knows from a file where it is.
  const ReplicationLog::Place end = engine_.log.end();
  if (engine_.log.window() == 0 && end.db == LogBlock::kAnyDb) return;
  facts.aux.emplace_back("repl-stream-db", std::to_string(std::max(end.db, 0)));
  facts.aux.emplace_back("repl-id", history_.id());
  facts.aux.emplace_back("repl-offset", std::to_string(end.offset));
}

// A file that belongs to a history: a replica goes on from there; a primary has written things
// since that nobody else knows of, but up to there its replicas have the same.
void Replication::Restore(std::string_view name, std::string_view value) {
  int64_t number;
  if (name == "repl-id") {
    restored_id_ = value;
  } else if (name == "repl-stream-db" && ParseInt64(value, &number)) {
    restored_db_ = static_cast<int>(number);
  } else if (name == "repl-offset" && ParseInt64(value, &number) &&
             restored_id_.size() == History::kIdLetters) {
    engine_.log.Restart(static_cast<uint64_t>(number), restored_db_);
    if (engine_.config.Text("replicaof").empty()) {
      engine_.log.SetWindow(window());
      history_.Adopt(restored_id_);
      history_.Branch(static_cast<uint64_t>(number));
      engine_.log.SelectAnew();
    } else {
      history_.Adopt(restored_id_);
    }
  }
}

bool Replication::InStep() const {
  const std::vector<Primary::ReplicaState> replicas = primary_.replicas();
  const uint64_t offset = engine_.log.offset();
  return std::all_of(replicas.begin(), replicas.end(),
                     [offset](const auto& replica) { return replica.acknowledged == offset; });
}

void Replication::LogLag() const {
  const std::vector<Primary::ReplicaState> replicas = primary_.replicas();
  const uint64_t offset = engine_.log.offset();
  size_t in_step = 0;
  for (const Primary::ReplicaState& replica : replicas) {
    in_step += replica.acknowledged == offset;
    if (replica.acknowledged == offset) continue;
    Log(LogLevel::kWarning, "Lagging replica ", replica.ip, ":", replica.port, " reported offset ",
        offset - replica.acknowledged, " behind master, lag=", replica.lag_s,
        ", state=", StateText(replica.state, replica.gets_file), ".");
  }
  if (replicas.empty()) return;
  Log(LogLevel::kNotice, in_step, " of ", replicas.size(),
      " replicas are in sync when shutting down.");
}

// What has expired is told to the replicas that go on from where the file was written.
void Replication::NoteExpired(int db, std::string_view key) {
  if (!engine_.log.collects()) return;
  const bool lazy = engine_.config.settings().lazyfree_lazy_expire != 0;
  const std::string_view words[] = {DeletionWord(lazy), key};
  LogBlock block;
  block.Add(db, words);
  engine_.log.AppendBlock(block, false);
}

ReplicationHost::Counters Replication::counters() const {
  return {.replicas = primary_.replica_count(),
          .backlog_bytes = engine_.log.memory_bytes(),
          .buffered_bytes = primary_.buffered_bytes()};
}

}  // namespace larder
