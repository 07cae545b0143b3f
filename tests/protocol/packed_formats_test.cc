// Listpacks, ziplists, zipmaps and intsets: what is written is read, and damage is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocol/intset.h"
#include "protocol/listpack.h"
#include "protocol/packed_element.h"
#include "protocol/ziplist.h"
#include "protocol/zipmap.h"

namespace larder {
namespace {

using namespace std::string_literals;  // NOLINT: zero bytes in texts
using testing::ElementsAre;
using Texts = std::vector<std::string>;

// The elements, and whether everything was sound.
template <typename Reader>
bool ReadAll(std::string_view bytes, Texts* texts) {
  Reader reader(bytes);
  std::string_view element;
  while (reader.Next(&element)) texts->emplace_back(element);
  return reader.finished();
}

// Every prefix and every changed byte either reads or is refused; here it must not read outside,
// which the sanitizers watch.
template <typename Reader>
void TryDamage(std::string bytes) {
  for (size_t size = 0; size < bytes.size(); ++size) {
    Texts texts;
    EXPECT_FALSE(ReadAll<Reader>(std::string(bytes, 0, size), &texts)) << size;
  }
  for (char& byte : bytes) {
    const char before = byte;
    for (int value = 0; value < 256; ++value) {
      byte = static_cast<char>(value);
      Texts texts;
      ReadAll<Reader>(std::string(bytes), &texts);
    }
    byte = before;
  }
}

TEST(Listpack, KeepsStringsAndIntegersOfEverySize) {
  const Texts elements = {"",
                          "0",
                          "127",
                          "128",
                          "-1",
                          "-4096",
                          "4095",
                          "4096",
                          "-4097",
                          "32767",
                          "-32768",
                          "8388607",
                          "-8388608",
                          "8388608",
                          "2147483647",
                          "-2147483648",
                          "2147483648",
                          "9223372036854775807",
                          "-9223372036854775808",
                          "9223372036854775808",
                          "007",
                          "-0",
                          "1.5",
                          std::string(63, 'a'),
                          std::string(64, 'b'),
                          std::string(4095, 'c'),
                          std::string(4096, 'd'),
                          std::string(20000, 'e')};
  ListpackWriter writer;
  for (const std::string& element : elements) {
    const size_t before = writer.size_bytes();
    writer.Append(element);
    EXPECT_EQ(writer.size_bytes() - before, ListpackElementBytes(element)) << element.substr(0, 20);
  }
  EXPECT_EQ(writer.count(), elements.size());
  const size_t size = writer.size_bytes();
  const std::string listpack(writer.Finish());
  EXPECT_EQ(listpack.size(), size);
  Texts read;
  EXPECT_TRUE(ReadAll<ListpackReader>(listpack, &read));
  EXPECT_EQ(read, elements);
}

TEST(Listpack, IsWrittenAsItsSpecificationSays) {
  ListpackWriter writer;
  EXPECT_EQ(writer.size_bytes(), kEmptyListpackBytes);
  writer.Append("a");
  writer.Append("5");
  writer.Append("1000");
  EXPECT_EQ(writer.Finish(),
            "\x0f\0\0\0\3\0\x81"
            "a\2\5\1\xc3\xe8\2\xff"s);
}

TEST(Listpack, TellsDamage) {
  ListpackWriter writer;
  for (const char* element : {"one", "2", "300", "-40000", "12345678901234"})
    writer.Append(element);
  writer.Append(std::string(100, 'x'));
  TryDamage<ListpackReader>(std::string(writer.Finish()));
  Texts texts;
  const std::string wrong_count("\x09\0\0\0\2\0\5\1\xff", 9);
  EXPECT_FALSE(ReadAll<ListpackReader>(wrong_count, &texts));
  const std::string unknown_count("\x09\0\0\0\xff\xff\5\1\xff", 9);
  EXPECT_TRUE(ReadAll<ListpackReader>(unknown_count, &texts));
}

// | bytes | offset of the last | count | prevlen, encoding, data ... | end
std::string Ziplist() {
  std::string entries("\0\3abc", 5);            // a short string
  entries += std::string("\5\xfe\xff", 3);      // int8 -1
  entries += std::string("\3\xc0\x39\x30", 4);  // int16 12345
  entries += std::string("\4\xf5", 2);          // immediate 4
  entries += std::string("\2\x40\x04wxyz", 7);  // a string with 14 bits of size
  std::string ziplist = std::string(1, static_cast<char>(10 + entries.size() + 1)) + "\0\0\0"s;
  ziplist += std::string(1, static_cast<char>(10 + entries.size() - 7)) + "\0\0\0\5\0"s + entries;
  return ziplist + "\xff";
}

TEST(Ziplist, IsRead) {
  Texts texts;
  EXPECT_TRUE(ReadAll<ZiplistReader>(Ziplist(), &texts));
  EXPECT_THAT(texts, ElementsAre("abc", "-1", "12345", "4", "wxyz"));
}

TEST(Ziplist, TellsDamage) { TryDamage<ZiplistReader>(Ziplist()); }

TEST(Zipmap, IsReadAndTellsDamage) {
  const std::string zipmap("\2\3foo\3\0bar\1k\1\2vxx\xff", 18);
  ZipmapReader reader(zipmap);
  std::string_view field, value;
  ASSERT_TRUE(reader.Next(&field, &value));
  EXPECT_EQ(field, "foo");
  EXPECT_EQ(value, "bar");
  ASSERT_TRUE(reader.Next(&field, &value));
  EXPECT_EQ(field, "k");
  EXPECT_EQ(value, "v");
  EXPECT_FALSE(reader.Next(&field, &value));
  EXPECT_TRUE(reader.finished());
  for (size_t size = 0; size < zipmap.size(); ++size) {
    ZipmapReader cut(std::string_view(zipmap).substr(0, size));
    while (cut.Next(&field, &value)) {
    }
    EXPECT_FALSE(cut.finished()) << size;
  }
}

TEST(Intset, GivesBackNumbersOfEveryWidth) {
  for (const std::vector<int64_t>& numbers :
       {std::vector<int64_t>{}, {-5, 0, 7}, {-40000, 1, 2}, {1, int64_t{1} << 40}}) {
    std::vector<int64_t> read;
    EXPECT_TRUE(ReadIntset(WriteIntset(numbers), [&](int64_t number) { read.push_back(number); }));
    EXPECT_EQ(read, numbers);
  }
}

TEST(Intset, RefusesWhatIsNotSortedOrNotWhole) {
  auto read = [](std::string_view bytes) { return ReadIntset(bytes, [](int64_t) {}); };
  EXPECT_TRUE(read(std::string_view("\2\0\0\0\2\0\0\0\1\0\2\0", 12)));
  EXPECT_FALSE(read(std::string_view("\2\0\0\0\2\0\0\0\2\0\2\0", 12)));
  EXPECT_FALSE(read(std::string_view("\3\0\0\0\2\0\0\0\1\0\2\0", 12)));
  EXPECT_FALSE(read(std::string_view("\2\0\0\0\xff\xff\xff\xff\1\0", 10)));
  EXPECT_FALSE(read("\2"));
}

TEST(PackedElement, KnowsTheSizeOfItsText) {
  for (const int64_t number : {INT64_MIN, int64_t{-100}, int64_t{-9}, int64_t{0}, int64_t{9},
                               int64_t{10}, int64_t{1732156800}, INT64_MAX}) {
    PackedElement element(number);
    EXPECT_TRUE(element.is_number());
    EXPECT_EQ(element.number(), number);
    EXPECT_EQ(element.text(), std::to_string(number));
    EXPECT_EQ(element.size(), element.text().size());
  }
  PackedElement text(7);
  text.Set(std::string_view("007"));
  EXPECT_FALSE(text.is_number());
  EXPECT_EQ(text.size(), 3u);
  EXPECT_EQ(text.text(), "007");
}

TEST(Listpack, TakesNumbersAsTheirDigits) {
  for (const int64_t number : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{127}, int64_t{70000}}) {
    ListpackWriter numbers, digits;
    numbers.Append(number);
    digits.Append(std::to_string(number));
    EXPECT_EQ(numbers.Finish(), digits.Finish());
  }
}

}  // namespace
}  // namespace larder
