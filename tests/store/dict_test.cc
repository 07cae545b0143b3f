#include "server/store/dict.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/base/hash.h"

namespace larder {
namespace {

std::string MemberName(uint64_t number) {
  std::string name = "b30_" + std::to_string(number);
  name.resize(36, 'f');
  return name;
}

std::map<std::string, std::string> ContentsOf(const Dict& dict) {
  std::map<std::string, std::string> contents;
  dict.ForEach([&](const DictRecord& record) {
    const bool fresh = contents.emplace(record.key, record.value.bytes).second;
    EXPECT_TRUE(fresh) << record.key;
  });
  return contents;
}

std::vector<std::string> KeysOf(const Dict& dict) {
  std::vector<std::string> keys;
  dict.ForEach([&](const DictRecord& record) { keys.emplace_back(record.key); });
  return keys;
}

TEST(Dict, IsEmptyAtFirstAndAfterItsLastKeyIsErased) {
  Dict dict(Dict::Kind::kMap);
  EXPECT_EQ(dict.size(), 0u);
  EXPECT_EQ(dict.MemoryBytes(), 0u);
  EXPECT_FALSE(dict.Erase("a"));
  EXPECT_TRUE(dict.Set("a", {"1"}));
  EXPECT_FALSE(dict.Set("a", {"22"}));
  EXPECT_EQ(dict.Find("a")->bytes, "22");
  EXPECT_TRUE(dict.Erase("a"));
  EXPECT_TRUE(dict.empty());
  EXPECT_EQ(dict.MemoryBytes(), 0u);
}

TEST(Dict, TakesKeysAndValuesOfEverySizeClass) {
  Dict dict(Dict::Kind::kMap);
  const size_t sizes[] = {0, 1, 127, 128, 511, 512, 513, 16383, 16384, 100000};
  for (const size_t key_size : sizes) {
    for (const size_t value_size : sizes) {
      const std::string key(key_size, 'k');
      dict.Set(key, {std::string(value_size, 'v')});
      const std::optional<BulkView> found = dict.Find(key);
      ASSERT_TRUE(found.has_value());
      EXPECT_EQ(found->bytes, std::string(value_size, 'v'));
      EXPECT_EQ(found->blob != nullptr, value_size >= kBlobMinBytes);
    }
  }
  EXPECT_EQ(dict.size(), std::size(sizes));
}

TEST(Dict, ReplacesAValueByOneOfAnyOtherSizeInPlace) {
  const size_t sizes[] = {0, 1, 127, 128, 129, 511, 512, 20000};
  for (const size_t before : sizes) {
    for (const size_t after : sizes) {
      Dict dict(Dict::Kind::kMap);
      dict.Set("first", {"1"});
      dict.Set("middle", {std::string(before, 'x')});
      dict.Set("last", {"3"});
      dict.Set("middle", {std::string(after, 'y')});
      EXPECT_EQ(KeysOf(dict), (std::vector<std::string>{"first", "middle", "last"}));
      EXPECT_EQ(dict.Find("middle")->bytes, std::string(after, 'y'));
      EXPECT_EQ(dict.Find("last")->bytes, "3");
    }
  }
}

TEST(Dict, KeepsTheOrderOfInsertionUpToRedisListpackLimits) {
  Dict dict(Dict::Kind::kMap);
  std::vector<std::string> keys;
  for (int i = 0; i < 512; ++i) {
    keys.push_back(std::string(40, 'a') + std::to_string(1000 + i));
    dict.Set(keys.back(), {std::string(50, 'v')});
  }
  dict.Set(keys[50], {"short"});
  EXPECT_EQ(KeysOf(dict), keys);
  dict.Erase(keys[20]);
  keys.erase(keys.begin() + 20);
  EXPECT_EQ(KeysOf(dict), keys);
}

// A page of a scan hashes a whole segment, so beyond those limits there are several.
TEST(Dict, ALargerMapOfShortRecordsIsCutIntoSegments) {
  Dict dict(Dict::Kind::kMap);
  std::vector<std::string> keys;
  for (int i = 0; i < 1000; ++i) {
    keys.push_back("field:" + std::to_string(i));
    dict.Set(keys.back(), {"value"});
  }
  EXPECT_NE(KeysOf(dict), keys);
}

// As a copy of another dict is made: a full block splits with all of its records on one side, block
// sizes of every remainder being met by values of many sizes.
TEST(Dict, TakesRecordsInTheOrderOfTheirHashes) {
  std::vector<std::pair<uint64_t, std::string>> keys;
  for (int i = 0; i < 60'000; ++i) {
    const std::string key = "field:" + std::to_string(i);
    keys.emplace_back(HashBytes(key), key);
  }
  std::sort(keys.begin(), keys.end());
  for (size_t value_bytes = 0; value_bytes < 80; ++value_bytes) {
    const std::string value(value_bytes, 'v');
    Dict dict(Dict::Kind::kMap);
    const size_t count = 5000;  // of the smallest hashes: more than fit into the first block
    for (size_t i = 0; i < count; ++i) ASSERT_TRUE(dict.Set(keys[i].second, {value}));
    ASSERT_EQ(dict.size(), count);
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(dict.Find(keys[i].second)->bytes, value);
  }
}

TEST(Dict, SharesABlobInsteadOfCopyingIt) {
  BlobRef blob = BlobRef::Adopt(Blob::New(std::string(20000, 'b')));
  Dict dict(Dict::Kind::kMap);
  dict.Set("page", {blob->view(), blob.get()});
  EXPECT_EQ(dict.Find("page")->blob, blob.get());
  dict.Erase("page");
  EXPECT_TRUE(blob->unique());
}

// Every operation, at random, against a std::map.
void RunModel(uint64_t seed, uint64_t key_space, int steps, Dict::Kind kind) {
  Random random(seed);
  Dict dict(kind);
  std::map<std::string, std::string> model;
  std::vector<std::pair<Dict, std::map<std::string, std::string>>> clones;
  // Phases of growth and of shrinking, so that segments split and merge.
  for (int step = 0; step < steps; ++step) {
    const bool growing = step / (steps / 6) % 2 == 0;
    std::string key = std::to_string(random.Below(key_space));
    if (random.Below(200) == 0) key.append(random.Below(600), 'k');
    if (random.Below(100) < (growing ? 80u : 20u)) {
      const size_t limits[] = {10, 100, 700, 20000};
      const uint64_t limit = limits[random.Below(100) == 0 ? 3 : random.Below(3)];
      const std::string value =
          kind == Dict::Kind::kMap ? std::string(random.Below(limit), 'v') : "";
      EXPECT_EQ(dict.Set(key, {value}), model.count(key) == 0);
      model[key] = value;
    } else {
      EXPECT_EQ(dict.Erase(key), model.erase(key) == 1);
    }
    ASSERT_EQ(dict.size(), model.size());
    const std::string probe = std::to_string(random.Below(key_space));
    const std::optional<BulkView> found = dict.Find(probe);
    ASSERT_EQ(found.has_value(), model.count(probe) == 1) << probe;
    if (found) {
      ASSERT_EQ(found->bytes, model[probe]);
    }
    if (step % (steps / 10) == 0) clones.emplace_back(dict.Clone(), model);
  }
  EXPECT_EQ(ContentsOf(dict), model);
  for (const auto& [clone, contents] : clones) {
    EXPECT_EQ(clone.size(), contents.size());
    EXPECT_EQ(ContentsOf(clone), contents);
  }
  for (const auto& [key, value] : model) ASSERT_TRUE(dict.Erase(key));
  EXPECT_EQ(dict.MemoryBytes(), 0u);
}

TEST(Dict, BehavesAsAMapUnderRandomOperations) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    RunModel(seed, 30, 3000, Dict::Kind::kMap);
    RunModel(seed, 300, 6000, Dict::Kind::kMap);
    RunModel(seed, 5000, 30000, Dict::Kind::kMap);
    RunModel(seed, 20000, 60000, Dict::Kind::kKeysOnly);
  }
}

