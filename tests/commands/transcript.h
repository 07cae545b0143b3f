// A .test file taken apart: blocks of steps, as tests/README.md describes the format. Parsing is
// pure; nothing here talks to a server. Throws std::runtime_error, naming the line, for what it
// cannot read.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/commands/expectation.h"

namespace larder::test {

// One command, or one wait for something a client was sent.
struct Step {
  int line = 0;        // of the command, counted from 1
  std::string client;  // "" is the client without a name
  std::string text;    // the command as written; empty for a wait ("b<")
  bool raw = false;    // send the one word's bytes as they are
  bool await = false;  // repeat until the reply is the expected one
  Order order = Order::kExact;
  std::vector<std::string> expected;
  int expected_from = 0;  // the lines of the file that `expected` was read from: [from, to)
  int expected_to = 0;

  bool IsWait() const { return text.empty(); }
};

struct Block {
  int line = 0;
  std::string name;
  std::string since;  // the first version that can play it ("7.2"); empty: any
  std::string only;   // "larder" or "redis"; empty: both
  bool resp3 = false;
  std::vector<std::pair<std::string, std::string>> config;  // set before, put back after
  std::vector<Step> steps;
};

struct Transcript {
  std::filesystem::path path;
  std::vector<std::string> lines;
  std::vector<Block> blocks;
};

Transcript ReadTranscript(const std::filesystem::path& path);
Transcript ParseTranscript(const std::filesystem::path& path, const std::string& text);

}  // namespace larder::test
