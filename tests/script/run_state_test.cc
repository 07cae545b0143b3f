#include "server/script/run_state.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

using Kill = RunState::Kill;

TEST(RunState, IsKilledOnce) {
  RunState state;
  state.Begin(ScriptKind::kScript, 1);
  EXPECT_EQ(state.TryKill(ScriptKind::kFunction), Kill::kOtherKind);
  EXPECT_EQ(state.TryKill(ScriptKind::kScript), Kill::kDone);
  EXPECT_EQ(state.TryKill(ScriptKind::kScript), Kill::kIdle);
  EXPECT_EQ(state.TryKill(ScriptKind::kFunction), Kill::kIdle);
  EXPECT_FALSE(state.BeginWriting());
  EXPECT_EQ(state.phase(), RunState::Phase::kKilled);
  state.End();
  EXPECT_EQ(state.TryKill(ScriptKind::kScript), Kill::kIdle);
}

TEST(RunState, IsNotKilledOnceItHasWritten) {
  RunState state;
  state.Begin(ScriptKind::kFunction, 1);
  EXPECT_TRUE(state.BeginWriting());
  EXPECT_EQ(state.TryKill(ScriptKind::kFunction), Kill::kWrote);
  state.Abort();
  EXPECT_EQ(state.phase(), RunState::Phase::kKilled);
}

}  // namespace
}  // namespace larder
