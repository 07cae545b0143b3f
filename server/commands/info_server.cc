// INFO's sections about the process: server, clients, memory, stats, replication, cpu.
// Fields of what larder does not have (forks, defragmentation, a cluster) are there with the values
// of a server that does not use it, since monitors expect them.
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "server/base/clock.h"
#include "server/base/version.h"
#include "server/commands/info.h"
#include "server/commands/memory_parts.h"
#include "server/config/elasticache.h"
#include "server/config/words.h"
#include "server/engine/engine.h"
#include "server/engine/parking.h"
#include "server/engine/replication_host.h"
#include "server/persistence/persistence.h"
#include "server/store/allocator.h"

namespace larder {
namespace {

size_t Replicas(const Engine& engine) {
  return engine.replication == nullptr ? 0 : engine.replication->counters().replicas;
}

double Divide(double a, double b) { return b == 0 ? 0 : a / b; }
double Percent(size_t part, size_t whole) {
  return Divide(100 * static_cast<double>(part), static_cast<double>(whole));
}
int64_t Difference(size_t a, size_t b) { return static_cast<int64_t>(a) - static_cast<int64_t>(b); }

// As of 7.2: "listener0:name=tcp,bind=127.0.0.1,bind=-::1,port=6379".
void WriteListeners(const Engine& engine, InfoWriter& info) {
  int count = 0;
  if (const int port = engine.port.load(std::memory_order_relaxed); port != 0) {
    std::string tcp = "name=tcp";
    for (const std::string& address :
         SplitWords(engine.config.Text("bind")).value_or(std::vector<std::string>{})) {
      StrAppend(tcp, ",bind=", address);
    }
    info.Field(StrCat("listener", count++), StrCat(tcp, ",port=", port));
  }
  if (const std::string path = engine.config.Text("unixsocket"); !path.empty()) {
    info.Field(StrCat("listener", count), StrCat("name=unix,bind=", path));
  }
}

void WriteServer(Engine& engine, InfoWriter& info) {
  utsname os = {};
  uname(&os);
  const Settings& settings = engine.config.settings();
  const bool aws = settings.elasticache != 0;
  const auto field = [&](std::string_view name, const auto& value) {
    const std::string_view instead = aws ? elasticache::InfoOf(name) : "";
    instead.empty() ? info.Field(name, value) : info.Field(name, instead);
  };
  const int64_t now_us = WallUs();
  const int64_t uptime_s = now_us / 1'000'000 - engine.started_ms / 1000;
  info.Field("redis_version", kRedisVersion);
  info.Field("server_name", "larder");
  info.Field("larder_version", kLarderVersion);
  field("redis_git_sha1", "00000000");
  info.Field("redis_git_dirty", 0);
  info.Field("redis_build_id", "0");
  info.Field("redis_mode", "standalone");
  field("os", StrCat(os.sysname, " ", os.release, " ", os.machine));
  info.Field("arch_bits", 64);
  info.Field("monotonic_clock", ClockName());
  info.Field("multiplexing_api", "epoll");
  info.Field("atomicvar_api", "c11-builtin");
  field("gcc_version", StrCat(__GNUC__, ".", __GNUC_MINOR__, ".", __GNUC_PATCHLEVEL__));
  field("process_id", getpid());
  info.Field("process_supervised", getenv("NOTIFY_SOCKET") != nullptr ? "systemd" : "no");
  info.Field("run_id", engine.run_id);
  info.Field("tcp_port", int64_t{settings.port});
  info.Field("server_time_usec", now_us);
  info.Field("uptime_in_seconds", uptime_s);
  if (const int64_t left_ms = engine.stopping.left_ms(); left_ms > 0) {
    info.Field("shutdown_in_milliseconds", left_ms);
  }
  info.Field("uptime_in_days", uptime_s / (24 * 3600));
  info.Field("hz", int64_t{settings.hz});
  info.Field("configured_hz", int64_t{settings.hz});
  info.Field("lru_clock", now_us / 1'000'000 & 0xffffff);
  field("executable", engine.executable);
  field("config_file", engine.config.file());
  info.Field("io_threads_active", engine.io_threads > 1 ? 1 : 0);
  info.Field("larder_io_threads", engine.io_threads);
  WriteListeners(engine, info);
}

// What INFO tells of all clients, in one walk.
struct ClientFacts {
  uint64_t most_input = 0, most_output = 0;
  size_t with_timeout = 0;  // parked, and not for ever
  // That parked clients wait for, each once; and of those the ones of clients who also want to know
  // when a key is gone.
  absl::flat_hash_set<std::pair<int, std::string>> keys, keys_or_loss;

