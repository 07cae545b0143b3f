// What a command finds that was let through and then waited for the closed gate, while whoever was
// there first changed what it had been let through for.
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/commands/commands.h"
#include "server/engine/engine.h"
#include "server/script/scripting.h"

namespace larder {
namespace {

class NoLoop : public Mailbox {
 protected:
  void Wake() override {}
};

class BehindGate : public testing::Test {
 protected:
  using Words = std::initializer_list<std::string_view>;
  using Outcome = Engine::Outcome;
  static constexpr Pause::Scope kWrites = Pause::Scope::kWrites;

  BehindGate() { engine_.scripts = &scripting_; }

  Outcome Call(Words words) {
    return engine_.Execute(worker_, client_, Args(words.begin(), words.size()));
  }

  std::string Answer() {
    std::string text = client_.out.Flatten();
    client_.out.Clear();
    return text;
  }

  // Runs what needs the gate closed while another thread stands before it there, which waits until
  // the command has been let through, and then does `change`.
  template <typename Change>
  Outcome CallBehind(Change change, Words words) {
    worker_.now_ms = WallMs();
    EXPECT_TRUE(engine_.gate.Enter(worker_.gate_slot));
    std::thread first([&] {
      engine_.gate.Close();  // waits for the passage that is begun
      change();
      engine_.gate.Open();
    });
    while (!engine_.gate.closed()) std::this_thread::yield();
    const Outcome outcome = Call(words);
    first.join();
    engine_.gate.Leave(worker_.gate_slot);
    return outcome;
  }

  void Queue(Words words) {
    worker_.now_ms = WallMs();
    Call({"MULTI"});
    Call(words);
    Answer();
  }

  Config config_;
  std::vector<std::span<const Command>> rows_ = AllCommands();
  Engine engine_{config_, rows_};
  Scripting scripting_;
  Worker worker_{engine_.gate, engine_.stats.AddWorker()};
  NoLoop loop_;
  Client client_{1, &loop_};
};

TEST_F(BehindGate, RunsWhereNothingHasChanged) {
  EXPECT_EQ(CallBehind([] {}, {"FLUSHALL"}), Outcome::kDone);
  EXPECT_EQ(Answer(), "+OK\r\n");
}

TEST_F(BehindGate, NoWriteRunsOnWhatHasBecomeAReplica) {
  EXPECT_EQ(CallBehind([this] { engine_.replica = true; }, {"FLUSHALL"}), Outcome::kDone);
  EXPECT_EQ(Answer(), "-READONLY You can't write against a read only replica.\r\n");
}

TEST_F(BehindGate, NorDoesATransaction) {
  Queue({"FLUSHALL"});
  EXPECT_EQ(CallBehind([this] { engine_.replica = true; }, {"EXEC"}), Outcome::kDone);
  EXPECT_EQ(Answer(),
            "-EXECABORT Transaction discarded because of: READONLY You can't write against a read "
            "only replica.\r\n");
  EXPECT_FALSE(client_.transaction.active);
}

TEST_F(BehindGate, WhoIsPausedMeanwhileIsOfferedAgain) {
  auto pause = [this] { engine_.pause.Begin(worker_.now_ms + 60'000, kWrites, worker_.now_ms); };
  EXPECT_EQ(CallBehind(pause, {"FLUSHALL"}), Outcome::kPaused);
  EXPECT_EQ(Answer(), "");
  engine_.pause.End();
  EXPECT_EQ(CallBehind([] {}, {"FLUSHALL"}), Outcome::kDone);
  EXPECT_EQ(Answer(), "+OK\r\n");
}

TEST_F(BehindGate, WhoIsRefusedAfterAPauseIsBlockedNoMore) {
  worker_.now_ms = WallMs();
  engine_.pause.Begin(worker_.now_ms + 60'000, kWrites, worker_.now_ms);
  EXPECT_EQ(Call({"FLUSHALL"}), Outcome::kPaused);
  EXPECT_EQ(engine_.parked_clients, 1);
  engine_.replica = true;
  EXPECT_EQ(Call({"FLUSHALL"}), Outcome::kDone);
  EXPECT_EQ(engine_.parked_clients, 0);
}

}  // namespace
}  // namespace larder
