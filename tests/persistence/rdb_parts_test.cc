// Several threads write one file; what a single one would have written is in it.
#include "server/persistence/rdb_parts.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "protocol/rdb_format.h"
#include "server/persistence/rdb_load.h"
#include "server/store/set.h"
#include "tests/persistence/text_source.h"

namespace larder {
namespace {

constexpr int kThreads = 4, kKeys = 500;
constexpr size_t kMib = 1024 * 1024;

// Takes so many bytes and no more.
class FullSink : public RdbSink {
 public:
  explicit FullSink(size_t room) : room_(room) {}
  bool Write(std::string_view bytes) override {
    if (bytes.size() > room_) return false;
    room_ -= bytes.size();
    return true;
  }

 private:
  size_t room_;
};

// The largest piece that is handed over.
class PieceSink : public StringSink {
 public:
  bool Write(std::string_view bytes) override {
    largest = std::max(largest, bytes.size());
    return StringSink::Write(bytes);
  }
  size_t largest = 0;
};

// Writes kKeys keys of `value_bytes` in each of kThreads threads, to as many databases in turn.
bool WriteInThreads(RdbSink& sink, size_t value_bytes, bool* ok = nullptr) {
  const ValueLimits limits{Settings()};
  const RdbSave::Options options = {.writer = {.compress = false}};
  RdbSave whole(sink, options, limits);
  whole.Begin({});
  RdbParts parts(whole);
  std::vector<std::thread> threads;
  for (int number = 0; number < kThreads; ++number) {
    threads.emplace_back([&, number] {
      RdbPart part(parts, options, limits);
      const std::string value(value_bytes, static_cast<char>('a' + number));
      for (int i = 0; i < kKeys && part.ok(); ++i) {
        const std::string key = std::to_string(number) + ":" + std::to_string(i);
        Entry* entry = Entry::NewString(key, value, EncodingOf(value), Entry::kNoExpiry);
        part.Key(i % kThreads, *entry);
        Entry::Free(entry);
      }
      part.Finish();
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (ok != nullptr) *ok = parts.ok();
  return whole.End();
}

void ExpectAllIn(const std::string& file, size_t value_bytes) {
  Keyspace keyspace(kThreads);
  TextSource source(file);
  RdbLoad load(source, keyspace, {}, ValueLimits(Settings()));
  ASSERT_TRUE(load.Run()) << load.error();
  EXPECT_EQ(load.keys_loaded(), static_cast<uint64_t>(kThreads * kKeys));
  for (int db = 0; db < kThreads; ++db) {
    EXPECT_EQ(keyspace.Size(db), static_cast<size_t>(kKeys));
  }
  EXPECT_GT(file.size(), kThreads * kKeys * value_bytes);
}

TEST(RdbParts, AllKeysAreInOneFile) {
  StringSink sink;
  ASSERT_TRUE(WriteInThreads(sink, 30));
  ExpectAllIn(sink.text, 30);
}

TEST(RdbParts, ChunksEndBetweenKeys) {
  StringSink sink;
  ASSERT_TRUE(WriteInThreads(sink, 10'000));  // a chunk every hundred keys
  ExpectAllIn(sink.text, 10'000);
}

TEST(RdbParts, ALargeKeyStreamsThrough) {
  PieceSink sink;
  const ValueLimits limits{Settings()};
  RdbSave whole(sink, {}, limits);
  whole.Begin({});
  RdbParts parts(whole);
  RdbPart part(parts, {}, limits);
  auto set = std::make_unique<Set>();
  for (int i = 0; i < 500'000; ++i) set->Add("member number " + std::to_string(i), {});
  Entry* entry = Entry::NewObject("set", ValueType::kSet, set.release(), Entry::kNoExpiry);
  part.Key(0, *entry);
  Entry::Free(entry);
  part.Finish();
  ASSERT_TRUE(whole.End());
  EXPECT_GT(sink.text.size(), 8 * kMib);
  EXPECT_LT(sink.largest, 2 * kMib);
}

TEST(RdbParts, AFullDiskStopsAllThreads) {
  FullSink sink(5 * kMib);
  bool ok = true;
  EXPECT_FALSE(WriteInThreads(sink, 10'000, &ok));
  EXPECT_FALSE(ok);
}

}  // namespace
}  // namespace larder
