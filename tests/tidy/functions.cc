#include "tests/tidy/functions.h"

#include <array>
#include <cctype>
#include <string_view>

namespace larder::tidy {
namespace {

constexpr std::array<std::string_view, 6> kScopes = {"namespace", "class", "struct",
                                                     "union",     "enum",  "extern"};

bool HoldsWord(std::string_view text, std::string_view word) {
  const auto letter = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool starts = at == 0 || !letter(text[at - 1]);
    if (starts && (end == text.size() || !letter(text[end]))) return true;
  }
  return false;
}

class Finder {
 public:
  explicit Finder(const std::vector<std::string>& lines) : lines_(lines) {}

  std::vector<FunctionSpan> Run() {
    for (line_ = 0; line_ < lines_.size(); ++line_) {
      if (mode_ == Mode::kCode && IsPreprocessor()) continue;
      for (at_ = 0; at_ < lines_[line_].size(); ++at_) Character();
    }
    return std::move(found_);
  }

 private:
  enum class Mode { kCode, kComment, kRawString };
  enum class Brace { kScope, kFunction, kOther };

  // A directive, and the lines that a backslash adds to it.
  bool IsPreprocessor() {
    const bool continued = line_ > 0 && in_directive_ && lines_[line_ - 1].ends_with('\\');
    in_directive_ = continued || lines_[line_].starts_with('#');
    return in_directive_;
  }

  std::string_view Rest() const { return std::string_view(lines_[line_]).substr(at_); }

  void Character() {
    if (mode_ == Mode::kComment) {
      if (Rest().starts_with("*/")) mode_ = Mode::kCode;
    } else if (mode_ == Mode::kRawString) {
      if (Rest().starts_with(raw_end_)) mode_ = Mode::kCode;
    } else if (Rest().starts_with("//")) {
      at_ = lines_[line_].size();
    } else if (Rest().starts_with("/*")) {
      mode_ = Mode::kComment;
    } else if (Rest().starts_with("R\"")) {
      const std::string_view delimiter = Rest().substr(2, Rest().find('(') - 2);
      raw_end_ = ")" + std::string(delimiter) + "\"";
      mode_ = Mode::kRawString;
    } else if (lines_[line_][at_] == '"' || IsCharacterLiteral()) {
      SkipQuoted(lines_[line_][at_]);
    } else {
      Code(lines_[line_][at_]);
    }
  }

  // Not the separator of 20'000.
  bool IsCharacterLiteral() const {
    if (lines_[line_][at_] != '\'') return false;
    return at_ == 0 || !std::isalnum(static_cast<unsigned char>(lines_[line_][at_ - 1]));
  }

  void SkipQuoted(char quote) {
    const std::string& line = lines_[line_];
    for (++at_; at_ < line.size() && line[at_] != quote; ++at_) {
      if (line[at_] == '\\') ++at_;
    }
    Append('"');
  }

  void Code(char c) {
    if (c == '{') {
      Open();
    } else if (c == '}') {
      Close();
    } else if (c == ';') {
      head_.clear();
    } else {
      Append(c);
    }
  }

  void Append(char c) {
    if (head_.empty() && c == ' ') return;
    if (head_.empty()) head_line_ = line_ + 1;
    head_ += c;
  }

  void Open() {
    Brace kind = Brace::kOther;
    if (functions_open_ == 0) {
      kind = KindOfHead();
      if (kind == Brace::kFunction) function_line_ = head_line_;
    }
    if (kind == Brace::kFunction) ++functions_open_;
    braces_.push_back(kind);
    head_.clear();
  }

  Brace KindOfHead() const {
    // A class may say how it is aligned, which is no list of parameters.
    const size_t first = head_.find('(');
    const bool alignment =
        first != std::string::npos && head_.substr(0, first).ends_with("alignas");
    const bool parenthesis = first != std::string::npos && !alignment;
    for (const std::string_view word : kScopes) {
      if (HoldsWord(head_, word) && !parenthesis) return Brace::kScope;
    }
    if (!parenthesis || head_.ends_with("= ") || head_.ends_with(", ") || head_.ends_with("(")) {
      return Brace::kOther;
    }
    return Brace::kFunction;
  }

  void Close() {
    if (!braces_.empty()) {
      if (braces_.back() == Brace::kFunction) {
        --functions_open_;
        found_.push_back({function_line_, line_ + 1});
      }
      braces_.pop_back();
    }
    head_.clear();
  }

  const std::vector<std::string>& lines_;
  size_t line_ = 0;
  size_t at_ = 0;
  Mode mode_ = Mode::kCode;
  bool in_directive_ = false;
  std::string raw_end_;
  std::string head_;  // the code since the last ; { or }
  size_t head_line_ = 0;
  size_t function_line_ = 0;
  int functions_open_ = 0;
  std::vector<Brace> braces_;
  std::vector<FunctionSpan> found_;
};

}  // namespace

std::vector<FunctionSpan> FunctionsIn(const std::vector<std::string>& lines) {
  return Finder(lines).Run();
}

}  // namespace larder::tidy
