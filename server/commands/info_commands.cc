// INFO's sections about commands and keys: modules, commandstats, errorstats, latencystats,
// cluster, keyspace.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "server/base/clock.h"
#include "server/base/numbers.h"
#include "server/commands/info.h"
#include "server/config/words.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

void WriteNothing(Engine&, InfoWriter&) {}

void WriteCommandStats(Engine& engine, InfoWriter& info) {
  for (const Command& command : engine.commands.commands()) {
    const Stats::CommandSum sum = engine.stats.SumCommand(engine.commands.number(command));
    if (sum.calls == 0 && sum.rejected == 0 && sum.failed == 0) continue;
    const auto microseconds = static_cast<long long>(CyclesToUs(sum.cycles));
    const double each =
        sum.calls == 0 ? 0 : static_cast<double>(microseconds) / static_cast<double>(sum.calls);
    char text[160];
    std::snprintf(text, sizeof(text),
                  "calls=%llu,usec=%lld,usec_per_call=%.2f,rejected_calls=%llu,failed_calls=%llu",
                  static_cast<unsigned long long>(sum.calls), microseconds, each,
                  static_cast<unsigned long long>(sum.rejected),
                  static_cast<unsigned long long>(sum.failed));
    info.Field(StrCat("cmdstat_", CommandTable::FullName(command)), std::string_view(text));
  }
}

void WriteErrorStats(Engine& engine, InfoWriter& info) {
  std::vector<std::pair<std::string, uint64_t>> codes = engine.stats.ErrorCodes();
  std::sort(codes.begin(), codes.end());
  for (auto& [code, count] : codes) {
    // A script invents codes; one must not look like another field or section.
    for (char& c : code) {
      if (c == '#' || c == ':' || c == '\n' || c == '\r') c = '_';
    }
    info.Field(StrCat("errorstat_", code), StrCat("count=", count));
  }
}

void WriteLatencyStats(Engine& engine, InfoWriter& info) {
  if (!engine.config.settings().latency_tracking) return;
  const auto percentiles =
      SplitWords(engine.config.Text("latency-tracking-info-percentiles")).value();
  for (const Command& command : engine.commands.commands()) {
    auto histogram = std::make_unique<Histogram>();
    engine.stats.Latency(engine.commands.number(command), histogram.get());
    if (histogram->count() == 0) continue;
    std::string text;
    for (const std::string& percentile : percentiles) {
      double percent = 0;
      ParseDouble(percentile, &percent);
      char value[64];
      std::snprintf(value, sizeof(value), "%.3f",
                    static_cast<double>(histogram->Percentile(percent)) / 1000);
      StrAppend(text, text.empty() ? "" : ",", "p", percentile, "=", value);
    }
    info.Field(StrCat("latency_percentiles_usec_", CommandTable::FullName(command)), text);
  }
}

void WriteCluster(Engine&, InfoWriter& info) { info.Field("cluster_enabled", 0); }

void WriteKeyspace(Engine& engine, InfoWriter& info) {
  for (int db = 0; db < engine.keyspace.databases(); ++db) {
    const size_t keys = engine.keyspace.Size(db);
    if (keys == 0) continue;
    info.Field(StrCat("db", db), StrCat("keys=", keys, ",expires=", engine.keyspace.Expires(db),
                                        ",avg_ttl=", engine.average_ttl.of(db)));
  }
}

constexpr InfoSection kSections[] = {
    {"modules", "Modules", true, WriteNothing},
    {"commandstats", "Commandstats", false, WriteCommandStats},
    {"errorstats", "Errorstats", true, WriteErrorStats},
    {"latencystats", "Latencystats", false, WriteLatencyStats},
    {"cluster", "Cluster", true, WriteCluster},
    {"keyspace", "Keyspace", true, WriteKeyspace},
};

}  // namespace

std::span<const InfoSection> CommandInfoSections() { return kSections; }

}  // namespace larder
