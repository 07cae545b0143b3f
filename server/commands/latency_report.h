// What LATENCY GRAPH and LATENCY DOCTOR say. Pure functions: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/engine/latency_monitor.h"

namespace larder {

// A column a sample, the newest at the right, with its age below; at most 80 columns a row.
std::string DrawLatency(std::string_view name, const LatencyMonitor::Event& event, int64_t now_s);

// `threshold_ms` 0: the monitor is off.
std::string LatencyAdvice(const std::vector<std::pair<std::string, LatencyMonitor::Event>>& events,
                          int64_t threshold_ms);

}  // namespace larder
