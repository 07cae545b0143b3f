#include "tests/commands/transcript.h"

#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace larder::test {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// "first rest of it" -> {"first", "rest of it"}
std::pair<std::string, std::string> CutWord(std::string_view text) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, space)), std::string(Trim(text.substr(space)))};
}

// "larder, the reason" -> "larder"
std::string FirstWord(const std::string& text) { return text.substr(0, text.find_first_of(" ,")); }

struct Prompt {
  std::string client;
  bool wait;
  std::string rest;
};

// "> GET k", "b> BLPOP q 0", "b<"
std::optional<Prompt> ParsePrompt(std::string_view line) {
  const size_t mark = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_");
  if (mark == std::string_view::npos || (line[mark] != '>' && line[mark] != '<')) {
    return std::nullopt;
  }
  if (mark + 1 < line.size() && line[mark + 1] != ' ') return std::nullopt;
  return Prompt{std::string(line.substr(0, mark)), line[mark] == '<',
                std::string(Trim(line.substr(mark + 1)))};
}

class Parser {
 public:
  explicit Parser(Transcript& transcript) : transcript_(transcript) {}

  void Run() {
    for (at_ = 0; at_ < transcript_.lines.size(); ++at_) Line(transcript_.lines[at_]);
  }

 private:
  void Line(const std::string& line) {
    if (line.empty()) {
      open_ = false;
    } else if (line.starts_with('#')) {
      open_ = false;
      Header(Trim(std::string_view(line).substr(1)));
    } else if (const std::optional<Prompt> prompt = ParsePrompt(line)) {
      AddStep(*prompt);
    } else if (open_) {
      Step& step = transcript_.blocks.back().steps.back();
      step.expected.push_back(line);
      step.expected_to = static_cast<int>(at_) + 1;
    } else {
      Fail("neither a command, a reply to one, nor a comment");
    }
  }

  // What is not one of these words is a comment.
  void Header(std::string_view text) {
    const auto [word, rest] = CutWord(text);
    if (word == "name:") {
      Block block = defaults_;
      block.line = static_cast<int>(at_) + 1;
      block.name = rest;
      transcript_.blocks.push_back(std::move(block));
    } else if (word == "since:") {
      target().since = FirstWord(rest);
    } else if (word == "only:") {
      target().only = FirstWord(rest);
      if (target().only != "larder" && target().only != "redis") Fail("only: larder or redis");
    } else if (word == "config:") {
      target().config.push_back(CutWord(rest));
    } else if (text == "resp3") {
      target().resp3 = true;
    } else if (text == "raw") {
      next_.raw = true;
    } else if (text == "await") {
      next_.await = true;
    } else if (word == "unordered") {
      next_.order = ParseOrder(rest);
    }
  }

  Order ParseOrder(const std::string& text) {
    if (text == "pairs") return Order::kPairs;
    if (text == "deep") return Order::kDeep;
    if (!text.empty()) Fail("unordered, unordered pairs or unordered deep");
    return Order::kUnordered;
  }

  void AddStep(const Prompt& prompt) {
    if (transcript_.blocks.empty()) Fail("a command before the first '# name:'");
    if (!prompt.wait && prompt.rest.empty()) Fail("no command after the prompt");
    Step step = std::exchange(next_, Step());
    step.line = static_cast<int>(at_) + 1;
    step.client = prompt.client;
    step.expected_from = step.expected_to = step.line;
    if (prompt.wait && !prompt.rest.empty()) Fail("what the client reads stands on the next line");
    step.text = prompt.rest;
    while (step.text.ends_with(" \\")) {
      step.text.pop_back();
      if (++at_ == transcript_.lines.size()) Fail("a continued line at the end of the file");
      step.text += Trim(transcript_.lines[at_]);
      step.expected_from = step.expected_to = static_cast<int>(at_) + 1;
    }
    transcript_.blocks.back().steps.push_back(std::move(step));
    open_ = true;
  }

  Block& target() { return transcript_.blocks.empty() ? defaults_ : transcript_.blocks.back(); }

  [[noreturn]] void Fail(const std::string& why) const {
    throw std::runtime_error(transcript_.path.string() + ":" + std::to_string(at_ + 1) + ": " +
                             why);
  }

  Transcript& transcript_;
  Block defaults_;  // headers before the first block hold for every block
  Step next_;       // what the annotations before a command say about it
  size_t at_ = 0;
  bool open_ = false;  // lines of a reply may follow
};

}  // namespace

Transcript ParseTranscript(const std::filesystem::path& path, const std::string& text) {
  Transcript transcript;
  transcript.path = path;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) transcript.lines.push_back(line);
  Parser(transcript).Run();
  return transcript;
}

Transcript ReadTranscript(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return ParseTranscript(path, std::string((std::istreambuf_iterator<char>(file)), {}));
}

}  // namespace larder::test