TEST(Dict, GivesItsMemoryBackAsItShrinks) {
  Dict dict(Dict::Kind::kKeysOnly);
  for (uint64_t i = 0; i < 20000; ++i) dict.Set(MemberName(i), {});
  for (uint64_t i = 100; i < 20000; ++i) dict.Erase(MemberName(i));
  EXPECT_EQ(dict.size(), 100u);
  EXPECT_LT(dict.MemoryBytes(), 100u * 36 * 3);
}

TEST(Dict, GivesBackWhatLongerValuesTook) {
  for (const uint64_t records : {1, 500, 20000}) {
    Dict dict(Dict::Kind::kMap);
    for (uint64_t i = 0; i < records; ++i) dict.Set(MemberName(i), {std::string(500, 'v')});
    const size_t before = dict.MemoryBytes();
    for (uint64_t i = 0; i < records; ++i) dict.Set(MemberName(i), {"v"});
    EXPECT_EQ(dict.size(), records);
    EXPECT_EQ(dict.Find(MemberName(records - 1))->bytes, "v");
    EXPECT_LT(dict.MemoryBytes(), before / 5);
  }
}

TEST(Dict, ScansASmallDictWhole) {
  Dict dict(Dict::Kind::kMap);
  for (const char* key : {"a", "b", "c"}) dict.Set(key, {"1"});
  std::string seen;
  EXPECT_EQ(dict.Scan(0, 1, [&](const DictRecord& record) { seen += record.key; }), 0u);
  EXPECT_EQ(seen, "abc");
}

