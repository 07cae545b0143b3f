#include "server/base/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "server/base/random.h"

namespace larder {
namespace {

TEST(ParseInt64, TakesExactlyWhatPrintsBackTheSame) {
  int64_t value = 7;
  for (int64_t expected : {int64_t{0}, int64_t{-1}, int64_t{10}, INT64_MAX, INT64_MIN}) {
    ASSERT_TRUE(ParseInt64(std::to_string(expected), &value));
    EXPECT_EQ(value, expected);
  }
  value = 7;
  for (const char* bad : {"", "-", "+1", " 1", "1 ", "01", "-0", "-01", "00", "1a", "0x1", "1.0",
                          "9223372036854775808", "-9223372036854775809", "--1"}) {
    EXPECT_FALSE(ParseInt64(bad, &value)) << bad;
  }
  EXPECT_EQ(value, 7);
}

TEST(ParseUint64, ReachesTwoToThe64) {
  uint64_t value = 0;
  EXPECT_TRUE(ParseUint64("18446744073709551615", &value));
  EXPECT_EQ(value, UINT64_MAX);
  EXPECT_FALSE(ParseUint64("18446744073709551616", &value));
  EXPECT_FALSE(ParseUint64("-1", &value));
}

TEST(ParseDouble, FollowsStrtodWithoutSpacesAndNan) {
  double value = 0;
  EXPECT_TRUE(ParseDouble("3.5e2", &value));
  EXPECT_EQ(value, 350);
  EXPECT_TRUE(ParseDouble("+5", &value));
  EXPECT_TRUE(ParseDouble("0x1p4", &value));
  EXPECT_EQ(value, 16);
  EXPECT_TRUE(ParseDouble("-INF", &value));
  EXPECT_TRUE(std::isinf(value) && value < 0);
  EXPECT_TRUE(ParseDouble("infinity", &value));
  EXPECT_TRUE(ParseDouble("1e-310", &value));
  for (const char* bad : {"", "nan", "-nan", " 1", "1 ", "1e400", "1e-400", "abc", "1x", "\t1"}) {
    EXPECT_FALSE(ParseDouble(bad, &value)) << bad;
  }
  EXPECT_FALSE(ParseDouble(std::string_view("1\0", 2), &value));
  EXPECT_FALSE(ParseDouble(std::string_view("\0", 1), &value));
}

TEST(ParseLongDouble, KeepsMoreDigitsThanDouble) {
  long double value = 0;
  ASSERT_TRUE(ParseLongDouble("17179869184.5", &value));
  EXPECT_EQ(FormatLongDoubleHuman(value), "17179869184.5");
  EXPECT_FALSE(ParseLongDouble("nan", &value));
  EXPECT_FALSE(ParseLongDouble(std::string(6000, '1'), &value));
}

TEST(ParseMemory, KnowsTheUnitsOfRedisConf) {
  uint64_t bytes = 0;
  struct {
    const char* text;
    uint64_t bytes;
  } cases[] = {{"0", 0},
               {"12b", 12},
               {"1k", 1000},
               {"1Kb", 1024},
               {"700mb", 700ull << 20},
               {"2m", 2000000},
               {"1GB", 1ull << 30},
               {"1g", 1000000000}};
  for (const auto& c : cases) {
    ASSERT_TRUE(ParseMemory(c.text, &bytes)) << c.text;
    EXPECT_EQ(bytes, c.bytes);
  }
  for (const char* bad : {"", "gb", "-1", "1tb", "1 gb", "99999999999999999999", "99999999999gb"}) {
    EXPECT_FALSE(ParseMemory(bad, &bytes)) << bad;
  }
}

TEST(FormatPackedScore, PrintsWholeNumbersAsIntegers) {
  const auto format = [](double value) {
    char buffer[kMaxDoubleLength];
    return std::string(buffer, FormatPackedScore(buffer, value));
  };
  EXPECT_EQ(format(-0.0), "0");
  EXPECT_EQ(format(0.1), "0.10000000000000001");
  EXPECT_EQ(format(1e17), "100000000000000000");
  EXPECT_EQ(format(-0x1p62), "-4611686018427387904");
  EXPECT_EQ(format(0x1p62), "4611686018427387904");
  EXPECT_EQ(format(0x1.0000000000001p62), "4.6116860184273889e+18");
  EXPECT_EQ(format(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(format(std::nan("")), "nan");
}

TEST(FormatDouble, PrintsAsPercent17g) {
  EXPECT_EQ(FormatDouble(0.1), "0.10000000000000001");
  EXPECT_EQ(FormatDouble(-0.0), "-0");
  EXPECT_EQ(FormatDouble(1e17), "1e+17");
  EXPECT_EQ(FormatDouble(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(FormatDouble(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(FormatDouble(std::nan("")), "nan");
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    uint64_t bits = random.Next();
    double value = i % 2 ? std::ldexp(static_cast<double>(bits), -static_cast<int>(bits % 70)) : 0;
    if (i % 2 == 0) std::memcpy(&value, &bits, sizeof(value));
    if (std::isnan(value)) continue;
    char expected[64];
    std::snprintf(expected, sizeof(expected), "%.17g", value);
    ASSERT_EQ(FormatDouble(value), expected);
  }
}

TEST(FormatLongDoubleHuman, TrimsZerosAndNegativeZero) {
  EXPECT_EQ(FormatLongDoubleHuman(3.0L), "3");
  EXPECT_EQ(FormatLongDoubleHuman(100.0L), "100");
  EXPECT_EQ(FormatLongDoubleHuman(10.5L), "10.5");
  EXPECT_EQ(FormatLongDoubleHuman(-0.0L), "0");
  EXPECT_EQ(FormatLongDoubleHuman(5.0e3L), "5000");
}

TEST(FormatInt, WritesTheLongest) {
  char buffer[kMaxIntLength];
  EXPECT_EQ(std::string(buffer, FormatInt(buffer, INT64_MIN)), "-9223372036854775808");
}

}  // namespace
}  // namespace larder
