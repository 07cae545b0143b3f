// RdbWriter and RdbReader: each reads the other, in any pieces, and damage is told.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "protocol/crc64.h"
#include "protocol/rdb_format.h"
#include "protocol/rdb_reader.h"
#include "protocol/rdb_writer.h"

namespace larder {
namespace {

// Gives out its text in pieces of a few bytes.
class PiecewiseSource : public RdbSource {
 public:
  PiecewiseSource(std::string text, size_t piece) : text_(std::move(text)), piece_(piece) {}
  size_t Read(char* to, size_t most) override {
    return text_.copy(to, std::min(most, piece_),
                      std::exchange(at_, std::min(text_.size(), at_ + std::min(most, piece_))));
  }

 private:
  const std::string text_;
  const size_t piece_;
  size_t at_ = 0;
};

std::string Written(void (*write)(RdbWriter&), RdbWriter::Options options = {}) {
  StringSink sink;
  RdbWriter writer(sink, options);
  write(writer);
  EXPECT_TRUE(writer.Flush());
  EXPECT_EQ(writer.position(), sink.text.size());
  return sink.text;
}

TEST(Rdb, LengthsTakeTheFewestBytes) {
  const struct {
    uint64_t length;
    size_t bytes;
  } cases[] = {{0, 1},
               {63, 1},
               {64, 2},
               {16383, 2},
               {16384, 5},
               {UINT32_MAX, 5},
               {uint64_t{UINT32_MAX} + 1, 9},
               {UINT64_MAX, 9}};
  for (const auto& each : cases) {
    StringSink sink;
    RdbWriter writer(sink, {});
    writer.Length(each.length);
    writer.Flush();
    EXPECT_EQ(sink.text.size(), each.bytes) << each.length;
    RdbReader reader(sink.text);
    uint64_t length;
    EXPECT_TRUE(reader.Length(&length));
    EXPECT_EQ(length, each.length);
    EXPECT_TRUE(reader.at_end());
  }
}

TEST(Rdb, StringsComeBackInPiecesOfAnySize) {
  const std::string texts[] = {"",
                               "a",
                               "0",
                               "-128",
                               "128",
                               "-32768",
                               "2147483647",
                               "00012",
                               "2147483648",
                               "-2147483648",
                               "3.5",
                               std::string(300, 'x'),
                               std::string(200000, 'y')};
  for (bool compress : {false, true}) {
    StringSink sink;
    RdbWriter writer(sink, {.compress = compress});
    for (const std::string& text : texts) writer.String(text);
    writer.Double(0.1);
    writer.Little(0xfedc, 2);
    writer.Checksum();
    writer.Flush();
    EXPECT_EQ(sink.text.size() > 200000, !compress);
    for (size_t piece : {size_t{1}, size_t{7}, size_t{1000000}}) {
      PiecewiseSource source(sink.text, piece);
      RdbReader reader(source);
      reader.EnableChecksum();
      std::string text;
      for (const std::string& expected : texts) {
        ASSERT_TRUE(reader.String(&text)) << reader.error();
        EXPECT_EQ(text, expected);
      }
      double number;
      uint16_t small;
      uint64_t checksum;
      ASSERT_TRUE(reader.Double(&number) && reader.Little(&small));
      EXPECT_EQ(number, 0.1);
      EXPECT_EQ(small, 0xfedc);
      const uint64_t computed = reader.checksum();
      ASSERT_TRUE(reader.Little(&checksum));
      EXPECT_EQ(checksum, computed);
      EXPECT_EQ(computed, Crc64(0, sink.text.substr(0, sink.text.size() - 8)));
      EXPECT_EQ(reader.position(), sink.text.size());
    }
  }
}

TEST(Rdb, WithoutChecksumsAZeroIsWritten) {
  EXPECT_EQ(Written([](RdbWriter& writer) { writer.Checksum(); }, {.checksum = false}),
            std::string(8, '\0'));
}

TEST(Rdb, AShortInputIsTold) {
  const std::string whole =
      Written([](RdbWriter& writer) { writer.String(std::string(100, 'z')); });
  for (size_t size = 0; size < whole.size(); ++size) {
    RdbReader reader(std::string_view(whole).substr(0, size));
    std::string text;
    EXPECT_FALSE(reader.String(&text));
    EXPECT_FALSE(reader.error().empty());
    uint8_t byte;
    EXPECT_FALSE(reader.Byte(&byte)) << "everything fails after a failure";
  }
}

TEST(Rdb, AHugeLengthAllocatesNothing) {
  for (const char* claim : {"\x81\x7f\xff\xff\xff\xff\xff\xff\xff", "\x80\xff\xff\xff\xff"}) {
    const std::string input = std::string(claim) + "abc";
    PiecewiseSource source(input, 100);
    RdbReader from_source(source), from_memory{std::string_view(input)};
    std::string text;
    EXPECT_FALSE(from_source.String(&text));
    EXPECT_LE(text.capacity(), size_t{2} << 20);
    std::string other;
    EXPECT_FALSE(from_memory.String(&other));
    EXPECT_LE(other.capacity(), 100u);
  }
}

TEST(Rdb, RefusesUnknownEncodings) {
  for (const char* input : {"\xc4", "\xff", "\x82", "\xc3\1\1\xff"}) {
    RdbReader reader{std::string_view(input)};
    std::string text;
    EXPECT_FALSE(reader.String(&text));
  }
  RdbReader reader{std::string_view("\xc0\1")};
  uint64_t length;
  EXPECT_FALSE(reader.Length(&length));
}

class FullSink : public RdbSink {
 public:
  bool Write(std::string_view) override { return ++writes, false; }
  int writes = 0;
};

TEST(Rdb, AWriterGivesUpAtTheFirstFailure) {
  FullSink sink;
  RdbWriter writer(sink, {});
  const std::string large(100000, 'q');
  for (int i = 0; i < 10; ++i) writer.Bytes(large);
  EXPECT_FALSE(writer.Flush());
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(sink.writes, 1);
}

TEST(Rdb, AStringCanBeSkippedForItsSize) {
  StringSink sink;
  RdbWriter writer(sink, {});
  const std::vector<std::string> texts = {"",
                                          "text",
                                          "-1",
                                          "-129",
                                          "70000",
                                          "007",
                                          "2147483648",
                                          "-2147483648",
                                          "127",
                                          std::string(100, 'x'),
                                          std::string(20000, 'y')};
  for (const std::string& text : texts) writer.String(text);
  ASSERT_TRUE(writer.Flush());
  RdbReader reader{std::string_view(sink.text)};
  for (const std::string& text : texts) {
    uint64_t size;
    ASSERT_TRUE(reader.SkipString(&size));
    EXPECT_EQ(size, text.size());
  }
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(reader.rest(), "");
}

}  // namespace
}  // namespace larder
