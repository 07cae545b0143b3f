#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "protocol/request_writer.h"
#include "replication/log/replication_log.h"

namespace larder {
namespace {

constexpr std::string_view kSelect0 = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";
constexpr std::string_view kSelect9 = "*2\r\n$6\r\nSELECT\r\n$1\r\n9\r\n";

LogBlock Block(int db, std::vector<std::string_view> words) {
  LogBlock block;
  block.Add(db, words);
  return block;
}

std::string Encoded(std::vector<std::string_view> words) {
  std::string out;
  AppendRequest(out, words);
  return out;
}

// Everything the reader has not taken yet.
std::string Drain(LogReader& reader) {
  std::string text;
  std::vector<ReplicationLog::Piece> pieces;
  do {
    pieces.clear();
    EXPECT_TRUE(reader.Read(1 << 20, pieces));
    for (const auto& piece : pieces) text += piece.bytes;
  } while (!pieces.empty());
  return text;
}

TEST(ReplicationLog, CollectsOnlyForAReaderOrAWindow) {
  ReplicationLog log;
  EXPECT_FALSE(log.collects());
  {
    auto reader = log.ReadFromEnd();
    EXPECT_TRUE(log.collects());
  }
  EXPECT_FALSE(log.collects());
  log.SetWindow(1000);
  EXPECT_TRUE(log.collects());
  log.SetRaw(true);
  EXPECT_FALSE(log.collects());
}

TEST(ReplicationLog, SelectsTheDatabaseWhenItChangesAndForANewReader) {
  ReplicationLog log;
  auto first = log.ReadFromEnd();
  log.AppendBlock(Block(0, {"SET", "a", "1"}), true);
  log.AppendBlock(Block(0, {"SET", "b", "2"}), true);
  log.AppendBlock(Block(9, {"DEL", "a"}), true);
  const std::string set_a = Encoded({"SET", "a", "1"}), set_b = Encoded({"SET", "b", "2"});
  const std::string del = Encoded({"DEL", "a"});
  EXPECT_EQ(Drain(*first), std::string(kSelect0) + set_a + set_b + std::string(kSelect9) + del);
  auto second = log.ReadFromEnd();
  log.AppendBlock(Block(9, {"DEL", "a"}), true);
  EXPECT_EQ(Drain(*second), std::string(kSelect9) + del);
}

TEST(ReplicationLog, TellsThePlaceWhereAReaderBeginsAndWhereItSelectsAnew) {
  ReplicationLog log;
  auto first = log.ReadFromEnd();
  const uint64_t offset = log.AppendBlock(Block(3, {"DEL", "a"}), true);
  EXPECT_EQ(log.end().offset, offset);
  EXPECT_EQ(log.end().db, 3);
  ReplicationLog::Place place;
  auto second = log.ReadFromEnd(&place);
  EXPECT_EQ(place.offset, second->offset());
  EXPECT_EQ(place.db, LogBlock::kAnyDb);
  // A primary's stream goes on in its database.
  log.SetRaw(true);
  const std::string select = LogBlock::Select(5);
  log.AppendRaw(select, 5);
  place = log.SelectAnew();
  EXPECT_EQ(place.offset, offset + select.size());
  EXPECT_EQ(place.db, 5);
}

// Of who was restarted and has not found his primary again.
TEST(ReplicationLog, KnowsTheDatabaseOfAPrimarysStreamThoughNothingIsKept) {
  ReplicationLog log;
  log.Restart(1000, 5);
  log.SetRaw(true);
  EXPECT_EQ(log.end().db, 5);
  log.SetRaw(false);
  EXPECT_EQ(log.end().db, LogBlock::kAnyDb);
}

TEST(ReplicationLog, WrapsTheEffectsOfATransactionAndSelectsInsideIt) {
  ReplicationLog log;
  auto reader = log.ReadFromEnd();
  LogBlock block = Block(0, {"SET", "a", "1"});
  block.Add(9, std::vector<std::string_view>{"SET", "b", "2"});
  log.AppendBlock(block, true);
  EXPECT_EQ(Drain(*reader), std::string(kSelect0) + Encoded({"MULTI"}) +
                                Encoded({"SET", "a", "1"}) + std::string(kSelect9) +
                                Encoded({"SET", "b", "2"}) + Encoded({"EXEC"}));
  // The transaction left the stream in database 9.
  log.AppendBlock(Block(9, {"DEL", "b"}), true);
  EXPECT_EQ(Drain(*reader), Encoded({"DEL", "b"}));
}

TEST(ReplicationLog, PutsNoMultiAroundOneEffectOrWhatIsNoTransaction) {
  ReplicationLog log;
  auto reader = log.ReadFromEnd();
  LogBlock block = Block(0, {"DEL", "a"});
  block.Add(0, std::vector<std::string_view>{"DEL", "b"});
  log.AppendBlock(block, false);
  EXPECT_EQ(Drain(*reader), std::string(kSelect0) + Encoded({"DEL", "a"}) + Encoded({"DEL", "b"}));
}

TEST(ReplicationLog, APingNeedsNoDatabase) {
  ReplicationLog log;
  auto reader = log.ReadFromEnd();
  log.AppendBlock(Block(LogBlock::kAnyDb, {"PING"}), false);
  log.AppendBlock(Block(0, {"DEL", "a"}), true);
  EXPECT_EQ(Drain(*reader), Encoded({"PING"}) + std::string(kSelect0) + Encoded({"DEL", "a"}));
}

TEST(ReplicationLog, CountsEveryByteFromTheOffsetItBeganWith) {
  ReplicationLog log;
  log.Restart(1000, LogBlock::kAnyDb);
  log.SetWindow(1 << 20);
  EXPECT_EQ(log.AppendRaw("12345", 0), 1005u);
  EXPECT_EQ(log.offset(), 1005u);
  EXPECT_EQ(log.first_offset(), 1000u);
  EXPECT_EQ(log.size(), 5u);
}

TEST(ReplicationLog, ReadsFromAnyOffsetInsideTheWindow) {
  ReplicationLog log;
  log.SetWindow(10);
  log.AppendRaw("0123456789abcdef", 0);
  EXPECT_EQ(log.first_offset(), 6u);
  EXPECT_EQ(log.ReadFrom(5), nullptr);
  EXPECT_EQ(log.ReadFrom(17), nullptr);
  auto reader = log.ReadFrom(7);
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(Drain(*reader), "789abcdef");
  EXPECT_EQ(Drain(*log.ReadFrom(16)), "");
}

TEST(ReplicationLog, KeepsWhatTheSlowestReaderHasNotTaken) {
  ReplicationLog log;
  log.SetWindow(10);
  auto slow = log.ReadFrom(0);
  const std::string text(5 * ReplicationLog::kChunkBytes, 'x');
  log.AppendRaw(text, 0);
  log.AppendRaw("end", 0);
  EXPECT_EQ(slow->lag(), text.size() + 3);
  EXPECT_EQ(log.size(), text.size() + 3);
  EXPECT_EQ(Drain(*slow), text + "end");
  EXPECT_EQ(log.size(), 10u);
  slow.reset();
  EXPECT_LT(log.memory_bytes(), 3 * ReplicationLog::kChunkMemory);
}

TEST(ReplicationLog, ABacklogTakesAnotherSizeAtOnceWhereThereIsOne) {
  ReplicationLog log;
  log.ResizeWindow(100);
  EXPECT_EQ(log.window(), 0u);
  log.SetWindow(100);
  log.AppendRaw("0123456789", 0);
  EXPECT_NE(log.ReadFrom(3), nullptr);
  log.ResizeWindow(5);
  EXPECT_EQ(log.ReadFrom(3), nullptr);
  EXPECT_EQ(Drain(*log.ReadFrom(5)), "56789");
}

// What it counts is what it takes: one more byte, and the next size class is 20 KiB.
TEST(ReplicationLog, AChunkAndItsOwnersFitIntoASizeClass) {
  constexpr size_t kOwners = 2 * sizeof(void*);  // make_shared's, in front of the chunk
  EXPECT_LE(sizeof(ReplicationLog::Chunk) + kOwners, ReplicationLog::kChunkMemory);
  ReplicationLog log;
  log.SetWindow(10);
  log.AppendRaw("x", 0);
  EXPECT_GE(log.memory_bytes(), ReplicationLog::kChunkMemory);
}

TEST(ReplicationLog, LendsBytesThatStayWhenTheLogHasForgottenThem) {
  ReplicationLog log;
  std::vector<ReplicationLog::Piece> pieces;
  {
    auto reader = log.ReadFromEnd();
    log.AppendRaw("kept", 0);
    ASSERT_TRUE(reader->Read(100, pieces));
  }
  EXPECT_EQ(log.memory_bytes(), 0u);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].bytes, "kept");
}

