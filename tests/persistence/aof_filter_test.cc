#include "server/persistence/aof_filter.h"

#include <gtest/gtest.h>

#include <initializer_list>

#include "protocol/request_writer.h"
#include "server/base/random.h"
#include "server/base/strings.h"

namespace larder {
namespace {

using Words = std::initializer_list<std::string_view>;

std::string Encoded(std::initializer_list<Words> requests) {
  std::string bytes;
  for (const Words& words : requests) bytes += EncodeRequest(words);
  return bytes;
}

// What the file gets of the bytes, given to the filter in pieces of so many.
std::string Filtered(AofFilter& filter, std::string_view bytes, size_t piece_bytes = SIZE_MAX) {
  std::string all;
  auto chunk = std::make_shared<ReplicationLog::Chunk>(0);
  for (size_t i = 0; i < bytes.size(); i += std::min(piece_bytes, bytes.size())) {
    AofFilter::Pieces pieces = {{chunk, bytes.substr(i, piece_bytes)}};
    filter.Apply(pieces);
    for (const ReplicationLog::Piece& piece : pieces) all += piece.bytes;
  }
  return all;
}

std::string Filtered(std::string_view bytes, std::string_view left_out = "0 no") {
  AofFilter filter(DatabaseSet::LeftOut(left_out), LogBlock::kAnyDb);
  return Filtered(filter, bytes);
}

TEST(AofFilter, DropsTheCommandsOfDatabasesThatAreLeftOut) {
  const std::string stream = Encoded({{"SELECT", "0"},
                                      {"SET", "cache", "1"},
                                      {"SELECT", "2"},
                                      {"SET", "session", "1"},
                                      {"SELECT", "0"},
                                      {"DEL", "cache"},
                                      {"SELECT", "2"},
                                      {"DEL", "session"},
                                      {"PING"}});
  EXPECT_EQ(Filtered(stream),
            Encoded({{"SELECT", "2"}, {"SET", "session", "1"}, {"DEL", "session"}}));
  EXPECT_EQ(Filtered(stream, "0 no 2 no"), "");
}

TEST(AofFilter, LeavesOfATransactionWhatBelongsToTheFileOrNothing) {
  EXPECT_EQ(Filtered(Encoded({{"SELECT", "0"},
                              {"MULTI"},
                              {"SET", "a", "1"},
                              {"SELECT", "2"},
                              {"SET", "b", "1"},
                              {"SELECT", "0"},
                              {"SET", "c", "1"},
                              {"EXEC"},
                              {"MULTI"},
                              {"SET", "d", "1"},
                              {"INCR", "d"},
                              {"EXEC"},
                              {"SELECT", "2"},
                              {"SET", "e", "1"}})),
            Encoded({{"MULTI"}, {"SELECT", "2"}, {"SET", "b", "1"}, {"EXEC"}, {"SET", "e", "1"}}));
}

TEST(AofFilter, KeepsWhatIsForAllDatabases) {
  const std::string all = Encoded({{"FLUSHALL"}, {"FUNCTION", "FLUSH"}, {"SWAPDB", "2", "3"}});
  EXPECT_EQ(Filtered(Encoded({{"SELECT", "0"}, {"FLUSHDB"}}) + all), all);
}

TEST(AofFilter, SeesWhatGoesOverTheBorder) {
  AofFilter filter(DatabaseSet::LeftOut("0 no 1 no"), 2);
  EXPECT_EQ(Filtered(filter, Encoded({{"MOVE", "k", "0"},
                                      {"MOVE", "k", "3"},
                                      {"COPY", "a", "b", "DB", "0"},
                                      {"COPY", "a", "b", "REPLACE", "DB", "3"},
                                      {"COPY", "a", "b"}})),
            Encoded({{"SELECT", "2"},
                     {"DEL", "k"},
                     {"MOVE", "k", "3"},
                     {"COPY", "a", "b", "REPLACE", "DB", "3"},
                     {"COPY", "a", "b"}}));
  EXPECT_EQ(Filtered(filter, Encoded({{"SELECT", "0"}, {"MOVE", "k", "1"}, {"COPY", "a", "b"}})),
            "");
  EXPECT_FALSE(filter.TakeCrossed());
  EXPECT_EQ(Filtered(filter, Encoded({{"MOVE", "k", "2"}})), "");
  EXPECT_TRUE(filter.TakeCrossed());
  EXPECT_EQ(Filtered(filter, Encoded({{"COPY", "a", "b", "DB", "2"}})), "");
  EXPECT_TRUE(filter.TakeCrossed());
  Filtered(filter, Encoded({{"SWAPDB", "1", "2"}}));
  EXPECT_TRUE(filter.TakeCrossed());
  EXPECT_FALSE(filter.TakeCrossed());
}

TEST(AofFilter, DoesNotCareHowTheBytesCome) {
  std::string stream, expected = LogBlock::Select(1);
  Random dice(7);
  for (int i = 0; i < 300; ++i) {
    const std::string value(dice.Below(400), 'v');
    const bool kept = dice.Below(2) == 0;
    const std::string request = Encoded({{"SET", "k", value}});
    stream += LogBlock::Select(kept ? 1 : 0) + request;
    if (kept) expected += request;
  }
  for (size_t piece_bytes : {size_t{1}, size_t{3}, size_t{64}, size_t{1000}, stream.size()}) {
    AofFilter filter(DatabaseSet::LeftOut("0 no"), LogBlock::kAnyDb);
    EXPECT_EQ(Filtered(filter, stream, piece_bytes), expected) << piece_bytes;
  }
}

TEST(AofFilter, BytesThatAreNoRequestAskForARewrite) {
  AofFilter filter(DatabaseSet::LeftOut("0 no"), 1);
  EXPECT_EQ(Filtered(filter, "*x\r\n"), "");
  EXPECT_TRUE(filter.TakeCrossed());
}

}  // namespace
}  // namespace larder
