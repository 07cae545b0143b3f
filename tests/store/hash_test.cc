#include "server/store/hash.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace larder {
namespace {

constexpr Hash::Limits kLimits;

TEST(Hash, TellsNewFieldsFromOldOnes) {
  Hash hash;
  EXPECT_TRUE(hash.Set("sku", {"1"}, kLimits));
  EXPECT_FALSE(hash.Set("sku", {"2"}, kLimits));
  EXPECT_EQ(hash.Get("sku")->bytes, "2");
  EXPECT_FALSE(hash.Get("qty").has_value());
  EXPECT_TRUE(hash.Delete("sku"));
  EXPECT_FALSE(hash.Delete("sku"));
  EXPECT_EQ(hash.size(), 0u);
}

TEST(Hash, IsAListpackUntilAFieldOrValueIsLong) {
  Hash by_value;
  by_value.Set("f", {std::string(64, 'v')}, kLimits);
  EXPECT_EQ(by_value.EncodingName(), "listpack");
  by_value.Set("f", {std::string(65, 'v')}, kLimits);
  EXPECT_EQ(by_value.EncodingName(), "hashtable");
  by_value.Set("f", {"short again"}, kLimits);
  EXPECT_EQ(by_value.EncodingName(), "hashtable");

  Hash by_field;
  by_field.Set(std::string(65, 'f'), {""}, kLimits);
  EXPECT_EQ(by_field.EncodingName(), "hashtable");
}

TEST(Hash, IsAListpackUntilItHasTooManyFields) {
  Hash hash;
  for (int i = 0; i < 512; ++i) hash.Set(std::to_string(i), {"v"}, kLimits);
  EXPECT_EQ(hash.EncodingName(), "listpack");
  hash.Set("one more", {"v"}, kLimits);
  EXPECT_EQ(hash.EncodingName(), "hashtable");
}

TEST(Hash, ScansAListpackWholeAndInOrder) {
  Hash hash;
  std::vector<std::string> fields;
  for (int i = 0; i < 100; ++i) {
    fields.push_back("field" + std::to_string(i));
    hash.Set(fields.back(), {"v"}, kLimits);
  }
  std::vector<std::string> scanned;
  EXPECT_EQ(hash.Scan(0, 10, [&](const DictRecord& record) { scanned.emplace_back(record.key); }),
            0u);
  EXPECT_EQ(scanned, fields);
}

TEST(Hash, ACloneGoesItsOwnWay) {
  Hash hash;
  for (int i = 0; i < 3000; ++i) hash.Set(std::to_string(i), {"before"}, kLimits);
  const Hash clone = hash.Clone();
  for (int i = 0; i < 3000; ++i) hash.Set(std::to_string(i), {"after"}, kLimits);
  EXPECT_EQ(clone.EncodingName(), "hashtable");
  clone.ForEach([](const DictRecord& record) { EXPECT_EQ(record.value.bytes, "before"); });
  hash.ForEach([](const DictRecord& record) { EXPECT_EQ(record.value.bytes, "after"); });
}

TEST(Hash, TakesWhatWasReservedWithoutGrowing) {
  Hash hash;
  hash.Reserve(2, hash.RecordBytes("sku", "24-MB01") + hash.RecordBytes("qty", "1"));
  const size_t reserved = hash.MemoryBytes();
  hash.Set("sku", {"24-MB01"}, kLimits);
  hash.Set("qty", {"1"}, kLimits);
  EXPECT_EQ(hash.MemoryBytes(), reserved);
  EXPECT_EQ(hash.size(), 2u);
}

}  // namespace
}  // namespace larder
