#include "server/base/strings.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(Strings, CompareAndFoldAsciiOnly) {
  EXPECT_TRUE(EqualsIgnoreCase("MaxMemory", "maxmemory"));
  EXPECT_FALSE(EqualsIgnoreCase("max", "maxmemory"));
  EXPECT_FALSE(EqualsIgnoreCase("a@", "a`")) << "a bit apart, but no letters";
  EXPECT_EQ(ToLower(std::string_view("A\xc4z")), "a\xc4z");
}

TEST(StrCat, JoinsTextsCharactersAndNumbers) {
  EXPECT_EQ(StrCat("port ", 6379, ',', std::string("x"), std::string_view("y"), uint64_t{1} << 63),
            "port 6379,xy9223372036854775808");
}

}  // namespace
}  // namespace larder