  void Add(Client& client) {
    most_input = std::max(most_input, client.input_bytes.load(std::memory_order_relaxed));
    most_output = std::max(most_output, client.output_bytes.load(std::memory_order_relaxed));
    if (!client.blocked.load(std::memory_order_relaxed)) return;  // nearly all: no lock for them
    MutexLock lock(client.label_mutex);
    if (client.waiter != nullptr) AddWaiter(*client.waiter);
  }
  void AddWaiter(const Waiter& waiter) {
    if (waiter.deadline_ms != 0) ++with_timeout;
    for (const std::string& key : waiter.wait.keys) {
      keys.emplace(waiter.db, key);
      if (waiter.wait.or_loss) keys_or_loss.emplace(waiter.db, key);
    }
  }
};

void WriteClients(Engine& engine, InfoWriter& info) {
  ClientFacts facts;
  engine.clients.ForEach([&](Client& client) { facts.Add(client); });
  info.Field("connected_clients", engine.clients.size() - Replicas(engine));
  info.Field("cluster_connections", 0);
  info.Field("maxclients", int64_t{engine.config.settings().maxclients});
  info.Field("client_recent_max_input_buffer", facts.most_input);
  info.Field("client_recent_max_output_buffer", facts.most_output);
  info.Field("blocked_clients", engine.parked_clients.load(std::memory_order_relaxed));
  info.Field("tracking_clients", engine.tracking_clients.load(std::memory_order_relaxed));
  info.Field("clients_in_timeout_table", facts.with_timeout);
  info.Field("total_blocking_keys", facts.keys.size());
  info.Field("total_blocking_keys_on_nokey", facts.keys_or_loss.size());
}

void WriteScriptMemory(const ScriptHost::Usage& usage, InfoWriter& info) {
  info.Bytes("used_memory_lua", usage.scripts_interpreter);
  info.Field("used_memory_vm_eval", usage.scripts_interpreter);
  info.Field("used_memory_scripts_eval", usage.scripts_kept);
  info.Field("number_of_cached_scripts", usage.scripts);
  info.Field("number_of_functions", usage.functions);
  info.Field("number_of_libraries", usage.libraries);
  info.Field("used_memory_vm_functions", usage.functions_interpreter);
  info.Bytes("used_memory_vm_total", usage.scripts_interpreter + usage.functions_interpreter);
  info.Field("used_memory_functions", usage.functions_kept);
  info.Bytes("used_memory_scripts", usage.scripts_kept + usage.functions_kept);
}

void WriteMemory(Engine& engine, InfoWriter& info) {
  const AllocatorStats allocator = ReadAllocatorStats();
  const MemoryParts parts(engine);
  const size_t used = parts.used, resident = parts.resident;
  const auto maxmemory = static_cast<size_t>(int64_t{engine.config.settings().maxmemory});
  info.Bytes("used_memory", used);
  info.Bytes("used_memory_rss", resident);
  info.Bytes("used_memory_peak", parts.peak);
  info.Ratio("used_memory_peak_perc", Percent(used, parts.peak), "%");
  info.Field("used_memory_overhead", parts.overhead);
  info.Field("used_memory_startup", parts.startup);
  info.Field("used_memory_dataset", parts.dataset());
  info.Ratio("used_memory_dataset_perc", Percent(parts.dataset(), parts.above_startup()), "%");
  info.Field("allocator_allocated", allocator.allocated);
  info.Field("allocator_active", allocator.active);
  info.Field("allocator_resident", allocator.resident);
  info.Bytes("total_system_memory", static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) *
                                        static_cast<size_t>(sysconf(_SC_PAGESIZE)));
  WriteScriptMemory(parts.scripts, info);
  info.Bytes("maxmemory", maxmemory);
  info.Field("maxmemory_policy", engine.config.Text("maxmemory-policy"));
  auto ratio = [&](std::string_view name, size_t a, size_t b) {
    info.Ratio(StrCat(name, "_ratio"), Divide(static_cast<double>(a), static_cast<double>(b)));
    info.Field(StrCat(name, "_bytes"), Difference(a, b));
  };
  ratio("allocator_frag", allocator.active, allocator.allocated);
  ratio("allocator_rss", allocator.resident, allocator.active);
  ratio("rss_overhead", resident, allocator.resident);
  info.Ratio("mem_fragmentation_ratio",
             Divide(static_cast<double>(resident), static_cast<double>(used)));
  info.Field("mem_fragmentation_bytes", Difference(resident, used));
  info.Field("mem_not_counted_for_evict", engine.eviction.UncountedBytes());
  info.Field("mem_replication_backlog", parts.backlog);
  info.Field("mem_total_replication_buffers", parts.backlog);
  info.Field("mem_clients_slaves", parts.replicas);
  info.Field("mem_clients_normal", parts.clients);
  info.Field("mem_cluster_links", 0);
  info.Field("mem_aof_buffer", parts.aof);
  info.Field("mem_allocator", AllocatorName());
  info.Field("active_defrag_running", 0);
  info.Field("lazyfree_pending_objects", engine.keyspace.reclaimer().pending());
  info.Field("lazyfreed_objects", engine.keyspace.reclaimer().freed());
}

void WriteStats(Engine& engine, InfoWriter& info) {
#define LARDER_COUNTER(member, name) info.Field(name, engine.stats.Sum(&WorkerStats::member));
  LARDER_COUNTERS(LARDER_COUNTER)
#undef LARDER_COUNTER
  info.Field("total_eviction_exceeded_time", engine.eviction.total_exceeded_ms());
  info.Field("current_eviction_exceeded_time", engine.eviction.exceeded_ms());
  info.Field("pubsub_channels", engine.pubsub[TopicKind::kChannel].size());
  info.Field("pubsub_patterns", engine.pubsub[TopicKind::kPattern].size());
  info.Field("pubsubshard_channels", engine.pubsub[TopicKind::kShardChannel].size());
  info.Field("tracking_total_keys", engine.tracked_keys.size());
  info.Field("tracking_total_items", engine.tracked_keys.pairs());
  info.Field("tracking_total_prefixes", engine.prefixes.size());
  info.Field("instantaneous_ops_per_sec", static_cast<int64_t>(engine.rates.commands()));
  info.Ratio("instantaneous_input_kbps", engine.rates.input_bytes() / 1024);
  info.Ratio("instantaneous_output_kbps", engine.rates.output_bytes() / 1024);
  info.Ratio("instantaneous_input_repl_kbps", engine.rates.repl_input_bytes() / 1024);
  info.Ratio("instantaneous_output_repl_kbps", engine.rates.repl_output_bytes() / 1024);
  uint64_t cycles = 0;
  for (const Command& command : engine.commands.commands()) {
    cycles += engine.stats.SumCommand(engine.commands.number(command)).cycles;
  }
  const double rounds = engine.rates.loop_rounds();
  info.Field("eventloop_duration_cmd_sum", static_cast<int64_t>(CyclesToUs(cycles)));
  info.Field("instantaneous_eventloop_cycles_per_sec", static_cast<int64_t>(rounds));
  info.Field("instantaneous_eventloop_duration_usec",
             static_cast<int64_t>(Divide(engine.rates.loop_us(), rounds)));
  info.Ratio("expired_stale_perc", 0);
  info.Field("migrate_cached_sockets",
             static_cast<Persistence&>(*engine.persistence).migration().links());
  for (std::string_view name :
       {"expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds", "latest_fork_usec",
        "total_forks", "slave_expires_tracked_keys", "active_defrag_hits", "active_defrag_misses",
        "active_defrag_key_hits", "active_defrag_key_misses", "total_active_defrag_time",
        "current_active_defrag_time", "dump_payload_sanitizations", "io_threaded_reads_processed",
        "io_threaded_writes_processed", "reply_buffer_shrinks", "reply_buffer_expands"}) {
    info.Field(name, 0);
  }
}

void WriteReplication(Engine& engine, InfoWriter& info) {
  if (engine.replication != nullptr) engine.replication->WriteInfo(info);
}

void WriteCpu(Engine&, InfoWriter& info) {
  rusage self = {}, children = {};
  getrusage(RUSAGE_SELF, &self);
  getrusage(RUSAGE_CHILDREN, &children);
  info.Seconds("used_cpu_sys", self.ru_stime.tv_sec, self.ru_stime.tv_usec);
  info.Seconds("used_cpu_user", self.ru_utime.tv_sec, self.ru_utime.tv_usec);
  info.Seconds("used_cpu_sys_children", children.ru_stime.tv_sec, children.ru_stime.tv_usec);
  info.Seconds("used_cpu_user_children", children.ru_utime.tv_sec, children.ru_utime.tv_usec);
  // There is no main thread: whichever is free runs a loop, so it is what all of them used.
  info.Seconds("used_cpu_sys_main_thread", self.ru_stime.tv_sec, self.ru_stime.tv_usec);
  info.Seconds("used_cpu_user_main_thread", self.ru_utime.tv_sec, self.ru_utime.tv_usec);
}

constexpr InfoSection kSections[] = {
    {"server", "Server", true, WriteServer}, {"clients", "Clients", true, WriteClients},
    {"memory", "Memory", true, WriteMemory}, {"persistence", "Persistence", true, WritePersistence},
    {"stats", "Stats", true, WriteStats},    {"replication", "Replication", true, WriteReplication},
    {"cpu", "CPU", true, WriteCpu},
};

}  // namespace

std::span<const InfoSection> ServerInfoSections() { return kSections; }

}  // namespace larder
