// Random commands for the model test, made from templates. The same seed makes the same commands.
// Not thread-safe.
#pragma once

#include <random>
#include <string>

#include "tests/support/connection.h"

namespace larder::test {

class RandomCommands {
 public:
  // Keys get the prefix, so that several connections do not meet.
  RandomCommands(uint64_t seed, std::string prefix) : random_(seed), prefix_(std::move(prefix)) {}

  Words Next();

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  std::string Key(char type);
  std::string Member();
  std::string Text();
  void Expand(const std::string& word, Words& words);

  std::mt19937_64 random_;
  std::string prefix_;
};

}  // namespace larder::test
