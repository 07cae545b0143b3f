#include "server/net/gathering.h"

#include <sys/prctl.h>

#include <algorithm>

namespace larder {

double Gathering::Cost::each() const {
  if (commands == 0) return 0;
  const auto n = static_cast<double>(commands);
  return static_cast<double>(cpu_ns) / n * (static_cast<double>(time_ns) / n);
}

int64_t Gathering::WaitUs(int64_t setting_us, const Round& round) {
  if (setting_us >= 0) return setting_us;
  if (!Suits(round)) return 0;
  if (round.ended_ns >= until_ns_) NextSlice(round);
  return waits_ ? AutoUs(round.active_clients) : 0;
}

bool Gathering::Suits(const Round& round) {
  if (round.active_clients < kManyClients || round.served >= kFullRound) return false;
  return round.requests < round.served * kDeepPipeline;
}

void Gathering::NextSlice(const Round& round) {
  // The clients have paused, or sent something else, or the counter was reset: nothing is learned.
  const bool spoiled = round.ended_ns >= until_ns_ + kSliceNs || round.commands <= begin_commands_;
  if (slices_ > 0 && spoiled) slices_ = 0;
  if (slices_ > 0) {
    EndSlice(round);
    if (--slices_ == 0) return Judge(round.ended_ns);
  } else {
    slices_ = kSlices;
    waiting_ = at_once_ = Cost();
  }
  BeginSlice(round);
}

void Gathering::BeginSlice(const Round& round) {
  waits_ = slices_ % 2 == 0;
  until_ns_ = round.ended_ns + kSliceNs;
  begin_ns_ = round.ended_ns;
  begin_commands_ = round.commands;
  begin_cpu_ns_ = cpu_ns_();
}

void Gathering::EndSlice(const Round& round) {
  Cost& cost = waits_ ? waiting_ : at_once_;
  cost.cpu_ns += cpu_ns_() - begin_cpu_ns_;
  cost.time_ns += round.ended_ns - begin_ns_;
  cost.commands += round.commands - begin_commands_;
}

void Gathering::Judge(int64_t now_ns) {
  const double at_once = at_once_.each();
  const double ratio = at_once > 0 ? waiting_.each() / at_once : 1;
  ratio_ = ratio_ == 0 ? ratio : (ratio_ + ratio) / 2;
  const bool pays = ratio_ < kPays;
  pause_ns_ = pays == pays_ ? std::min(pause_ns_ * 2, kMostPauseNs) : kLeastPauseNs;
  waits_ = pays_ = pays;
  until_ns_ = now_ns + pause_ns_;
}

void WaitPrecisely() { ::prctl(PR_SET_TIMERSLACK, 1000ul); }

}  // namespace larder
