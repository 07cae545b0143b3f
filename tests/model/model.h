// A store so simple that it is plainly right: one database in std containers, and the replies Redis
// gives in RESP2. The model test plays the same random commands on it and on larder. Not
// thread-safe: one model stands for the keys that one connection uses.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <variant>

#include "tests/support/connection.h"
#include "tests/support/resp.h"

namespace larder::test {

class Model {
 public:
  using Text = std::string;
  using Hash = std::map<std::string, std::string>;
  using Set = std::set<std::string>;
  using List = std::deque<std::string>;
  using Scores = std::map<std::string, int64_t>;  // a sorted set; whole scores, exact in a double
  struct Key {
    std::variant<Text, Hash, Set, List, Scores> value;
    bool expires = false;  // some day; nothing expires while a test runs
  };

  // The reply to one command. What Redis returns in no order (HGETALL, SMEMBERS, SINTER…) is
  // sorted. Throws std::out_of_range for a command the model does not know.
  Value Run(const Words& words);

  // For the handlers in model.cc. Find: null when there is no such key; throws WrongType.
  template <typename T>
  T* Find(const std::string& key);
  template <typename T>
  T& FindOrCreate(const std::string& key);
  void DropIfEmpty(const std::string& key);  // Redis keeps no empty collection
  std::map<std::string, Key>& keys() { return keys_; }

 private:
  std::map<std::string, Key> keys_;
};

// A server's reply with its elements sorted where the command returns them in no order.
Value Normalized(const Words& words, Value reply);

}  // namespace larder::test
