// What AofWriter knows to be on disk while others write beside a sync, which begins and ends when
// the test wants it: with `appendfsync no` whoever announces news writes them, and nobody syncs
// unless he is asked.
#include "server/persistence/aof_writer.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <climits>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/engine.h"
#include "tests/support/until.h"

namespace larder {
namespace {

using test::Until;

// Syncs that have begun, and how many of them may end.
struct Disk {
  std::atomic<int> begun{0}, may_end{0};
};

class SlowFile : public AppendFile {
 public:
  explicit SlowFile(Disk& disk) : AppendFile(memfd_create("aof", MFD_CLOEXEC), 0), disk_(disk) {}
  int Sync() override {
    const int number = ++disk_.begun;
    EXPECT_TRUE(Until([&] { return disk_.may_end >= number; }));
    return AppendFile::Sync();
  }

 private:
  Disk& disk_;
};

class AofWriterTest : public testing::Test {
 protected:
  AofWriterTest() {
    const std::string words[] = {"--appendfsync", "no"};
    std::string error;
    EXPECT_TRUE(config_.Load(words, &error)) << error;
    writer_.Begin([this] { return std::make_unique<SlowFile>(disk_); }, DatabaseSet());
    writer_.Count();
  }
  ~AofWriterTest() override { disk_.may_end = INT_MAX; }

  // Appends a request to the log and has it written; answers the offset behind it.
  uint64_t Write(std::initializer_list<std::string_view> words, int db = 0) {
    LogBlock block;
    block.Add(db, {words.begin(), words.size()});
    const uint64_t offset = engine_.log.AppendBlock(block, false);
    engine_.log.Announce();
    EXPECT_TRUE(Until([this] { return writer_.waiting_bytes() == 0; }));
    return offset;
  }
  uint64_t Ping() { return Write({"PING"}, LogBlock::kAnyDb); }

  // Asks for a sync, and returns when the disk is at it.
  void BeginSync() {
    const int number = disk_.begun + 1;
    writer_.RequestSync();
    EXPECT_TRUE(Until([&] { return disk_.begun >= number; }));
  }
  // Lets the sync end that is under way.
  void EndSync() {
    disk_.may_end.fetch_add(1);
    EXPECT_TRUE(Until([this] { return !writer_.syncing(); }));
  }
  bool Synced(uint64_t offset) {
    return Until([&] { return writer_.synced_offset() == offset; });
  }

  Disk disk_;
  Config config_;
  std::vector<std::span<const Command>> rows_;
  Engine engine_{config_, rows_};
  AofWriter writer_{engine_,
                    {.on_error = [](int) {}, .on_sync = [](auto) {}, .on_outdated = [] {}}};
};

TEST_F(AofWriterTest, KnowsNothingToBeSyncedBeforeTheSyncHasEnded) {
  const uint64_t before = writer_.synced_offset();
  const uint64_t written = Write({"SET", "k", "1"});
  BeginSync();
  EXPECT_EQ(writer_.synced_offset(), before);
  EXPECT_TRUE(writer_.syncing());
  EndSync();
  EXPECT_TRUE(Synced(written));
}

TEST_F(AofWriterTest, LeavesWhatIsWrittenBesideASyncToTheNext) {
  const uint64_t first = Write({"SET", "k", "1"});
  BeginSync();
  const uint64_t second = Write({"SET", "k", "2"});
  EndSync();
  EXPECT_EQ(writer_.synced_offset(), first);
  BeginSync();  // there is one to come
  EXPECT_EQ(writer_.synced_offset(), first);
  EndSync();
  EXPECT_TRUE(Synced(second));
}

TEST_F(AofWriterTest, CountsWhatTheFileDoesNotGetAsSyncedWithWhatIsBeforeIt) {
  Write({"SET", "k", "1"});
  BeginSync();
  const uint64_t beside = Ping();
  EndSync();
  EXPECT_TRUE(Synced(beside));
  const uint64_t behind = Ping();  // nothing is left that a sync would be for
  EXPECT_TRUE(Synced(behind));
  EXPECT_EQ(disk_.begun, 1);
}

TEST_F(AofWriterTest, DoesNotCountItWhereWhatIsBeforeItIsNotSynced) {
  const uint64_t before = writer_.synced_offset();
  Write({"SET", "k", "1"});
  const uint64_t behind = Ping();
  BeginSync();
  EXPECT_EQ(writer_.synced_offset(), before);
  EndSync();
  EXPECT_TRUE(Synced(behind));
}

}  // namespace
}  // namespace larder
