#include "tests/model/random_commands.h"

#include <array>
#include <sstream>
#include <string_view>

namespace larder::test {
namespace {

// S H T L Z: a key of that type (mostly); m: a member or field; t: any text; n: a small number;
// i: an index; "+" behind a word or a pair in brackets: one to many of it.
constexpr std::array<std::string_view, 70> kTemplates = {
    "SET S t",
    "SET S n",
    "GET S",
    "APPEND S t",
    "STRLEN S",
    "INCRBY S n",
    "GETRANGE S i i",
    "SETRANGE S n t",
    "MSET [S,t]+",
    "MGET S+",
    "DEL S",
    "DEL H",
    "DEL T",
    "DEL L",
    "DEL Z",
    "EXISTS S H T",
    "TYPE H",
    "EXPIRE T 100000",
    "EXPIRE H 100000",
    "PERSIST H",
    "PERSIST T",
    "RENAME H H",
    "RENAME L L",
    "RENAME Z Z",
    "COPY H H",
    "COPY L L",
    "COPY T T",
    "COPY Z Z",
    "HSET H [m,t]+",
    "HSET H m t",
    "HSET H m n",
    "HGET H m",
    "HGET H m",
    "HDEL H m+",
    "HLEN H",
    "HINCRBY H m n",
    "HGETALL H",
    "SADD T m+",
    "SADD T n+",
    "SREM T m+",
    "SREM T n+",
    "SISMEMBER T m",
    "SCARD T",
    "SMEMBERS T",
    "SINTER T T",
    "SUNION T T T",
    "SDIFF T T",
    "SINTERSTORE T T T",
    "SUNIONSTORE T T T",
    "SDIFFSTORE T T T",
    "LPUSH L t+",
    "RPUSH L t+",
    "RPUSH L m+",
    "LPOP L",
    "RPOP L",
    "LLEN L",
    "LRANGE L i i",
    "LINDEX L i",
    "LSET L i t",
    "LREM L i m",
    "LTRIM L n -2",
    "LINSERT L BEFORE m t",
    "ZADD Z [n,m]+",
    "ZADD Z GT CH [n,m]+",
    "ZADD Z NX n m",
    "ZINCRBY Z n m",
    "ZREM Z m+",
    "ZRANK Z m",
    "ZRANGE Z i i WITHSCORES",
    "ZRANGEBYSCORE Z -10 30 WITHSCORES",
};
constexpr std::array<std::string_view, 7> kMoreTemplates = {
    "ZPOPMIN Z",    "ZPOPMAX Z",        "ZSCORE Z m",          "ZCARD Z",
    "ZREVRANK Z m", "ZADD Z LT XX n m", "LINSERT L AFTER m m",
};

constexpr uint64_t kKeys = 6;       // of each type: commands meet the same keys often
constexpr uint64_t kMembers = 700;  // more than any compact encoding holds

}  // namespace

Words RandomCommands::Next() {
  const size_t pick = Below(kTemplates.size() + kMoreTemplates.size());
  const std::string_view text =
      pick < kTemplates.size() ? kTemplates[pick] : kMoreTemplates[pick - kTemplates.size()];
  std::istringstream stream{std::string(text)};
  Words words;
  for (std::string word; stream >> word;) {
    const bool many = word.ends_with('+');
    if (many) word.pop_back();
    // Mostly a few; now and then enough to change the encoding.
    const uint64_t times = !many ? 1 : Below(50) == 0 ? 200 : 1 + Below(4);
    for (uint64_t i = 0; i < times; ++i) Expand(word, words);
  }
  return words;
}

void RandomCommands::Expand(const std::string& word, Words& words) {
  if (word.starts_with('[')) {
    const size_t comma = word.find(',');
    Expand(word.substr(1, comma - 1), words);
    Expand(word.substr(comma + 1, word.size() - comma - 2), words);
  } else if (word.size() == 1 &&
             std::string_view("SHTLZ").find(word[0]) != std::string_view::npos) {
    words.push_back(Key(word[0]));
  } else if (word == "m") {
    words.push_back(Member());
  } else if (word == "t") {
    words.push_back(Text());
  } else if (word == "n") {
    words.push_back(std::to_string(Below(50)));
  } else if (word == "i") {
    words.push_back(std::to_string(static_cast<int64_t>(Below(40)) - 20));
  } else {
    words.push_back(word);
  }
}

std::string RandomCommands::Key(char type) {
  constexpr std::string_view kTypes = "SHTLZ";
  if (Below(40) == 0) type = kTypes[Below(kTypes.size())];  // so that WRONGTYPE happens
  return prefix_ + type + std::to_string(Below(kKeys));
}

std::string RandomCommands::Member() {
  const std::string number = std::to_string(Below(Below(3) == 0 ? kMembers : 20));
  return "m" + number;
}

std::string RandomCommands::Text() {
  const uint64_t length = Below(100) == 0 ? 20000 : Below(10) == 0 ? 200 : Below(20);
  std::string text;
  for (uint64_t i = 0; i < length; ++i) text += static_cast<char>(Below(256));
  return text;
}

}  // namespace larder::test
