#include "server/persistence/import.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(ImportAddress, HasAHostAndPerhapsTheRest) {
  std::optional<ImportAddress> address = ParseImportAddress("redis://shop");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->host, "shop");
  EXPECT_EQ(address->port, 6379);
  EXPECT_EQ(address->db, -1);
  EXPECT_TRUE(address->user.empty() && address->password.empty());

  address = ParseImportAddress("redis://web:p%40ss:w@10.0.0.1:7000/2");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->user, "web");
  EXPECT_EQ(address->password, "p@ss:w");
  EXPECT_EQ(address->host, "10.0.0.1");
  EXPECT_EQ(address->port, 7000);
  EXPECT_EQ(address->db, 2);

  address = ParseImportAddress("redis://secret@[::1]/");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->password, "secret");
  EXPECT_EQ(address->host, "::1");
}

TEST(ImportAddress, IsRefusedWhereItMakesNoSense) {
  for (const char* text :
       {"", "shop", "http://shop", "redis://", "redis://:6379", "redis://h:0", "redis://h:65536",
        "redis://h:x", "redis://h/x", "redis://h/-1", "redis://%4@h", "redis://%xy@h"}) {
    EXPECT_FALSE(ParseImportAddress(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace larder
