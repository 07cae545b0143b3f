#include "server/persistence/command_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "server/base/strings.h"

namespace larder {
namespace {

using Result = CommandReader::Result;

// Gives at most so many bytes at a time.
class Dribble : public RdbSource {
 public:
  Dribble(std::string_view bytes, size_t most) : bytes_(bytes), most_(most) {}
  size_t Read(char* to, size_t most) override {
    const size_t size = std::min({most, most_, bytes_.size()});
    std::memcpy(to, bytes_.data(), size);
    bytes_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view bytes_;
  const size_t most_;
};

struct Outcome {
  std::vector<std::string> words;  // of all requests, "|" behind each
  Result result;
  uint64_t position;
};

Outcome ReadAll(std::string_view input, size_t most) {
  Dribble source(input, most);
  CommandReader reader(source, 0);
  Outcome outcome;
  std::vector<std::string_view> words;
  while ((outcome.result = reader.Next(words)) == Result::kRequest) {
    outcome.words.insert(outcome.words.end(), words.begin(), words.end());
    outcome.words.push_back("|");
  }
  outcome.position = reader.position();
  return outcome;
}

constexpr std::string_view kSet = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n";
constexpr std::string_view kNote = "#TS:1628217470\r\n";

TEST(CommandReader, ReadsRequestsHoweverTheyComeAndPassesOverAnnotations) {
  const std::string input = StrCat(kNote, kSet, kNote, kSet);
  for (size_t most : {size_t{1}, size_t{7}, size_t{1000}}) {
    const Outcome outcome = ReadAll(input, most);
    EXPECT_EQ(outcome.result, Result::kEnd);
    EXPECT_EQ(outcome.words,
              (std::vector<std::string>{"SET", "k", "value", "|", "SET", "k", "value", "|"}));
    EXPECT_EQ(outcome.position, input.size());
  }
}

TEST(CommandReader, TellsWhereATruncatedTailBegins) {
  const std::string whole = StrCat(kSet, kNote);
  for (size_t cut = 1; cut < kSet.size(); ++cut) {
    const Outcome outcome = ReadAll(StrCat(whole, kSet.substr(0, cut)), 5);
    EXPECT_EQ(outcome.result, Result::kTruncated) << cut;
    EXPECT_EQ(outcome.position, whole.size()) << cut;
  }
  EXPECT_EQ(ReadAll(StrCat(kSet, "#TS:1"), 5).result, Result::kTruncated);
}

TEST(CommandReader, TakesALineThatEndsInANewlineAloneForNoTruncatedTail) {
  for (std::string_view bad : {"*3\n$3\nSET\n$1\nk\n$5\nvalue\n", "*3\n", "*3\r\n$3\n",
                               "*3\r\n$3\r\nSET\r\n$1\nk\n", "*3\n\r"}) {
    const Outcome outcome = ReadAll(StrCat(kSet, bad), 5);
    EXPECT_EQ(outcome.result, Result::kMalformed) << bad;
    EXPECT_EQ(outcome.position, kSet.size()) << bad;
  }
  // In a word it is a byte as any other.
  EXPECT_EQ(ReadAll("*1\r\n$4\r\na\nb\n", 5).result, Result::kTruncated);
  EXPECT_EQ(ReadAll("*2\r\n$4\r\na\nb\n\r\n$1", 5).result, Result::kTruncated);
}

TEST(CommandReader, RefusesWhatIsNoRequest) {
  for (std::string_view bad : {"!!!", "PING\r\n", "*0\r\n", "*x\r\n", "*1\r\nPING\r\n", "\r\n"}) {
    const Outcome outcome = ReadAll(StrCat(kSet, bad), 100);
    EXPECT_EQ(outcome.result, Result::kMalformed) << bad;
    EXPECT_EQ(outcome.position, kSet.size()) << bad;
  }
  EXPECT_EQ(ReadAll(StrCat("#", std::string(2000, 'x'), "\r\n"), 100).result, Result::kMalformed);
}

}  // namespace
}  // namespace larder
