// What values say of their memory, against what jemalloc has really handed out to this thread.
#include "server/store/memory.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "server/base/clock.h"
#include "server/base/hash.h"
#include "server/store/allocator.h"
#include "server/store/hash.h"
#include "server/store/heap_counters.h"
#include "server/store/list.h"
#include "server/store/reclaimer.h"
#include "server/store/set.h"
#include "server/store/shard.h"
#include "server/store/stream.h"
#include "server/store/zset.h"

namespace larder {
namespace {

class MemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    CountThisThread();
    SampleMemory();
    if (!HeapIsCounted()) GTEST_SKIP() << "no jemalloc, whose classes the counts are of";
  }

  // A size that is mostly small, sometimes over every threshold.
  size_t SomeSize() {
    switch (random_.Below(20)) {
      case 0:
        return random_.Below(40'000);
      case 1:
        return random_.Below(3000);
      default:
        return random_.Below(60);
    }
  }

  // Changes a value of type T over and over, shrinking and growing, and compares all the time.
  template <typename T>
  void Play(const std::function<void(T&, const std::string& key, std::string_view bytes)>& put,
            const std::function<void(T&, const std::string& key)>& drop) {
    const std::string bytes(40'000, 'x');
    std::string key;
    key.reserve(1000);
    const int64_t before = ThreadHeapBytes();
    auto value = std::make_unique<T>();
    for (int round = 0; round < 40'000; ++round) {
      key = std::to_string(random_.Below(3000));
      if (random_.Below(100) == 0) key.resize(600, 'k');
      const bool growing = round / 5000 % 2 == 0;
      if (random_.Below(3) < (growing ? 2 : 1)) {
        put(*value, key, std::string_view(bytes).substr(0, SomeSize()));
      } else {
        drop(*value, key);
      }
      if (round % 100 != 0) continue;
      const auto real = static_cast<double>(ThreadHeapBytes() - before);
      ASSERT_NEAR(static_cast<double>(value->MemoryBytes()), real, real * 0.01 + 64) << round;
    }
    // Changes of a clone must not be counted twice or never.
    const auto clone = std::make_unique<T>(value->Clone());
    for (int round = 0; round < 3000; ++round) drop(*value, std::to_string(round));
    value.reset();
    const auto real = static_cast<double>(ThreadHeapBytes() - before);
    EXPECT_NEAR(static_cast<double>(clone->MemoryBytes()), real, real * 0.01 + 64);
  }

  Random random_{7};
};

TEST_F(MemoryTest, OfAHash) {
  Play<Hash>([](Hash& hash, const std::string& key,
                std::string_view bytes) { hash.Set(key, BulkView{bytes}, {}); },
             [](Hash& hash, const std::string& key) { hash.Delete(key); });
}

TEST_F(MemoryTest, OfASet) {
  Play<Set>([](Set& set, const std::string& key,
               std::string_view bytes) { set.Add(key + std::string(bytes.substr(0, 700)), {}); },
            [](Set& set, const std::string& key) { set.Remove(key); });
}

TEST_F(MemoryTest, OfASetOfIntegers) {
  Play<Set>([](Set& set, const std::string& key,
               std::string_view) { set.Add(key.substr(0, 4), Set::Limits{10'000}); },
            [](Set& set, const std::string& key) { set.Remove(key.substr(0, 4)); });
}

TEST_F(MemoryTest, OfASortedSet) {
  Play<ZSet>(
      [this](ZSet& zset, const std::string& key, std::string_view bytes) {
        const std::string member = bytes.size() > 500 ? key + std::string(bytes) : key;
        zset.Set(member, random_.Unit());
        if (zset.size() > 2000) zset.RemoveRange(random_.Below(1000), random_.Below(900));
      },
      [](ZSet& zset, const std::string& key) { zset.Remove(key); });
}

struct ClonedList : List {
  ClonedList Clone() const { return *this; }
};

TEST_F(MemoryTest, OfAList) {
  Play<ClonedList>(
      [this](List& list, const std::string&, std::string_view bytes) {
        if (random_.Below(2) == 0) return list.Push(List::End::kBack, bytes);
        list.Insert(random_.Below(list.size() + 1), bytes);
      },
      [this](List& list, const std::string&) {
        if (list.size() < 10) return;
        if (random_.Below(2) == 0) return list.Pop(List::End::kFront);
        list.RemoveRange(random_.Below(list.size() - 5), 1 + random_.Below(4));
      });
}

struct ClonedStream : Stream {
  ClonedStream Clone() const { return *this; }
};

TEST_F(MemoryTest, OfAStream) {
  uint64_t last_ms = 0;
  Play<ClonedStream>(
      [&last_ms](Stream& stream, const std::string& key, std::string_view bytes) {
        const std::string_view pairs[] = {std::string_view(key).substr(0, 1), bytes};
        stream.Append({++last_ms, 0}, pairs, {.bytes = 4096, .entries = 100});
      },
      [this, &last_ms](Stream& stream, const std::string&) {
        if (random_.Below(50) == 0) stream.Trim({.length = stream.size() * 9 / 10});
        stream.Delete({1 + random_.Below(last_ms + 1), 0});
      });
}

// Groups and consumers come and go; what is pending moves from one consumer to another.
TEST_F(MemoryTest, OfAStreamWithGroups) {
  uint64_t last_ms = 0;
  const auto group_of = [](const std::string& key) {
    return "group of some name " + key.substr(0, 1);
  };
  // Most are short; one of 600 bytes now and then.
  const auto consumer_of = [](const std::string& key) { return key.substr(1); };
  Play<ClonedStream>(
      [&](Stream& stream, const std::string& key, std::string_view) {
        const std::string_view pairs[] = {"field", "value"};
        stream.Append({++last_ms, 0}, pairs, {.bytes = 4096, .entries = 100});
        StreamGroup* group = stream.FindGroup(group_of(key));
        if (group == nullptr) group = stream.AddGroup(group_of(key), {}, 0);
        const StreamConsumer* consumer = group->FindConsumer(consumer_of(key));
        if (consumer == nullptr) consumer = &group->AddConsumer(consumer_of(key), 1);
        const uint64_t from = 1 + random_.Below(last_ms + 1);
        for (uint64_t ms = from; ms < from + 20 && ms <= last_ms; ++ms) {
          group->SetPending({{ms, 0}, 1, 1, consumer->number});
        }
      },
      [&](Stream& stream, const std::string& key) {
        if (random_.Below(1000) == 0) stream.RemoveGroup(group_of(key));
        StreamGroup* group = stream.FindGroup(group_of(key));
        if (group == nullptr) return;
        const uint64_t from = 1 + random_.Below(last_ms + 1);
        for (uint64_t ms = from; ms < from + 100; ++ms) group->Acknowledge({ms, 0});
        if (group->FindConsumer(consumer_of(key)) == nullptr) return;
        group->RemoveConsumer(consumer_of(key));
      });
}

// A shard's counters follow insertions, removals, replacements and expiries.
TEST_F(MemoryTest, OfAShard) {
  const std::string bytes(40'000, 'x');
  SliceDirectory directory(1, 1);
  SnapshotMemory snapshot_memory;
  auto shard = std::make_unique<Shard>(directory, 0, snapshot_memory);
  Slice& slice = shard->slice(0);
  const int64_t before = ThreadHeapBytes();
  for (int round = 0; round < 40'000; ++round) {
    const std::string key = "key:" + std::to_string(random_.Below(5000));
    const uint64_t hash = HashBytes(key);
    Entry* entry = shard->Find(0, key, hash);
    const int64_t expiry_ms = random_.Below(2) == 0 ? Entry::kNoExpiry : 1'900'000'000'000 + round;
    if (entry == nullptr || random_.Below(4) == 0) {
      Entry* fresh = Entry::NewString(key, std::string_view(bytes).substr(0, SomeSize()),
                                      StringEncoding::kRaw, expiry_ms);
      if (entry == nullptr) {
        shard->Insert(0, fresh, hash);
      } else {
        shard->Replace(0, entry, fresh, hash);
        Entry::Free(entry);
      }
    } else if (random_.Below(2) == 0) {
      Entry::Free(shard->Remove(0, entry, hash));
    } else {
      shard->SetExpiry(0, entry, expiry_ms, hash);
    }
    if (round % 100 != 0) continue;
    shard->FreeRetired();
    const auto counted =
        static_cast<double>(slice.entry_bytes + slice.table_bytes + slice.expiry_bytes);
    const auto real = static_cast<double>(ThreadHeapBytes() - before);
    ASSERT_NEAR(counted, real, real * 0.01 + 256) << round;
  }
  Table::FreeContents(shard->Flush(0));
  EXPECT_EQ(slice.entry_bytes + slice.table_bytes + slice.expiry_bytes, 0u);
}

TEST_F(MemoryTest, OfAllThreadsIsKnownAtOnce) {
  const size_t before = UsedMemory();
  const auto block = std::make_unique<std::string>((1 << 20) - 64, 'x');
  EXPECT_NEAR(static_cast<double>(UsedMemory() - before), 1 << 20, 1 << 17);
  SampleMemory();
  EXPECT_NEAR(static_cast<double>(UsedMemory() - before), 1 << 20, 1 << 18) << "calibrated";
}

TEST_F(MemoryTest, IsNotKeptByTheThreadThatFrees) {
  constexpr int kEach = 200;
  Reclaimer reclaimer;
  for (size_t kib = 1; kib <= 12; ++kib) {
    const std::string value(kib * 1024, 'v');
    for (int i = 0; i < kEach; ++i) {
      reclaimer.Free(Entry::NewString("key", value, StringEncoding::kRaw, Entry::kNoExpiry),
                     value.size());
    }
  }
  FlushThreadCache();
  const int64_t deadline_ms = MonotonicMs() + 10'000;
  size_t cached = 0;
  do {
    std::this_thread::yield();
    cached = ReadAllocatorStats().cached;
  } while ((reclaimer.pending() > 0 || cached > 128 * 1024) && MonotonicMs() < deadline_ms);
  EXPECT_LE(cached, 128u * 1024);
}

}  // namespace
}  // namespace larder
