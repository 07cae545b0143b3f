#include "server/commands/latency_report.h"

#include <algorithm>

#include "server/base/strings.h"

namespace larder {
namespace {

constexpr size_t kColumns = 80;
constexpr int kRows = 4;

std::string Age(int64_t seconds) {
  if (seconds < 60) return StrCat(seconds, 's');
  if (seconds < 3600) return StrCat(seconds / 60, 'm');
  if (seconds < 24 * 3600) return StrCat(seconds / 3600, 'h');
  return StrCat(seconds / (24 * 3600), 'd');
}

using Samples = std::deque<LatencyMonitor::Sample>;

// One row of bars: each character is a third of a row high.
std::string BarRow(const Samples& samples, size_t first, size_t last, int row, int64_t low,
                   int64_t high) {
  static constexpr std::string_view kThirds = " _o#";
  std::string line;
  for (size_t i = first; i < last; ++i) {
    const int64_t span = std::max<int64_t>(high - low, 1);
    const int64_t height = 1 + (samples[i].duration_ms - low) * (kRows * 3 - 1) / span;
    const int64_t here = height - (kRows - 1 - row) * 3;
    line += here > 3 ? '|' : kThirds[static_cast<size_t>(std::max<int64_t>(here, 0))];
  }
  return line;
}

void AppendAges(std::string& out, const Samples& samples, size_t first, size_t last,
                int64_t now_s) {
  for (size_t letter = 0;; ++letter) {
    std::string line;
    for (size_t i = first; i < last; ++i) {
      const std::string age = Age(std::max<int64_t>(now_s - samples[i].unix_s, 0));
      line += letter < age.size() ? age[letter] : ' ';
    }
    if (line.find_first_not_of(' ') == std::string::npos) return;
    StrAppend(out, line, '\n');
  }
}

}  // namespace

std::string DrawLatency(std::string_view name, const LatencyMonitor::Event& event, int64_t now_s) {
  const Samples& samples = event.samples;
  auto shorter = [](const auto& a, const auto& b) { return a.duration_ms < b.duration_ms; };
  const auto [least, most] = std::minmax_element(samples.begin(), samples.end(), shorter);
  const int64_t low = least->duration_ms, high = most->duration_ms;
  std::string graph = StrCat(name, " - high ", high, " ms, low ", low, " ms (all time high ",
                             event.max_ms, " ms)\n", std::string(kColumns, '-'), '\n');
  for (size_t first = 0; first < samples.size(); first += kColumns) {
    const size_t last = std::min(first + kColumns, samples.size());
    for (int row = 0; row < kRows; ++row) {
      StrAppend(graph, BarRow(samples, first, last, row, low, high), '\n');
    }
    StrAppend(graph, '\n');
    AppendAges(graph, samples, first, last, now_s);
  }
  return graph;
}

std::string LatencyAdvice(const std::vector<std::pair<std::string, LatencyMonitor::Event>>& events,
                          int64_t threshold_ms) {
  if (threshold_ms == 0 && events.empty()) {
    return "The latency monitor is off. Turn it on with CONFIG SET latency-monitor-threshold "
           "<milliseconds>.\n";
  }
  if (events.empty()) {
    return StrCat("Nothing took ", threshold_ms, " ms or more since the last LATENCY RESET.\n");
  }
  std::string advice = "Spikes seen, worst first in each line:\n\n";
  for (const auto& [name, event] : events) {
    int64_t sum = 0;
    for (const auto& sample : event.samples) sum += sample.duration_ms;
    const auto count = static_cast<int64_t>(event.samples.size());
    StrAppend(advice, "- ", name, ": at most ", event.max_ms, " ms, ", sum / count,
              " ms on average over ", count, " seconds with a spike.\n");
  }
  StrAppend(advice,
            "\n- command: look into SLOWLOG GET for what ran; long scripts, KEYS, and SORT or set "
            "operations over large values are the usual ones.\n"
            "- fast-command: the machine stole the time: check for other programs, swap, and a CPU "
            "quota of the container.\n"
            "- expire-cycle: a command waited for the shard where expired keys were removed: large "
            "values, or a machine that stole the time.\n"
            "- eviction-cycle: a write waited until there was room: maxmemory-eviction-tenacity "
            "limits for how long.\n");
  return advice;
}

}  // namespace larder
