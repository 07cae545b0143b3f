// INFO's section "replication", and ROLE.
#include <algorithm>
#include <cstdio>

#include "protocol/reply.h"
#include "replication/replication.h"
#include "server/base/strings.h"

namespace larder {
namespace {

template <typename Value>
void Field(std::string& out, std::string_view name, const Value& value) {
  StrAppend(out, name, ":", value, "\r\n");
}

std::string_view StateText(Replica::State state) {
  switch (state) {
    case Replica::State::kConnect:
      return "connect";
    case Replica::State::kConnecting:
      return "connecting";
    case Replica::State::kHandshake:
      return "handshake";
    case Replica::State::kSync:
      return "sync";
    case Replica::State::kConnected:
      return "connected";
  }
  return "";
}

void AppendLink(std::string& out, const Engine& engine, const Replica& replica) {
  const Replica::Target target = replica.target();
  const Replica::Progress progress = replica.progress();
  const bool up = replica.state() == Replica::State::kConnected;
  const uint64_t offset = engine.log.offset();
  Field(out, "master_host", target.host);
  Field(out, "master_port", target.port);
  Field(out, "master_link_status", up ? "up" : "down");
  Field(out, "master_last_io_seconds_ago", up ? progress.last_io_s : -1);
  Field(out, "master_sync_in_progress", static_cast<int>(progress.syncing));
  Field(out, "slave_read_repl_offset", offset + progress.unapplied_bytes);
  Field(out, "slave_repl_offset", offset);
  if (progress.syncing) {
    Field(out, "master_sync_total_bytes", progress.sync_total_bytes);
    Field(out, "master_sync_read_bytes", progress.sync_bytes);
    // Where no length was announced the total is 0, and how much is left not known.
    const int64_t total = progress.sync_total_bytes;
    const double done = static_cast<double>(progress.sync_bytes) * 100;
    char percent[32];
    std::snprintf(percent, sizeof(percent), "%.2f",
                  total == 0 ? 0 : done / static_cast<double>(total));
    Field(out, "master_sync_left_bytes", std::max<int64_t>(0, total - progress.sync_bytes));
    Field(out, "master_sync_perc", percent);
    Field(out, "master_sync_last_io_seconds_ago", progress.last_io_s);
  }
  if (!up) Field(out, "master_link_down_since_seconds", progress.down_since_s);
  const Settings& settings = engine.config.settings();
  Field(out, "slave_priority", int64_t{settings.replica_priority});
  Field(out, "slave_read_only", int64_t{settings.replica_read_only});
  Field(out, "replica_announced", int64_t{settings.replica_announced});
}

}  // namespace

std::string_view StateText(ReplicaLink::State state, bool gets_file) {
  switch (state) {
    case ReplicaLink::State::kWaiting:
      return "wait_bgsave";
    case ReplicaLink::State::kSnapshot:
      return gets_file ? "send_bulk" : "wait_bgsave";
    case ReplicaLink::State::kLoading:
      return "send_bulk";
    case ReplicaLink::State::kOnline:
      return "online";
    case ReplicaLink::State::kSnapshotOnly:
      return "rdb_transmitted";
  }
  return "";
}

void Replication::AppendInfo(std::string& out) const {
  const bool is_replica = engine_.replica.load(std::memory_order_relaxed);
  Field(out, "role", is_replica ? "slave" : "master");
  if (waits_.active()) Field(out, "larder_joining_seconds_left", waits_.seconds_left());
  if (is_replica) AppendLink(out, engine_, replica_);
  const std::vector<Primary::ReplicaState> replicas = primary_.replicas();
  Field(out, "connected_slaves", replicas.size());
  Field(out, "larder_last_full_sync_status", primary_.last_full_sync_ok() ? "ok" : "err");
  const Settings& settings = engine_.config.settings();
  if (settings.min_replicas_to_write > 0 && settings.min_replicas_max_lag_s > 0) {
    Field(out, "min_slaves_good_slaves", primary_.good_replicas());
  }
  for (size_t i = 0; i < replicas.size(); ++i) {
    const Primary::ReplicaState& replica = replicas[i];
    StrAppend(out, "slave", i, ":ip=", replica.ip, ",port=", replica.port,
              ",state=", StateText(replica.state, replica.gets_file),
              ",offset=", replica.acknowledged, ",lag=", replica.lag_s, "\r\n");
  }
  const History::Ids ids = history_.ids();
  const uint64_t first = engine_.log.first_offset(), end = engine_.log.offset();
  const bool backlog = engine_.log.window() != 0;
  Field(out, "master_failover_state", failover_.state_text());
  Field(out, "master_replid", ids.id);
  Field(out, "master_replid2", ids.second_id);
  Field(out, "master_repl_offset", end);
  Field(out, "second_repl_offset", ids.second_offset);
  Field(out, "repl_backlog_active", static_cast<int>(backlog));
  Field(out, "repl_backlog_size", int64_t{settings.repl_backlog_bytes});
  Field(out, "repl_backlog_first_byte_offset", backlog ? first + 1 : 0);
  Field(out, "repl_backlog_histlen", backlog ? end - first : 0);
}

void Replication::ReplyRole(Reply& reply) const {
  if (engine_.replica.load(std::memory_order_relaxed)) {
    const Replica::Target target = replica_.target();
    const bool up = replica_.state() == Replica::State::kConnected;
    reply.Array(5);
    reply.Bulk("slave");
    reply.Bulk(target.host);
    reply.Integer(target.port);
    reply.Bulk(StateText(replica_.state()));
    reply.Integer(up ? static_cast<int64_t>(engine_.log.offset()) : -1);
    return;
  }
  std::vector<Primary::ReplicaState> replicas = primary_.replicas();
  std::erase_if(replicas, [](const Primary::ReplicaState& replica) {
    return replica.state != ReplicaLink::State::kOnline;
  });
  reply.Array(3);
  reply.Bulk("master");
  reply.Integer(static_cast<int64_t>(engine_.log.offset()));
  reply.Array(replicas.size());
  for (const Primary::ReplicaState& replica : replicas) {
    reply.Array(3);
    reply.Bulk(replica.ip);
    reply.Bulk(std::to_string(replica.port));
    reply.Bulk(std::to_string(replica.acknowledged));
  }
}

}  // namespace larder
