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

// Bit by bit, as the catalogue defines it.
uint64_t Slow(const std::string& text) {
  uint64_t crc = 0;
  for (char c : text) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) ? 0x95ac9329ac4bc9b5 : 0);
  }
  return crc;
}

TEST(Crc64, IsThatOfTheDefinitionAtAnyLength) {
  std::string text;
  for (int i = 0; i < 400; ++i) {
    EXPECT_EQ(Crc64(0, text), Slow(text)) << text.size();
    text += static_cast<char>(i * 131 ^ i >> 3);
  }
}

}  // namespace
}  // namespace larder
