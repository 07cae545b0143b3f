#include "protocol/rdb_skip.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/rdb_format.h"
#include "protocol/rdb_writer.h"

namespace larder {
namespace {

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (; times > 0; --times) all += text;
  return all;
}

const std::string kText(
    "\x03"
    "abc",
    4),
    kNumber("\xc1\x10\x27", 3);
const std::string kScore(8, 's'), kTime(8, 't'), kId(16, 'i');

// A string that is worth compressing.
std::string Packed() {
  StringSink sink;
  RdbWriter writer(sink, {.checksum = false});
  writer.String(std::string(1000, 'x'));
  writer.Flush();
  return sink.text;
}

// One node, one group with two pending entries and a consumer that has them.
std::string StreamOf(rdb::Type type) {
  const int counters = type == rdb::kStream ? 3 : 8, group = type == rdb::kStream ? 2 : 3;
  const int times = type == rdb::kStream3 ? 2 : 1;
  const std::string pending = Repeat(kId + kTime + "\x01", 2);
  const std::string consumer = kText + Repeat(kTime, times) + "\x02" + Repeat(kId, 2);
  return "\x01" + kText + kText + Repeat("\x05", counters) + "\x01" + kText +
         Repeat("\x07", group) + "\x02" + pending + "\x01" + consumer;
}

// Exactly `value` is read over, and no beginning of it passes for all of it.
void ExpectSkips(uint8_t type, const std::string& value) {
  const std::string with_more = value + "more";
  RdbReader reader(with_more);
  EXPECT_TRUE(SkipRdbValue(reader, type)) << int{type} << ": " << reader.error();
  EXPECT_EQ(reader.position(), value.size()) << int{type};
  for (size_t size = 0; size < value.size(); ++size) {
    const std::string part = value.substr(0, size);
    RdbReader short_reader(part);
    EXPECT_FALSE(SkipRdbValue(short_reader, type)) << int{type} << " of " << size;
  }
}

TEST(RdbSkip, ReadsOverValuesOfEveryType) {
  for (uint8_t type :
       {rdb::kString, rdb::kHashZipmap, rdb::kListZiplist, rdb::kSetIntset, rdb::kZSetZiplist,
        rdb::kHashZiplist, rdb::kHashListpack, rdb::kZSetListpack, rdb::kSetListpack}) {
    for (const std::string& text : {kText, kNumber, Packed()}) ExpectSkips(type, text);
  }
  for (uint8_t type : {rdb::kList, rdb::kSet, rdb::kListQuicklist}) {
    ExpectSkips(type, "\x03" + kText + kNumber + Packed());
  }
  ExpectSkips(rdb::kHash, "\x02" + kText + kNumber + Packed() + kText);
  ExpectSkips(rdb::kZSet, "\x02" + kText + kScore + kNumber + kScore);
  ExpectSkips(rdb::kZSetText, "\x03" + kText +
                                  "\x03"
                                  "1.5" +
                                  kText + "\xfe" + kText + "\xff");
  ExpectSkips(rdb::kListQuicklist2, "\x02\x01" + kText + "\x02" + Packed());
  for (rdb::Type type : {rdb::kStream, rdb::kStream2, rdb::kStream3}) {
    ExpectSkips(type, StreamOf(type));
  }
}

TEST(RdbSkip, NamesWhatItCanNotReadOver) {
  RdbReader module(kText);
  EXPECT_FALSE(SkipRdbValue(module, rdb::kModule));
  EXPECT_EQ(module.error(), "a value of a module, which larder does not have");
  RdbReader unknown(kText);
  EXPECT_FALSE(SkipRdbValue(unknown, 100));
  EXPECT_EQ(unknown.error(), "unknown type of value");
}

TEST(RdbSkip, ACopyIsOfWhatWasReadOver) {
  const std::string input = kNumber + kText + Packed() + kText;
  RdbReader reader(input);
  std::string copy;
  ASSERT_TRUE(reader.SkipString());
  reader.CopyTo(&copy);
  ASSERT_TRUE(reader.SkipString() && reader.SkipString());
  reader.CopyTo(nullptr);
  ASSERT_TRUE(reader.SkipString());
  EXPECT_EQ(copy, kText + Packed());
}

}  // namespace
}  // namespace larder
