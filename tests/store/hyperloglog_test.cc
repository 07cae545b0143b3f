#include "server/store/hyperloglog.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace larder::hyperloglog {
namespace {

constexpr size_t kMostSparse = 3000;

TEST(HyperLogLog, BytesAreThoseOfRedis) {
  std::string bytes = New();
  EXPECT_EQ(bytes, std::string("HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", 18));
  for (const char* element : {"foo", "bar", "zap"}) {
    EXPECT_EQ(Add(&bytes, element, kMostSparse), Change::kRegister);
  }
  InvalidateCache(bytes.data());
  EXPECT_EQ(bytes, std::string("HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\\\xb3\x90"
                               "B\a\x84HX\x80X\xe7",
                               27));
  EXPECT_EQ(Add(&bytes, "bar", kMostSparse), Change::kNone);
  EXPECT_EQ(Estimate(*Decode(bytes)), 3u);
}

TEST(HyperLogLog, BothEncodingsHoldTheSameRegisters) {
  std::string sparse = New(), dense = New();
  ASSERT_TRUE(MakeDense(&dense));
  Registers all{};
  for (int i = 0; i < 3000; ++i) {
    const std::string element = std::to_string(i);
    const Change change = Add(&sparse, element, 20'000);
    EXPECT_EQ(AddDense(dense.data(), element), change);
    std::string alone = New();
    Add(&alone, element, kMostSparse);
    Merge(&all, *Decode(alone));
  }
  EXPECT_EQ(EncodingOf(sparse), Encoding::kSparse);
  EXPECT_EQ(Decode(sparse), Decode(dense));
  EXPECT_EQ(*Decode(sparse), all);
  ASSERT_TRUE(MakeDense(&sparse));
  EXPECT_EQ(sparse, dense);
}

TEST(HyperLogLog, RaisesRegistersAndOnlyThose) {
  std::mt19937 random(1);
  std::string bytes = New();
  Registers registers{};
  for (int round = 0; round < 50; ++round) {
    Registers more{};
    for (int i = 0; i < 100; ++i) {
      more[random() % kRegisters] = static_cast<uint8_t>(random() % 34);
    }
    Raise(&bytes, more, kMostSparse);
    Merge(&registers, more);
    ASSERT_EQ(Decode(bytes), registers);
  }
}

TEST(HyperLogLog, BecomesDenseWhenSparseIsTooLongOrTheValueTooLarge) {
  std::string bytes = New();
  for (int i = 0; EncodingOf(bytes) == Encoding::kSparse; ++i) {
    ASSERT_LE(bytes.size(), 100u);
    Add(&bytes, std::to_string(i), 100);
  }
  EXPECT_EQ(bytes.size(), kDenseBytes);
  std::string other = New();
  Registers high{};
  high[16383] = 33;
  Raise(&other, high, kMostSparse);
  EXPECT_EQ(EncodingOf(other), Encoding::kDense);
  EXPECT_EQ(*Decode(other), high);
}

TEST(HyperLogLog, SaysWhatIsCorrupt) {
  EXPECT_FALSE(IsValid("HYLL"));
  std::string header = "HYLL";
  header.resize(kHeaderBytes);
  EXPECT_FALSE(IsValid(header)) << "dense, but short";
  header[4] = 2;
  EXPECT_FALSE(IsValid(header));
  std::string short_runs = New();
  short_runs.back() = '\0';
  ASSERT_TRUE(IsValid(short_runs));
  EXPECT_FALSE(Decode(short_runs).has_value());
  EXPECT_FALSE(MakeDense(&short_runs));
  std::string long_runs = New();
  long_runs.push_back('\x80');
  EXPECT_FALSE(Decode(long_runs).has_value()) << "more registers than there are";
  std::string cut = New();
  cut.pop_back();
  EXPECT_FALSE(Decode(cut).has_value());
  EXPECT_EQ(Add(&cut, "a", kMostSparse), Change::kCorrupt);
}

TEST(HyperLogLog, KeepsAnEstimateUntilItIsOutdated) {
  std::string bytes = New();
  EXPECT_EQ(CachedEstimate(bytes), 0u);
  const auto cache = CacheBytes(1234567);
  bytes.replace(kCacheOffset, cache.size(), cache.data(), cache.size());
  EXPECT_EQ(CachedEstimate(bytes), 1234567u);
  InvalidateCache(bytes.data());
  EXPECT_FALSE(CachedEstimate(bytes).has_value());
}

TEST(HyperLogLog, PassesItsOwnTest) { EXPECT_EQ(SelfTest(kMostSparse), ""); }

}  // namespace
}  // namespace larder::hyperloglog
