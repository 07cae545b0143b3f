#include "server/engine/mailbox.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace larder {
namespace {

class CountingMailbox : public Mailbox {
 public:
  std::atomic<int> wakes{0};

 private:
  void Wake() override { ++wakes; }
};

TEST(Mailbox, HandsLettersOutInTheOrderOfPosting) {
  CountingMailbox mailbox;
  EXPECT_TRUE(mailbox.empty());
  for (uint64_t id = 1; id <= 3; ++id) mailbox.Post(ReplyLetter(id));
  EXPECT_FALSE(mailbox.empty());
  uint64_t expected = 1;
  for (Letter* letter = mailbox.TakeAll(); letter != nullptr;) {
    EXPECT_EQ(letter->client_id, expected++);
    delete std::exchange(letter, letter->next);
  }
  EXPECT_EQ(expected, 4u);
  EXPECT_TRUE(mailbox.empty());
  EXPECT_GE(mailbox.wakes.load(), 1);
}

TEST(Mailbox, IsFullUntilItsLettersAreDelivered) {
  CountingMailbox mailbox;
  auto large = ReplyLetter(1);
  large->out.bytes().Append(std::string(Mailbox::kFullBytes, 'x'));
  mailbox.Post(ReplyLetter(1));
  EXPECT_FALSE(mailbox.full());
  mailbox.Post(std::move(large));
  EXPECT_TRUE(mailbox.full());
  Letter* letters = mailbox.TakeAll();
  EXPECT_TRUE(mailbox.full()) << "taken is not delivered";
  for (Letter* letter = letters; letter != nullptr;) {
    mailbox.Delivered(*letter);
    delete std::exchange(letter, letter->next);
  }
  EXPECT_EQ(mailbox.waiting_bytes(), 0u);
}

TEST(Mailbox, FreesWhatNobodyTook) {
  CountingMailbox mailbox;
  mailbox.Post(ReplyLetter(1));
}

TEST(Mailbox, LosesNothingFromManyThreads) {
  CountingMailbox mailbox;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (uint64_t i = 0; i < 1000; ++i) mailbox.Post(ReplyLetter(i));
    });
  }
  int taken = 0;
  auto take = [&] {
    for (Letter* letter = mailbox.TakeAll(); letter != nullptr; ++taken) {
      delete std::exchange(letter, letter->next);
    }
  };
  while (taken < 2000) take();
  for (std::thread& thread : threads) thread.join();
  take();
  EXPECT_EQ(taken, 4000);
}

}  // namespace
}  // namespace larder
