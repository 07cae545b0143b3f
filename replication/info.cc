// INFO's section "replication", and ROLE.
#include <algorithm>

#include "protocol/reply.h"
#include "replication/replication.h"
#include "server/base/info_writer.h"

namespace larder {
namespace {

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

// `promotable`: Sentinels never make a replica of priority 0 a primary.
void WriteLink(InfoWriter& info, const Engine& engine, const Replica& replica, bool promotable) {
  const Replica::Target target = replica.target();
  const Replica::Progress progress = replica.progress();
  const bool up = replica.state() == Replica::State::kConnected;
  const uint64_t offset = engine.log.offset();
  info.Field("master_host", target.host);
  info.Field("master_port", target.port);
  info.Field("master_link_status", up ? "up" : "down");
  info.Field("master_last_io_seconds_ago", up ? progress.last_io_s : -1);
  info.Field("master_sync_in_progress", static_cast<int>(progress.syncing));
  info.Field("slave_read_repl_offset", offset + progress.unapplied_bytes);
  info.Field("slave_repl_offset", offset);
  if (progress.syncing) {
    info.Field("master_sync_total_bytes", progress.sync_total_bytes);
    info.Field("master_sync_read_bytes", progress.sync_bytes);
    // Where no length was announced the total is 0, and how much is left not known.
    const int64_t total = progress.sync_total_bytes;
    const double done = static_cast<double>(progress.sync_bytes) * 100;
    info.Field("master_sync_left_bytes", std::max<int64_t>(0, total - progress.sync_bytes));
    info.Ratio("master_sync_perc", total == 0 ? 0 : done / static_cast<double>(total));
    info.Field("master_sync_last_io_seconds_ago", progress.last_io_s);
  }
  if (!up) info.Field("master_link_down_since_seconds", progress.down_since_s);
  const Settings& settings = engine.config.settings();
  info.Field("slave_priority", promotable ? int64_t{settings.replica_priority} : 0);
  info.Field("slave_read_only", int64_t{settings.replica_read_only});
  info.Field("replica_announced", int64_t{settings.replica_announced});
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

void Replication::WriteInfo(InfoWriter& info) const {
  const bool is_replica = engine_.replica.load(std::memory_order_relaxed);
  info.Field("role", is_replica ? "slave" : "master");
  if (protected_restart_.active()) {
    info.Field("larder_joining_seconds_left", protected_restart_.seconds_left());
  }
  // While its primary is there and sends its data, an empty one in its place would be copied by it.
  const bool copies = persistence_.incomplete() && replica_.progress().syncing;
  if (is_replica) WriteLink(info, engine_, replica_, !protected_restart_.on() || !copies);
  const std::vector<Primary::ReplicaState> replicas = primary_.replicas();
  info.Field("connected_slaves", replicas.size());
  info.Field("larder_last_full_sync_status", primary_.last_full_sync_ok() ? "ok" : "err");
  const Settings& settings = engine_.config.settings();
  if (settings.min_replicas_to_write > 0 && settings.min_replicas_max_lag_s > 0) {
    info.Field("min_slaves_good_slaves", primary_.good_replicas());
  }
  for (size_t i = 0; i < replicas.size(); ++i) {
    const Primary::ReplicaState& replica = replicas[i];
    info.Field(StrCat("slave", i),
               StrCat("ip=", replica.ip, ",port=", replica.port,
                      ",state=", StateText(replica.state, replica.gets_file),
                      ",offset=", replica.acknowledged, ",lag=", replica.lag_s));
  }
  const History::Ids ids = history_.ids();
  const uint64_t first = engine_.log.first_offset(), end = engine_.log.offset();
  const bool backlog = engine_.log.window() != 0;
  info.Field("master_failover_state", failover_.state_text());
  info.Field("master_replid", ids.id);
  info.Field("master_replid2", ids.second_id);
  info.Field("master_repl_offset", end);
  info.Field("second_repl_offset", ids.second_offset);
  info.Field("repl_backlog_active", static_cast<int>(backlog));
  info.Field("repl_backlog_size", int64_t{settings.repl_backlog_bytes});
  info.Field("repl_backlog_first_byte_offset", backlog ? first + 1 : 0);
  info.Field("repl_backlog_histlen", backlog ? end - first : 0);
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
