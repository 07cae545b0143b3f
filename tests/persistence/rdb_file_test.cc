// Whole data sets: what RdbSave writes RdbLoad reads, and what is damaged is refused with a place
// and a reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "protocol/crc64.h"
#include "server/base/clock.h"
#include "server/base/hash.h"
#include "server/persistence/rdb_load.h"
#include "server/persistence/rdb_save.h"
#include "server/persistence/snapshot.h"
#include "tests/persistence/text_source.h"

namespace larder {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

void Insert(Keyspace& keyspace, int db, const std::string& key, const std::string& value,
            int64_t expiry_ms = Entry::kNoExpiry) {
  const uint64_t hash = HashBytes(key);
  keyspace.shard(Keyspace::ShardOf(hash))
      .Insert(db, Entry::NewString(key, value, EncodingOf(value), expiry_ms), hash);
}

const Entry* Find(Keyspace& keyspace, int db, const std::string& key) {
  const uint64_t hash = HashBytes(key);
  return keyspace.shard(Keyspace::ShardOf(hash)).Find(db, key, hash);
}

std::string Saved(Keyspace& keyspace, const RdbSave::Options& options = {}, RdbFacts facts = {}) {
  StringSink sink;
  facts.sizes = SizesOf(keyspace);
  EXPECT_TRUE(WriteKeyspace(keyspace, facts, sink, options, ValueLimits(Settings())));
  return sink.text;
}

// Why it was refused, or "".
std::string Load(const std::string& file, Keyspace& keyspace, RdbLoad::Options options = {}) {
  TextSource source(file);
  RdbLoad load(source, keyspace, std::move(options), ValueLimits(Settings()));
  return load.Run() ? "" : load.error();
}

// A file with this content, and the right checksum at its end.
std::string File(const std::string& content, const std::string& version = "0010") {
  std::string file = "REDIS" + version + content + "\xff";
  const uint64_t crc = Crc64(0, file);
  for (int i = 0; i < 8; ++i) file.push_back(static_cast<char>(crc >> (8 * i)));
  return file;
}

TEST(RdbFile, GivesTheDataSetBack) {
  Keyspace keyspace(4), loaded(4);
  for (int i = 0; i < 1000; ++i) Insert(keyspace, i % 3, "key:" + std::to_string(i), "value");
  Insert(keyspace, 3, "expiring", "v", 5000);
  ASSERT_EQ(Load(Saved(keyspace), loaded), "");
  for (int db = 0; db < 4; ++db) {
    EXPECT_EQ(loaded.Size(db), keyspace.Size(db));
    EXPECT_EQ(loaded.Expires(db), keyspace.Expires(db));
  }
  EXPECT_EQ(Find(loaded, 1, "key:1")->short_string(), "value");
  EXPECT_EQ(Find(loaded, 3, "expiring")->expiry_ms(), 5000);
}

// So many keys that all builders have some, and damage in the middle of them.
TEST(RdbFile, TheFirstKeyThatIsRefusedIsNamed) {
  Keyspace keyspace(1);
  for (int i = 0; i < 50'000; ++i) Insert(keyspace, 0, "key:" + std::to_string(i), "a value");
  const std::string good = Saved(keyspace);
  Keyspace again(1);
  ASSERT_EQ(Load(good, again), "");
  EXPECT_EQ(again.Size(0), 50'000u);
  const std::string body = good.substr(0, good.size() - 9);
  Keyspace twice(1);
  // A set whose listpack is none, followed by many good keys.
  const std::string bad("\x14\x01s\x03xyz", 7);
  const std::string damaged = body + bad + body.substr(body.find("key:0") - 2) + "\xff";
  EXPECT_EQ(Load(damaged, twice, {.replace_existing = true}),
            "Internal error in RDB reading offset " + std::to_string(body.size() + bad.size()) +
                " -> Set listpack integrity check failed.");
}

TEST(RdbFile, DropsWhatHasExpiredUnlessItIsAReplicas) {
  Keyspace keyspace(1), primary(1), replica(1);
  Insert(keyspace, 0, "k", "v", 1000);
  const std::string file = Saved(keyspace);
  EXPECT_EQ(Load(file, primary, {.now_ms = 2000}), "");
  EXPECT_EQ(primary.Size(0), 0u);
  EXPECT_EQ(Load(file, replica, {.keep_expired = true, .now_ms = 2000}), "");
  EXPECT_EQ(replica.Size(0), 1u);
}

TEST(RdbFile, CarriesFactsAndLibraries) {
  Keyspace keyspace(1), loaded(1);
  const std::string file = Saved(
      keyspace, {}, {.aux = {{"repl-id", "abc"}, {"repl-offset", "77"}}, .libraries = {"#!lua"}});
  TextSource source(file);
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<std::string> libraries;
  RdbLoad load(source, loaded,
               {.take_fact = [&](std::string_view name,
                                 std::string_view value) { facts.emplace_back(name, value); },
                .load_library =
                    [&](std::string_view text, bool) {
                      libraries.emplace_back(text);
                      return std::string();
                    }},
               ValueLimits(Settings()));
  ASSERT_TRUE(load.Run()) << load.error();
  EXPECT_THAT(facts, Contains(Pair("repl-id", "abc")));
  EXPECT_THAT(facts, Contains(Pair("repl-offset", "77")));
  EXPECT_EQ(libraries, std::vector<std::string>{"#!lua"});
  EXPECT_THAT(Load(file, loaded, {.load_library = [](std::string_view, bool) { return "no Lua"; }}),
              HasSubstr("no Lua"));
}

TEST(RdbFile, CarriesWhatEvictionGoesBy) {
  using Access = RdbSave::Options::Access;
  for (const bool counts_uses : {false, true}) {
    Keyspace keyspace(1), loaded(1);
    Insert(keyspace, 0, "k", "v");
    const int64_t now_ms = WallMs();
    const_cast<Entry*>(Find(keyspace, 0, "k"))
        ->set_access(counts_uses ? LfuAccess(77, now_ms) : LruAccess(now_ms - 500'000));
    const std::string file =
        Saved(keyspace, {.access = counts_uses ? Access::kFrequency : Access::kIdle});
    ASSERT_EQ(Load(file, loaded, {.counts_uses = counts_uses, .now_ms = now_ms}), "");
    const uint32_t access = Find(loaded, 0, "k")->access();
    if (counts_uses) {
      EXPECT_EQ(access & 0xff, 77u);
    } else {
      EXPECT_NEAR(IdleSeconds(access, now_ms), 500, 5);
    }
  }
}

TEST(RdbFile, LeavesDatabasesOut) {
  Keyspace keyspace(3), loaded(3);
  for (int db = 0; db < 3; ++db) Insert(keyspace, db, "k", "v");
  ASSERT_EQ(Load(Saved(keyspace, {.left_out = DatabaseSet::LeftOut("1 no")}), loaded), "");
  EXPECT_EQ(loaded.Size(0), 1u);
  EXPECT_EQ(loaded.Size(1), 0u);
  EXPECT_EQ(loaded.Size(2), 1u);
}

TEST(RdbFile, IsRefusedWhenItIsCutAnywhere) {
  Keyspace keyspace(2);
  Insert(keyspace, 0, "key", std::string(100, 'x'), 5000);
  Insert(keyspace, 1, "n", "17");
  const std::string file = Saved(keyspace);
  for (size_t size = 0; size < file.size(); ++size) {
    Keyspace loaded(2);
    EXPECT_NE(Load(file.substr(0, size), loaded), "") << size;
  }
}

TEST(RdbFile, IsRefusedWhenAnyByteIsChanged) {
  Keyspace keyspace(2);
  Insert(keyspace, 0, "key", "value");
  const std::string file = Saved(keyspace);
  for (size_t i = 0; i < file.size(); ++i) {
    std::string damaged = file;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x21);
    Keyspace loaded(2);
    EXPECT_NE(Load(damaged, loaded), "") << i;
  }
}

TEST(RdbFile, SaysWhatIsWrongAndWhere) {
  const struct {
    std::string file, reason;
  } cases[] = {
      {"", "offset 0 -> the input ends too early"},
      {"RUBIS0010\xff", "Wrong signature"},
      {"REDIS0099\xff", "Can't handle RDB format version 99"},
      {"REDIS0000\xff", "Can't handle RDB format version 0"},
      {"REDIS00x0\xff", "a version that is not a number"},
      {File("\xfe\x05"), "database 5 of 2"},
      {File(std::string("\0\1k\1v\0\1k\1w", 10)), "RDB has duplicated key k in DB 0"},
      {File("\xf6"), "release candidates"},
      {File("\x63\1k\1v"), "unknown type of value"},
      {File("\7\1k\1v"), "a value of a module"},
  };
  for (const auto& each : cases) {
    Keyspace loaded(2);
    EXPECT_THAT(Load(each.file, loaded), HasSubstr(each.reason));
  }
  std::string wrong_checksum = File("");
  wrong_checksum.back() ^= 1;
  Keyspace loaded(2);
  EXPECT_THAT(Load(wrong_checksum, loaded), HasSubstr("RDB CRC error"));
  EXPECT_EQ(Load(wrong_checksum, loaded, {.check_checksum = false}), "");
}

TEST(RdbFile, ReadsWhatOlderAndNewerVersionsHave) {
  Keyspace loaded(2);
  // Version 3: no checksum, an expiry in seconds.
  ASSERT_EQ(Load(std::string("REDIS0003\xfe\0\xfd\1\0\0\x40\0\1k\1v\xff", 22), loaded), "");
  EXPECT_EQ(Find(loaded, 0, "k")->expiry_ms(), 0x40000001LL * 1000);
  // Version 11: idle time, frequency, slots, a module's data beside the keys.
  ASSERT_EQ(Load(File(std::string("\xf8\x05\0\1a\1v\xf9\x07\0\1b\1v\xf4\1\2\3"
                                  "\xf7\1\2\2\5\3xyz\0",
                                  28),
                      "0011"),
                 loaded),
            "");
  EXPECT_NE(Find(loaded, 0, "a"), nullptr);
  EXPECT_NE(Find(loaded, 0, "b"), nullptr);
}

// RESIZEDB of so many keys; then one key.
size_t BucketsAfter(const std::string& length) {
  Keyspace loaded(1);
  const std::string key("\x00\x01k\x01v", 5);
  EXPECT_EQ(
      Load(File(std::string("\xfe\x00\xfb", 3) + length + std::string(1, '\0') + key), loaded), "");
  EXPECT_EQ(Find(loaded, 0, "k")->short_string(), "v");
  size_t most = 0;
  for (uint32_t i = 0; i < Keyspace::kShards; ++i) {
    if (const Slice* slice = loaded.slice(0, i); slice != nullptr) {
      most = std::max(most, slice->table.buckets());
    }
  }
  return most;
}

TEST(RdbFile, MakesRoomForWhatIsAnnouncedWithinReason) {
  EXPECT_EQ(BucketsAfter(std::string("\x01", 1)), 8u);
  EXPECT_EQ(BucketsAfter(std::string("\x80\x00\x01\x86\xa0", 5)), 128u) << "100,000 keys";
  EXPECT_EQ(BucketsAfter("\x81\xff\xff\xff\xff\xff\xff\xff\xff"), 2048u) << "a lie";
}

TEST(RdbFile, SkipsEmptyCollections) {
  Keyspace loaded(1);
  const std::string file = File(std::string("\1\1k\0\0\1s\1v", 9));
  TextSource text(file);
  RdbLoad load(text, loaded, {}, ValueLimits(Settings()));
  ASSERT_TRUE(load.Run()) << load.error();
  EXPECT_EQ(load.keys_empty(), 1u);
  EXPECT_EQ(load.keys_loaded(), 1u);
}

}  // namespace
}  // namespace larder
