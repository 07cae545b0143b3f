// When a loop lets commands gather: machines are played, on which that pays or does not.
#include "server/net/gathering.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

int64_t cpu_ns = 0;  // what this machine's thread has run
int64_t CpuNs() { return cpu_ns; }

// What a round takes on a machine, in us of its core.
struct Machine {
  int64_t sleep_us;    // to fall asleep and be woken by a client
  int64_t wait_us;     // to wait for a time
  int64_t command_us;  // for each command
};

// Many clients, each with `pipeline` requests at once: three of them are there after a round, more
// after a wait.
struct Play {
  Gathering gathering{CpuNs};
  int64_t now_ns = 1;
  uint64_t commands = 0;
  int clients = 50;
  size_t pipeline = 1;

  // How many of `rounds` were waited for, in percent.
  int Rounds(int rounds, const Machine& machine) {
    int waited = 0;
    size_t served = 3;
    for (int i = 0; i < rounds; ++i) {
      const int64_t wait_us = gathering.WaitUs(-1, {.active_clients = clients,
                                                    .served = served,
                                                    .requests = served * pipeline,
                                                    .commands = commands,
                                                    .ended_ns = now_ns});
      waited += wait_us > 0;
      served = wait_us > 0 ? 9 : 3;
      const auto work_us = static_cast<int64_t>(served * pipeline) * machine.command_us;
      const int64_t used_us = (wait_us > 0 ? machine.wait_us : machine.sleep_us) + work_us;
      cpu_ns += used_us * 1000;
      now_ns += (used_us + wait_us) * 1000;
      commands += served * pipeline;
    }
    return waited * 100 / rounds;
  }
};

constexpr Machine kDearToSleep = {.sleep_us = 40, .wait_us = 8, .command_us = 7};
constexpr Machine kDearToWait = {.sleep_us = 8, .wait_us = 40, .command_us = 7};

TEST(Gathering, StaysWithWhatPaysOnTheMachine) {
  Play dear_to_sleep, dear_to_wait;
  EXPECT_GT(dear_to_sleep.Rounds(50'000, kDearToSleep), 90);
  EXPECT_LT(dear_to_wait.Rounds(50'000, kDearToWait), 10);
}

TEST(Gathering, NoticesThatTheMachineHasChangedItsMind) {
  Play play;
  play.Rounds(50'000, kDearToSleep);
  play.Rounds(100'000, kDearToWait);
  EXPECT_LT(play.Rounds(50'000, kDearToWait), 10);
  play.Rounds(100'000, kDearToSleep);
  EXPECT_GT(play.Rounds(50'000, kDearToSleep), 90);
}

TEST(Gathering, FewClientsFullRoundsAndDeepPipelinesAreNotKeptWaiting) {
  Play few, deep;
  few.clients = Gathering::kManyClients - 1;
  EXPECT_EQ(few.Rounds(50'000, kDearToSleep), 0);
  deep.pipeline = Gathering::kDeepPipeline;
  EXPECT_EQ(deep.Rounds(50'000, kDearToSleep), 0);
  Play play;
  play.Rounds(50'000, kDearToSleep);
  Gathering::Round round = {.active_clients = 50,
                            .served = Gathering::kFullRound - 1,
                            .requests = Gathering::kFullRound - 1,
                            .commands = play.commands,
                            .ended_ns = play.now_ns};
  EXPECT_GT(play.gathering.WaitUs(-1, round), 0);
  round.served = round.requests = Gathering::kFullRound;
  EXPECT_EQ(play.gathering.WaitUs(-1, round), 0) << "rounds are full without";
  round.served = 0;
  EXPECT_EQ(play.gathering.WaitUs(-1, round), 0) << "what was carried over from the last round";
}

TEST(Gathering, WaitsLongerForMoreClients) {
  EXPECT_EQ(Gathering::AutoUs(50), 30);
  EXPECT_EQ(Gathering::AutoUs(500), Gathering::AutoUs(200));
  EXPECT_EQ(Gathering::AutoUs(200), 120);
}

TEST(Gathering, ATrialThatIsInterruptedSaysNothing) {
  Play play;
  play.Rounds(50'000, kDearToSleep);
  for (int i = 0; i < 100; ++i) {
    play.Rounds(20, kDearToSleep);
    play.commands = 0;  // CONFIG RESETSTAT
    play.Rounds(20, kDearToSleep);
    play.now_ns += 1'000'000'000;  // nobody came
  }
  EXPECT_GT(play.Rounds(50'000, kDearToSleep), 90);
}

TEST(Gathering, WhatAnotherThreadHasRunIsNotCompared) {
  Play play;
  play.Rounds(10, kDearToSleep);  // of the first slice, which waits
  play.gathering.Adopted();
  cpu_ns += 1'000'000'000;
  EXPECT_GT(play.Rounds(20'000, kDearToSleep), 90);
}

TEST(Gathering, ObeysAFixedSetting) {
  Gathering gathering;
  EXPECT_EQ(gathering.WaitUs(100, {.active_clients = 1, .served = 1, .requests = 1}), 100);
  EXPECT_EQ(gathering.WaitUs(0, {.active_clients = 100, .served = 1, .requests = 1}), 0);
}

}  // namespace
}  // namespace larder