TEST(Dict, AScanVisitsAboutAsManyAsItIsAskedFor) {
  Dict dict(Dict::Kind::kKeysOnly);
  for (uint64_t i = 0; i < 5000; ++i) dict.Set(MemberName(i), {});
  std::set<std::string> seen;
  uint64_t cursor = 0;
  size_t calls = 0;
  do {
    size_t visited = 0;
    cursor = dict.Scan(cursor, 10, [&](const DictRecord& record) {
      EXPECT_TRUE(seen.emplace(record.key).second);
      ++visited;
    });
    EXPECT_LT(cursor, uint64_t{1} << 48);
    EXPECT_LE(visited, 11u);
    ++calls;
  } while (cursor != 0);
  EXPECT_EQ(seen.size(), 5000u);
  EXPECT_LE(calls, 502u);
  EXPECT_EQ(dict.Scan(~uint64_t{0}, 10, [](const DictRecord&) { FAIL(); }), 0u);
}

TEST(Dict, AScanMissesNothingThatStaysWhileTheDictGrowsAndShrinks) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    Random random(seed);
    Dict dict(Dict::Kind::kKeysOnly);
    constexpr uint64_t kStaying = 2000;
    for (uint64_t i = 0; i < kStaying; ++i) dict.Set(MemberName(i), {});
    const bool growing = seed % 2 == 0;
    if (!growing) {
      for (uint64_t i = 0; i < 40000; ++i) dict.Set(MemberName(kStaying + i), {});
    }
    std::set<std::string> seen;
    uint64_t cursor = 0;
    uint64_t moved = 0;
    do {
      cursor = dict.Scan(cursor, 50, [&](const DictRecord& record) { seen.emplace(record.key); });
      for (int i = 0; i < 500 && moved < 40000; ++i, ++moved) {
        const std::string name = MemberName(kStaying + moved);
        if (growing) {
          dict.Set(name, {});
        } else {
          dict.Erase(name);
        }
      }
    } while (cursor != 0);
    for (uint64_t i = 0; i < kStaying; ++i) EXPECT_TRUE(seen.count(MemberName(i))) << i;
  }
}

