#include "protocol/crc64.h"

#include <gtest/gtest.h>

#include <string>

namespace larder {
namespace {

TEST(Crc64, AnswersTheCatalogueForItsCheckString) {
  EXPECT_EQ(Crc64(0, "123456789"), 0xe9c6d914c4b8d9caULL);
}

TEST(Crc64, IsTheSameInPiecesOfAnySize) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += static_cast<char>(i * 37);
  const uint64_t whole = Crc64(0, text);
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(Crc64(Crc64(0, text.substr(0, cut)), text.substr(cut)), whole) << cut;
  }
}

}  // namespace
}  // namespace larder