TEST(ReplicationLog, AReaderOfAHistoryThatIsOverIsTold) {
  ReplicationLog log;
  auto reader = log.ReadFromEnd();
  log.AppendRaw("old", 0);
  log.Restart(500, LogBlock::kAnyDb);
  std::vector<ReplicationLog::Piece> pieces;
  EXPECT_FALSE(reader->Read(100, pieces));
  EXPECT_TRUE(pieces.empty());
}

TEST(ReplicationLog, TellsReadersOncePerAnnouncement) {
  ReplicationLog log;
  int calls = 0;
  log.OnNews([&] { ++calls; });
  log.SetWindow(100);
  log.AppendRaw("nobody reads this", 0);
  log.Announce();
  EXPECT_EQ(calls, 0);
  const std::unique_ptr<LogReader> reader = log.ReadFrom(0);
  log.AppendRaw("a", 0);
  log.AppendRaw("b", 0);
  log.Announce();
  log.Announce();
  EXPECT_EQ(calls, 1);
}

// Four writers, two readers that start at different places, and blocks that must stay whole.
TEST(ReplicationLog, GivesEveryReaderTheSameBytesInTheSameOrder) {
  constexpr int kWriters = 4, kBlocks = 20000;
  ReplicationLog log;
  log.SetWindow(1 << 20);
  std::atomic<bool> done{false};
  std::string texts[2];
  // Before anybody writes: who comes late finds the window's beginning gone.
  const std::unique_ptr<LogReader> log_readers[] = {log.ReadFrom(0), log.ReadFrom(0)};
  auto read = [&done](std::string& text, LogReader* reader) {
    std::vector<ReplicationLog::Piece> pieces;
    for (bool last = false; !last;) {
      last = done.load();
      pieces.clear();
      do {
        pieces.clear();
        reader->Read(10000, pieces);
        for (const auto& piece : pieces) text += piece.bytes;
      } while (!pieces.empty());
    }
  };
  std::thread readers[] = {std::thread(read, std::ref(texts[0]), log_readers[0].get()),
                           std::thread(read, std::ref(texts[1]), log_readers[1].get())};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&log, w] {
      const std::string key(static_cast<size_t>(w) * 40 + 1, static_cast<char>('a' + w));
      LogBlock block;
      for (int i = 0; i < kBlocks; ++i) {
        block.Add(0, std::vector<std::string_view>{"SET", key, "1"});
        log.AppendBlock(block, true);
        block.Clear();
        log.Announce();
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  done.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(texts[0].size(), log.offset());
  EXPECT_TRUE(texts[0] == texts[1]);
  // Whole blocks only: taking one of each kind away in turn leaves nothing.
  std::string_view rest = texts[0];
  ASSERT_TRUE(rest.starts_with(kSelect0));
  rest.remove_prefix(kSelect0.size());
  int count = 0;
  while (!rest.empty()) {
    const size_t next = std::min(rest.find("*3\r\n", 1), rest.size());
    const char letter = rest[rest.find_first_of("abcd")];
    const std::string key(static_cast<size_t>(letter - 'a') * 40 + 1, letter);
    ASSERT_EQ(rest.substr(0, next), Encoded({"SET", key, "1"}));
    rest.remove_prefix(next);
    ++count;
  }
  EXPECT_EQ(count, kWriters * kBlocks);
}

}  // namespace
}  // namespace larder