TEST(Dict, ChoosesEveryRecordWithAboutTheSameChance) {
  for (const uint64_t size : {10, 200, 3000}) {
    Random random(7);
    Dict dict(Dict::Kind::kKeysOnly);
    for (uint64_t i = 0; i < size; ++i) dict.Set(MemberName(i), {});
    std::map<std::string, int> drawn;
    constexpr int kDrawsEach = 100;
    for (uint64_t i = 0; i < size * kDrawsEach; ++i)
      ++drawn[std::string(dict.RandomRecord(random).key)];
    EXPECT_EQ(drawn.size(), size);
    for (const auto& [key, count] : drawn) {
      EXPECT_GT(count, kDrawsEach / 3) << key;
      EXPECT_LT(count, kDrawsEach * 3) << key;
    }
  }
}

TEST(Dict, SamplesDifferentRecords) {
  Random random(3);
  for (const uint64_t size : {5, 100, 3000}) {
    Dict dict(Dict::Kind::kKeysOnly);
    for (uint64_t i = 0; i < size; ++i) dict.Set(MemberName(i), {});
    for (const size_t count : {size_t{0}, size_t{1}, size / 5, size / 2, size, size + 10}) {
      std::set<std::string> sample;
      dict.Sample(count, random, [&](const DictRecord& record) {
        EXPECT_TRUE(sample.emplace(record.key).second);
      });
      EXPECT_EQ(sample.size(), std::min<size_t>(count, size));
    }
  }
}

TEST(Dict, NeedsFewBytesAMember) {
  for (const size_t size : {1000, 10000, 100000}) {
    Dict dict(Dict::Kind::kKeysOnly);
    for (uint64_t i = 0; i < size; ++i) dict.Set(MemberName(i), {});
    const double each = static_cast<double>(dict.MemoryBytes()) / static_cast<double>(size);
    RecordProperty("bytes_per_member_of_" + std::to_string(size), std::to_string(each));
    std::printf("%zu members of 36 bytes: %.1f bytes each\n", size, each);
    EXPECT_LT(each, 54);
  }
}

TEST(Dict, HoldsAMagentoCacheEntryInLittleMoreThanItsBytes) {
  const auto bytes_for = [](size_t data_size) {
    Dict dict(Dict::Kind::kMap);
    const std::string data(data_size, 'd');
    dict.Set("d", {data});
    dict.Set("t", {"b30_CONFIG,b30_MAGE"});
    dict.Set("m", {"1732156800"});
    dict.Set("i", {"1"});
    return dict.MemoryBytes();
  };
  EXPECT_LE(bytes_for(40), 128u);
  EXPECT_LE(bytes_for(1024), 1024u + 96);
}

TEST(Dict, ReservesAsMuchAsItsFirstBlockTakes) {
  for (const Dict::Kind kind : {Dict::Kind::kMap, Dict::Kind::kKeysOnly}) {
    for (const size_t records : {1, 31, 100, 512, 513, 5000}) {
      for (const size_t size : {1, 60, 500}) {
        Dict dict(kind);
        const std::string filler(size, 'f');
        const auto key = [&](size_t i) { return filler + std::to_string(10000 + i); };
        dict.Reserve(records, records * dict.RecordBytes(size + 5, 5));
        const size_t reserved = dict.MemoryBytes();
        size_t fitted = 0;
        for (size_t i = 0; i < records; ++i) {
          dict.Set(key(i), {"value"});
          if (dict.MemoryBytes() == reserved) fitted = i + 1;
        }
        EXPECT_EQ(dict.size(), records);
        const size_t most = kind == Dict::Kind::kMap ? 512 : records;
        const size_t block = kind == Dict::Kind::kMap ? 56 * 1024 : 8 * 1024;
        const size_t expected = std::min({records, most, block * 5 / 8 / (size + 20)});
        EXPECT_GE(fitted, expected) << records << " of " << size;
      }
    }
  }
}

}  // namespace
}  // namespace larder
