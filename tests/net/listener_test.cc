#include "server/net/listener.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace larder {
namespace {

class ListenerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::vector<Config::PairView> pairs = {{"port", "0"}, {"bind", "127.0.0.1"}};
    ASSERT_EQ(config_.Set(pairs, true), std::nullopt);
    ASSERT_TRUE(listener_.Open(true, &error_)) << error_;
    ASSERT_GT(listener_.port(), 0);
  }

  Config config_;
  Listener listener_{config_};
  std::string error_;
};

TEST_F(ListenerTest, HasNoPortWhereNotAllAddressesCouldBeBound) {
  EXPECT_FALSE(listener_.Rebind(listener_.port(), "127.0.0.1 192.0.2.1", &error_));
  EXPECT_EQ(listener_.port(), 0);
}

TEST_F(ListenerTest, HasNoPortOnceItIsClosed) {
  listener_.Close();
  EXPECT_EQ(listener_.port(), 0);
}

// CONFIG SET port of a client who is still served while the server stops.
TEST_F(ListenerTest, StaysClosedWhateverIsToBeBound) {
  const int port = listener_.port();
  listener_.Close();
  EXPECT_TRUE(listener_.Rebind(port, "127.0.0.1", &error_));
  EXPECT_EQ(listener_.port(), 0);
}

}  // namespace
}  // namespace larder
