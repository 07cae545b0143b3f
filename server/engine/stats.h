// The counters behind INFO and LATENCY HISTOGRAM. Each worker counts in a block of its own with
// relaxed atomics that only it writes; readers add the blocks up. CONFIG RESETSTAT stores zeros
// from outside: an addition that another worker makes in that very moment may survive it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/base/histogram.h"
#include "server/base/mutex.h"
#include "server/base/string_map.h"

namespace larder {

// A counter that one thread writes and any thread reads.
class Tally {
 public:
  void Add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }
  void Reset() { value_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct CommandTally {
  Tally calls;
  Tally cycles;    // time-stamp counter, converted where it is shown
  Tally rejected;  // refused before it ran
  Tally failed;    // ran and answered an error
};

// One row per counter: member, name of the INFO field (section stats).
#define LARDER_COUNTERS(X)                                            \
  X(commands, "total_commands_processed")                             \
  X(connections, "total_connections_received")                        \
  X(rejected_connections, "rejected_connections")                     \
  X(input_bytes, "total_net_input_bytes")                             \
  X(output_bytes, "total_net_output_bytes")                           \
  X(repl_input_bytes, "total_net_repl_input_bytes")                   \
  X(repl_output_bytes, "total_net_repl_output_bytes")                 \
  X(keyspace_hits, "keyspace_hits")                                   \
  X(keyspace_misses, "keyspace_misses")                               \
  X(expired_keys, "expired_keys")                                     \
  X(evicted_keys, "evicted_keys")                                     \
  X(evicted_clients, "evicted_clients")                               \
  X(error_replies, "total_error_replies")                             \
  X(unexpected_errors, "unexpected_error_replies")                    \
  X(full_syncs, "sync_full")                                          \
  X(partial_syncs, "sync_partial_ok")                                 \
  X(partial_syncs_refused, "sync_partial_err")                        \
  X(reads, "total_reads_processed")                                   \
  X(writes, "total_writes_processed")                                 \
  X(loop_rounds, "eventloop_cycles")                                  \
  X(loop_us, "eventloop_duration_sum")                                \
  X(output_limit_closes, "client_output_buffer_limit_disconnections") \
  X(query_limit_closes, "client_query_buffer_limit_disconnections")   \
  X(acl_denied_auth, "acl_access_denied_auth")                        \
  X(acl_denied_command, "acl_access_denied_cmd")                      \
  X(acl_denied_key, "acl_access_denied_key")                          \
  X(acl_denied_channel, "acl_access_denied_channel")

struct WorkerStats {
  explicit WorkerStats(size_t count) : per_command(count), latency(count) {}
  ~WorkerStats();
#define LARDER_COUNTER(member, name) Tally member;
  LARDER_COUNTERS(LARDER_COUNTER)
#undef LARDER_COUNTER
  Tally changes;                          // of the data set; what save points count, so no reset
  std::vector<CommandTally> per_command;  // by Command's number in the table
  void RecordLatency(size_t command, int64_t nanoseconds) {
    Histogram* histogram = latency[command].load(std::memory_order_relaxed);
    if (histogram == nullptr) [[unlikely]]
      histogram = NewHistogram(command);
    histogram->Record(nanoseconds);
  }

  // Latencies per command in nanoseconds, made at its first call; the pointer is written by the
  // worker only.
  std::vector<std::atomic<Histogram*>> latency;

 private:
  Histogram* NewHistogram(size_t command);
};

// All workers' blocks. Any thread.
class Stats {
 public:
  explicit Stats(size_t commands) : commands_(commands) {}

  WorkerStats& AddWorker();
  // The sum of one counter: Sum(&WorkerStats::commands).
  uint64_t Sum(Tally WorkerStats::*counter) const;
  struct CommandSum {
    uint64_t calls = 0, cycles = 0, rejected = 0, failed = 0;
  };
  CommandSum SumCommand(size_t number) const;
  // Adds the latencies of a command up; false where it was never called.
  bool Latency(size_t number, Histogram* sum) const;

  // INFO errorstats: error codes and how often they were sent; at most kMostErrorCodes codes, since
  // a script can invent any (Redis stops at 128 as well).
  static constexpr size_t kMostErrorCodes = 128;
  void CountError(std::string_view code);
  std::vector<std::pair<std::string, uint64_t>> ErrorCodes() const;

  void Reset();

 private:
  const size_t commands_;
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<WorkerStats>> workers_ ABSL_GUARDED_BY(mutex_);
  StringMap<uint64_t> errors_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace larder
