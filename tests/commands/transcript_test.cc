// Plays one transcript (see tests/README.md):
//
//   transcript_test --target larder|redis [--server-cmd "COMMAND … {port} …"] [--print] FILE.test
//
// The target "redis" knows its command; without --server-cmd, "larder" is build/larder-server.
// --print writes the file with the replies this server gave; expectations that hold, wildcards and
// all, stay as they are. The exit status is 0 when every block passed.
#include "tests/commands/transcript.h"

#include <exception>
#include <filesystem>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include "tests/commands/player.h"
#include "tests/support/cli_text.h"
#include "tests/support/server_process.h"

namespace larder::test {
namespace {

struct Options {
  std::string target;
  std::string server_command;
  std::string file;
  bool print = false;
};

std::string DefaultCommand(const std::string& target) {
  const std::string options =
      " --port {port} --bind 127.0.0.1 --save '' --enable-debug-command yes";
  if (target == "redis") return "redis-server" + options;
  if (target == "larder")
    return std::filesystem::absolute("build/larder-server").string() + options;
  throw std::runtime_error("--target is larder or redis");
}

Options ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool more = i + 1 < argc;
    if (word == "--print") {
      options.print = true;
    } else if (word == "--target" && more) {
      options.target = argv[++i];
    } else if (word == "--server-cmd" && more) {
      options.server_command = argv[++i];
    } else if (!word.starts_with("--") && options.file.empty()) {
      options.file = word;
    } else {
      throw std::runtime_error("unknown option " + word);
    }
  }
  if (options.file.empty()) throw std::runtime_error("no file");
  if (options.server_command.empty()) options.server_command = DefaultCommand(options.target);
  return options;
}

// Writes the transcript with what the server replied.
void Print(const Transcript& transcript, int port, const std::string& target) {
  std::map<int, std::pair<int, std::vector<std::string>>> replaced;  // from -> (to, new lines)
  Player player({target, port}, [&](const Step& step, const std::vector<std::string>& actual) {
    const bool holds = !step.expected.empty() && Matches(step.expected, actual, step.order);
    replaced[step.expected_from] = {step.expected_to, holds ? step.expected : actual};
  });
  for (const Block& block : transcript.blocks) {
    if (!player.Plays(block)) continue;
    const std::string failure = player.Play(block);
    if (!failure.empty()) std::cerr << failure;
  }
  const int end = static_cast<int>(transcript.lines.size());
  for (int line = 0; line <= end;) {
    const auto found = replaced.find(line);
    if (found != replaced.end()) {
      for (const std::string& text : found->second.second) std::cout << text << "\n";
      if (found->second.first > line) {
        line = found->second.first;
        continue;
      }
    }
    if (line < end) std::cout << transcript.lines[static_cast<size_t>(line)] << "\n";
    ++line;
  }
}

// The number of failed blocks.
int Check(const Transcript& transcript, int port, const std::string& target) {
  Player player({target, port});
  int passed = 0;
  int skipped = 0;
  int failed = 0;
  for (const Block& block : transcript.blocks) {
    if (!player.Plays(block)) {
      ++skipped;
      continue;
    }
    const std::string failure = player.Play(block);
    if (failure.empty()) {
      ++passed;
    } else {
      ++failed;
      std::cout << "FAILED " << transcript.path.filename().string() << " " << failure;
    }
  }
  std::cout << transcript.path.filename().string() << " on " << target << ": " << passed
            << " blocks passed, " << skipped << " skipped, " << failed << " failed\n";
  return failed;
}

int Run(int argc, char** argv) {
  const Options options = ParseOptions(argc, argv);
  const Transcript transcript = ReadTranscript(options.file);
  ServerProcess server(SplitWords(options.server_command));
  int failed = 0;
  try {
    if (options.print) {
      Print(transcript, server.port(), options.target);
    } else {
      failed = Check(transcript, server.port(), options.target);
    }
  } catch (const std::runtime_error& error) {
    std::cout << "FAILED " << error.what() << "\n";
    ++failed;
  }
  const int status = server.Stop();
  if (status != 0) std::cout << "FAILED the server ended with status " << status << "\n";
  if (failed > 0 || status != 0) std::cout << "its output ends with\n" << server.Output();
  return failed > 0 || status != 0;
}

}  // namespace
}  // namespace larder::test

int main(int argc, char** argv) {
  try {
    return larder::test::Run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "transcript_test: " << error.what() << "\n";
    return 2;
  }
}
