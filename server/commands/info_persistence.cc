// INFO's section about what is on disk.
#include <algorithm>

#include "server/base/clock.h"
#include "server/base/progress_log.h"
#include "server/commands/info.h"
#include "server/engine/engine.h"
#include "server/persistence/persistence.h"

namespace larder {
namespace {

// A stream without a length is guessed by the memory of the server that it comes from, as in Redis.
void WriteLoading(const Persistence::State& state, InfoWriter& info) {
  const bool known = state.loading_total_bytes > 0;
  const uint64_t total = known ? state.loading_total_bytes : state.loading_used_memory;
  const int64_t elapsed_s = std::max<int64_t>(0, WallMs() / 1000 - state.loading_since_s);
  const Pace pace(state.loading_bytes, total, elapsed_s * 1000);
  const double percent =
      total == 0 ? 0 : static_cast<double>(state.loading_bytes) / static_cast<double>(total) * 100;
  info.Field("loading_start_time", state.loading_since_s);
  info.Field("loading_total_bytes", state.loading_total_bytes);
  info.Field("loading_rdb_used_mem", state.loading_used_memory);
  info.Field("loading_loaded_bytes", state.loading_bytes);
  info.Ratio("loading_loaded_perc", std::min(percent, known ? 100 : 99.99));
  info.Field("loading_eta_seconds",
             std::max<int64_t>(pace.seconds_left, known && state.loading_bytes > 0 ? 0 : 1));
  info.Field("larder_loading_bytes_per_second", pace.per_second);
}

// `snapshot`: one is being written, for whatever purpose, so that a rewrite has to wait. What has
// not to wait counts as begun: the thread takes it at once.
void WriteAof(const Persistence& persistence, bool snapshot, InfoWriter& info) {
  const Aof& aof = persistence.aof();
  const AofWriter& writer = aof.writer();
  const Aof::Info state = aof.info();
  const bool enabled = aof.state() != Aof::State::kOff;
  const bool rewriting = state.began_s != 0;
  const bool waits = snapshot || state.held_back || persistence.incomplete();
  info.Field("aof_enabled", enabled);
  info.Field("aof_rewrite_in_progress", rewriting || (state.scheduled && !waits));
  info.Field("aof_rewrite_scheduled", state.scheduled && waits);
  info.Field("aof_last_rewrite_time_sec", state.last_seconds);
  info.Field("aof_current_rewrite_time_sec", rewriting ? WallMs() / 1000 - state.began_s : -1);
  info.Field("aof_last_bgrewrite_status", state.last_ok ? "ok" : "err");
  info.Field("aof_rewrites", state.rewrites);
  info.Field("aof_rewrites_consecutive_failures", state.failures_in_a_row);
  info.Field("aof_last_write_status", persistence.aof_error() == 0 ? "ok" : "err");
  info.Field("aof_last_cow_size", 0);
  if (!enabled) return;
  info.Field("aof_current_size", state.size_bytes);
  info.Field("aof_base_size", state.base_bytes);
  info.Field("aof_pending_rewrite", state.scheduled);
  info.Field("aof_buffer_length", writer.waiting_bytes());
  info.Field("aof_pending_bio_fsync", 0);
  info.Field("aof_delayed_fsync", writer.delayed_syncs());
}

}  // namespace

void WritePersistence(Engine& engine, InfoWriter& info) {
  const auto& persistence = static_cast<const Persistence&>(*engine.persistence);
  Persistence::State state = persistence.state();
  const Snapshot& snapshot = persistence.snapshot();
  const bool running = persistence.saving();
  const bool saving_rdb = running && !persistence.aof().rewriting();
  info.Field("loading", state.loading);
  // Redis counts what the operating system copied beneath a fork; here it is what was kept.
  const uint64_t kept_bytes = running ? snapshot.kept_bytes() : 0;
  const auto total = static_cast<double>(std::max<uint64_t>(1, snapshot.keys_total()));
  const Pace pace = snapshot.pace();
  info.Field("async_loading", state.loading_beside ? 1 : 0);
  info.Field("current_cow_peak", kept_bytes);
  info.Field("current_cow_size", kept_bytes);
  info.Field("current_cow_size_age", 0);
  info.Ratio("current_fork_perc",
             running ? static_cast<double>(snapshot.keys_written()) / total * 100 : 0);
  info.Field("current_save_keys_processed", running ? snapshot.keys_written() : 0);
  info.Field("current_save_keys_total", running ? snapshot.keys_total() : 0);
  info.Field("larder_save_keys_per_second", running ? pace.per_second : 0);
  info.Field("larder_save_seconds_left", running ? pace.seconds_left : 0);
  info.Field("rdb_changes_since_last_save", persistence.changes());
  info.Field("rdb_bgsave_in_progress", saving_rdb || state.about_to_run);
  info.Field("rdb_last_save_time", state.last_save_s);
  info.Field("rdb_last_bgsave_status", state.last_save_ok ? "ok" : "err");
  info.Field("rdb_last_bgsave_time_sec", state.last_duration_s);
  info.Field("rdb_current_bgsave_time_sec", saving_rdb && state.running_since_s > 0
                                                ? WallMs() / 1000 - state.running_since_s
                                                : -1);
  info.Field("rdb_saves", state.saves);
  info.Field("rdb_last_cow_size", state.last_kept_bytes);
  info.Field("larder_last_backup_time", state.last_backup_s);
  info.Field("larder_last_backup_status", state.last_backup_ok ? "ok" : "err");
  info.Field("rdb_last_load_keys_expired", state.keys_expired);
  info.Field("rdb_last_load_keys_loaded", state.keys_loaded);
  WriteAof(persistence, running, info);
  info.Field("module_fork_in_progress", 0);
  info.Field("module_fork_last_cow_size", 0);
  if (state.loading) WriteLoading(state, info);
}

}  // namespace larder
