// Settings: the numbers of the configuration that code reads while it serves, each one relaxed
// load. Written only by Config; any thread reads. Texts (bind, dir, ...) are read with
// Config::Text.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace larder {

// One number; reads like an int64_t.
class Setting {
 public:
  operator int64_t() const { return value_.load(std::memory_order_relaxed); }
  void Set(int64_t value) { value_.store(value, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// client-output-buffer-limit of one class of clients; 0: no limit.
struct OutputLimit {
  Setting hard_bytes, soft_bytes, soft_seconds;
};

enum class ClientClass { kNormal, kReplica, kPubSub };

// notify-keyspace-events: the classes of events, and the two kinds of channels they go to. The
// letters are Redis'.
enum class NotifyClass : uint32_t {
  kNone = 0,            // a change without an event (PFCOUNT keeps its estimate)
  kKeyspace = 1u << 0,  // K: channels named after the key
  kKeyEvent = 1u << 1,  // E: channels named after the event
  kGeneric = 1u << 2,   // g
  kString = 1u << 3,    // $
  kList = 1u << 4,      // l
  kSet = 1u << 5,       // s
  kHash = 1u << 6,      // h
  kZSet = 1u << 7,      // z
  kExpired = 1u << 8,   // x
  kEvicted = 1u << 9,   // e
  kStream = 1u << 10,   // t
  kKeyMiss = 1u << 11,  // m
  kModule = 1u << 12,   // d
  kNewKey = 1u << 13,   // n
};

// Values of an enumerating directive are the index of the word in its row's list of choices.
enum class ProtectedAction { kNo, kYes, kLocal };
enum class IoUring { kAuto, kYes, kNo };
enum class EvictionPolicy {
  kVolatileLru,
  kVolatileLfu,
  kVolatileRandom,
  kVolatileTtl,
  kAllkeysLru,
  kAllkeysLfu,
  kAllkeysRandom,
  kNoEviction
};

// Every field is filled from its row in directives.cc, with the default at first. Switches are 0
// or 1.
struct Settings {
  // Sockets
  Setting port, tcp_backlog, tcp_keepalive_s, timeout_s, maxclients, unixsocketperm, protected_mode;
  Setting io_threads;    // 0: the server decides
  Setting io_uring;      // IoUring
  Setting busy_poll_us;  // -1: the server decides
  Setting gather_us;     // the same
  Setting proto_max_bulk_bytes, query_buffer_limit_bytes;
  std::array<OutputLimit, 3> output_limits;  // by ClientClass

  // Keyspace
  Setting databases, hz;
  Setting maxmemory;          // bytes; 0: no limit
  Setting maxmemory_policy;   // EvictionPolicy
  Setting maxmemory_clients;  // bytes; negative: per cent of maxmemory; 0: no limit
  Setting maxmemory_samples, eviction_tenacity, lfu_log_factor, lfu_decay_minutes;
  Setting min_replicas_to_write, min_replicas_max_lag_s;
  Setting repl_backlog_bytes, repl_backlog_ttl_s;  // ttl 0: for ever
  Setting repl_timeout_s, repl_ping_period_s;
  Setting repl_disable_tcp_nodelay;  // of links that begin then
  Setting repl_diskless_sync, repl_diskless_sync_delay_s, repl_diskless_sync_max_replicas;
  Setting replica_read_only, replica_serve_stale_data, replica_ignore_maxmemory;
  Setting close_on_replica_write, protected_restart_timeout_s;
  Setting replica_priority, replica_announced, replica_announce_port;
  Setting hash_max_listpack_entries, hash_max_listpack_value;
  Setting set_max_intset_entries;
  Setting zset_max_listpack_entries, zset_max_listpack_value;
  Setting hll_sparse_max_bytes;
  Setting stream_node_max_bytes, stream_node_max_entries;  // 0: no limit
  Setting lazyfree_lazy_eviction, lazyfree_lazy_expire, lazyfree_lazy_server_del;
  Setting lazyfree_lazy_user_del, lazy_user_flush;
  Setting notify_events;            // NotifyClass bits; 0: none, or to no kind of channel
  Setting tracking_table_max_keys;  // 0: no limit

  // Commands
  Setting busy_reply_threshold_ms;
  Setting slowlog_slower_than_us;  // -1: off
  Setting slowlog_max_len;
  Setting latency_monitor_threshold_ms;  // 0: off
  Setting latency_tracking;
  Setting acllog_max_len;
  Setting acl_all_channels;  // 1: new users may use all channels
  Setting enable_debug_command, enable_protected_configs, enable_module_command;  // ProtectedAction
  Setting elasticache;

  // Persistence
  Setting backup_minute;  // of the day; -1: none
  Setting backup_retention;
  Setting appendonly, appendfsync;  // always, everysec or no: AofWriter::Policy
  Setting no_appendfsync_on_rewrite, auto_aof_rewrite_percentage, auto_aof_rewrite_min_bytes;
  Setting aof_load_truncated, aof_use_rdb_preamble, aof_timestamp_enabled, aof_disable_auto_gc;
  Setting aof_rewrite_incremental_fsync;
  Setting rdb_compression, rdb_checksum, rdb_incremental_fsync;
  Setting stop_writes_on_save_error;
  Setting rdb_key_save_delay_us, key_load_delay_us;  // below zero: for one key in so many

  // Process
  Setting daemonize, shutdown_timeout_s, crash_log_enabled;
  Setting loglevel;  // LogLevel
};

// True when the policy goes by how often keys are used, so that Entry::access() counts uses.
inline bool CountsUses(const Settings& settings) {
  const auto policy = static_cast<EvictionPolicy>(int64_t{settings.maxmemory_policy});
  return policy == EvictionPolicy::kVolatileLfu || policy == EvictionPolicy::kAllkeysLfu;
}

}  // namespace larder
