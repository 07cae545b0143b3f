#include "tests/support/cli_text.h"

#include <cctype>
#include <optional>
#include <stdexcept>

namespace larder::test {
namespace {

// The letters that follow a backslash, and what they stand for.
constexpr std::string_view kEscapes = "n\nr\rt\ta\ab\b\\\\\"\"";

constexpr size_t kMaxExpansion = 64 << 20;  // bytes or words one shorthand may become

bool IsPrintable(char c) { return c >= 0x20 && c < 0x7f; }

bool IsMultiline(const Value& value) {
  if (value.items.empty()) return false;
  if (value.items.size() > 1) return true;
  return IsMultiline(value.items.front());
}

std::string EmptyText(char type) {
  switch (type) {
    case '%':
      return "(empty hash)";
    case '~':
      return "(empty set)";
    case '>':
      return "(empty push)";
    default:
      return "(empty array)";
  }
}

std::string Text(const Value& value, const std::string& indent);

std::string AggregateText(const Value& value, const std::string& indent) {
  if (value.items.empty()) return EmptyText(value.type);
  const bool map = value.type == '%';
  const size_t step = map ? 2 : 1;
  const size_t width = std::to_string(value.items.size() / step).size();
  const std::string deeper = indent + std::string(width + 2, ' ');
  const char mark = map ? '#' : value.type == '~' ? '~' : ')';
  std::string out;
  for (size_t i = 0; i < value.items.size(); i += step) {
    const std::string number = std::to_string(i / step + 1);
    if (i > 0) out += "\n" + indent;
    out += std::string(width - number.size(), ' ') + number + mark + ' ';
    out += Text(value.items[i], deeper);
    if (!map) continue;
    out += IsMultiline(value.items[i + 1]) ? " =>\n" + deeper : " => ";
    out += Text(value.items[i + 1], deeper);
  }
  return out;
}

std::string Text(const Value& value, const std::string& indent) {
  if (value.null) return value.type == '*' ? "(nil array)" : "(nil)";
  switch (value.type) {
    case '-':
    case '!':
      return "(error) " + value.text;
    case '+':
      return value.text.empty() ? "(empty status)" : value.text;
    case ':':
      return "(integer) " + value.text;
    case ',':
      return "(double) " + value.text;
    case '(':
      return "(big number) " + value.text;
    case '#':
      return value.text == "t" ? "(true)" : "(false)";
    case '$':
      return Quote(value.text);
    case '=':
      return "(verbatim) " + Quote(value.text);
    default:
      return AggregateText(value, indent);
  }
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Reads words off a line, one after the other.
class Splitter {
 public:
  explicit Splitter(std::string_view line) : rest_(line) {}

  std::vector<std::string> Run() {
    while (SkipBlanks()) Word();
    return std::move(words_);
  }

 private:
  bool SkipBlanks() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front()))) {
      rest_.remove_prefix(1);
    }
    return !rest_.empty();
  }

  void Word() {
    std::vector<std::string> made = {""};
    const auto append = [&made](std::string_view text) {
      for (std::string& word : made) word += text;
    };
    while (!rest_.empty() && !std::isspace(static_cast<unsigned char>(rest_.front()))) {
      const char c = rest_.front();
      if (c == '"' || c == '\'') {
        append(c == '"' ? DoubleQuoted() : SingleQuoted());
      } else if (c == '{' && Repeat(append)) {
      } else if (c == '{' && Range(made)) {
      } else {
        append(rest_.substr(0, 1));
        rest_.remove_prefix(1);
      }
    }
    words_.insert(words_.end(), made.begin(), made.end());
  }

  std::string DoubleQuoted() {
    std::string out;
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\' && rest_.size() > 1) {
        out += Escape();
      } else {
        out += rest_.front();
        rest_.remove_prefix(1);
      }
    }
    CloseQuote();
    return out;
  }

  char Escape() {
    const char c = rest_[1];
    if (c == 'x' && rest_.size() > 3 && HexDigit(rest_[2]) >= 0 && HexDigit(rest_[3]) >= 0) {
      const char byte = static_cast<char>(HexDigit(rest_[2]) * 16 + HexDigit(rest_[3]));
      rest_.remove_prefix(4);
      return byte;
    }
    rest_.remove_prefix(2);
    for (size_t i = 0; i < kEscapes.size(); i += 2) {
      if (kEscapes[i] == c) return kEscapes[i + 1];
    }
    return c;
  }

  std::string SingleQuoted() {
    std::string out;
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != '\'') {
      if (rest_.starts_with("\\'")) rest_.remove_prefix(1);
      out += rest_.front();
      rest_.remove_prefix(1);
    }
    CloseQuote();
    return out;
  }

  void CloseQuote() {
    if (rest_.empty()) throw std::runtime_error("unbalanced quotes");
    rest_.remove_prefix(1);
  }

  // {text*N}
  template <typename Append>
  bool Repeat(const Append& append) {
    const size_t end = rest_.find('}');
    if (end == std::string_view::npos) return false;
    const std::string_view inside = rest_.substr(1, end - 1);
    const size_t star = inside.rfind('*');
    if (star == std::string_view::npos || star == 0) return false;
    const std::optional<size_t> times = Number(inside.substr(star + 1));
    if (!times || *times * star > kMaxExpansion) return false;
    std::string text;
    for (size_t i = 0; i < *times; ++i) text += inside.substr(0, star);
    append(text);
    rest_.remove_prefix(end + 1);
    return true;
  }

  // {first..last}
  bool Range(std::vector<std::string>& made) {
    const size_t end = rest_.find('}');
    if (end == std::string_view::npos) return false;
    const std::string_view inside = rest_.substr(1, end - 1);
    const size_t dots = inside.find("..");
    if (dots == std::string_view::npos) return false;
    const std::optional<size_t> first = Number(inside.substr(0, dots));
    const std::optional<size_t> last = Number(inside.substr(dots + 2));
    if (!first || !last || *last < *first || *last - *first > kMaxExpansion) return false;
    std::vector<std::string> more;
    for (const std::string& word : made) {
      for (size_t i = *first; i <= *last; ++i) more.push_back(word + std::to_string(i));
    }
    made = std::move(more);
    rest_.remove_prefix(end + 1);
    return true;
  }

  static std::optional<size_t> Number(std::string_view text) {
    if (text.empty() || text.size() > 9) return std::nullopt;
    size_t number = 0;
    for (const char c : text) {
      if (c < '0' || c > '9') return std::nullopt;
      number = number * 10 + static_cast<size_t>(c - '0');
    }
    return number;
  }

  std::string_view rest_;
  std::vector<std::string> words_;
};

}  // namespace

std::string Quote(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    size_t escape = 1;
    while (escape < kEscapes.size() && kEscapes[escape] != c) escape += 2;
    if (escape < kEscapes.size()) {
      out += {'\\', kEscapes[escape - 1]};
    } else if (IsPrintable(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'\\', 'x', kHex[byte / 16], kHex[byte % 16]};
    }
  }
  return out + '"';
}

std::string CliText(const Value& value) { return Text(value, ""); }

std::vector<std::string> SplitWords(std::string_view line) { return Splitter(line).Run(); }

}  // namespace larder::test
