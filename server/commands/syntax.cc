#include "server/commands/syntax.h"

#include <algorithm>
#include <iterator>

#include "server/base/strings.h"

namespace larder {
namespace {

using Arguments = std::vector<SyntaxArgument>;

bool IsToken(std::string_view word) {
  if (word == "*" || word == "=" || word == "~" || word == "$") return true;
  word = word.substr(0, word.find('('));
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) &&
         word == [&] {
           std::string upper(word);
           for (char& c : upper) c = ToUpper(c);
           return upper;
         }();
}

bool Contains(std::string_view list, std::string_view word) {
  return StrCat(" ", list, " ").find(StrCat(" ", word, " ")) != std::string::npos;
}

// What a value is follows from its name; everything else is a string.
std::string_view TypeOfName(std::string_view name) {
  if (Contains("key newkey source destination key1 key2 dstkey destkey", name)) return "key";
  if (name == "pattern") return "pattern";
  if (name.starts_with("unix-time")) return "unix-time";
  if (Contains("score longitude latitude radius width height weight double", name)) return "double";
  if (Contains("count seconds milliseconds numkeys index start stop offset end cursor increment "
               "decrement db rank num-matches len timeout index1 index2 samples version protover "
               "limit timestamp client-id min-match-len bit destination-db numreplicas",
               name)) {
    return "integer";
  }
  return "string";
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) { Advance(); }

  // Alternatives until the closing bracket or the end: one, or a oneof of several.
  Arguments Alternatives() {
    std::vector<Arguments> choices(1, Sequence());
    while (word_ == "|") {
      Advance();
      choices.push_back(Sequence());
    }
    if (choices.size() == 1) return std::move(choices[0]);
    SyntaxArgument oneof;
    oneof.type = "oneof";
    for (Arguments& choice : choices) oneof.parts.push_back(Join(std::move(choice)));
    oneof.name = oneof.parts[0].name;
    return {std::move(oneof)};
  }

  // One argument of several: themselves, or a block of them.
  static SyntaxArgument Join(Arguments arguments) {
    if (arguments.size() == 1) return std::move(arguments[0]);
    SyntaxArgument block;
    block.type = "block";
    for (const SyntaxArgument& part : arguments) {
      StrAppend(block.name, block.name.empty() ? "" : "-", part.name);
    }
    block.parts = std::move(arguments);
    return block;
  }

 private:
  Arguments Sequence() {
    Arguments sequence;
    while (!word_.empty() && word_ != "]" && word_ != ">" && word_ != "|") {
      if (word_ == "[") {
        Optional(sequence);
      } else if (word_ == "<") {
        Advance();
        SyntaxArgument group = Join(Alternatives());
        Advance();
        sequence.push_back(std::move(group));
      } else if (word_ == "...") {
        repeats_ = true;
        Advance();
      } else if (IsToken(word_)) {
        Token(sequence);
      } else {
        sequence.push_back(Value());
      }
    }
    return sequence;
  }

  SyntaxArgument Value() {
    SyntaxArgument value;
    const size_t bracket = word_.find('(');
    value.name = word_.substr(0, bracket);
    value.type = TypeOfName(value.name);
    if (bracket != word_.npos) {
      value.type = word_.substr(bracket + 1, word_.size() - bracket - 2);
      if (const size_t number = value.type.find('#'); number != value.type.npos) {
        value.key_spec = value.type[number + 1] - '0';
        value.type = value.type.substr(0, number);
      }
    }
    Advance();
    return value;
  }

  // A token alone, or with the values, or a choice of them, behind it.
  void Token(Arguments& sequence) {
    std::string token(word_);
    Advance();
    Arguments values;
    if (word_ == "<") {
      Advance();
      values = Alternatives();
      Advance();
    }
    while (!word_.empty() && (IsValue(word_) || (word_ == "[" && !values.empty() && Repeats()))) {
      if (word_ == "[") {
        Optional(values);
      } else {
        values.push_back(Value());
      }
    }
    SyntaxArgument argument;
    if (values.empty()) {
      argument.name = ToLower(std::string_view(token));
      argument.type = "pure-token";
    } else {
      argument = Join(std::move(values));
    }
    argument.token = std::move(token);
    sequence.push_back(std::move(argument));
  }

  // True where the bracket at hand repeats the word before it: `key [key ...]`.
  bool Repeats() const {
    const size_t end = text_.find(']');
    const size_t dots = text_.find("...");
    return dots < end && !IsToken(text_.substr(0, text_.find(' ')));
  }

  static bool IsValue(std::string_view word) {
    return word != "[" && word != "]" && word != "<" && word != ">" && word != "|" &&
           word != "..." && !IsToken(word);
  }

  static bool SameNames(const Arguments& a, size_t begin, const Arguments& b) {
    for (size_t i = 0; i < b.size(); ++i) {
      if (a[begin + i].name != b[i].name || a[begin + i].token != b[i].token) return false;
    }
    return true;
  }

  // A bracket: a repetition of what stands before it, or an optional part.
  void Optional(Arguments& sequence) {
    Advance();
    repeats_ = false;
    Arguments inner = Alternatives();
    const bool repeats = repeats_;
    repeats_ = false;
    Advance();
    const size_t size = inner.size();
    if (repeats && size <= sequence.size() && SameNames(sequence, sequence.size() - size, inner)) {
      const auto first = sequence.end() - static_cast<std::ptrdiff_t>(size);
      SyntaxArgument repeated =
          Join({std::make_move_iterator(first), std::make_move_iterator(sequence.end())});
      sequence.erase(first, sequence.end());
      repeated.multiple = true;
      repeated.multiple_token = !repeated.token.empty();
      sequence.push_back(std::move(repeated));
      return;
    }
    SyntaxArgument optional = Join(std::move(inner));
    optional.optional = true;
    optional.multiple |= repeats;
    sequence.push_back(std::move(optional));
  }

  // Puts the next word, or bracket, into word_.
  void Advance() {
    while (!text_.empty() && text_[0] == ' ') text_.remove_prefix(1);
    constexpr std::string_view kSingles = "[]<>|";
    size_t length = 0;
    if (!text_.empty() && kSingles.find(text_[0]) != std::string_view::npos) {
      length = 1;
    } else {
      length = std::min(text_.find_first_of(" []<>|"), text_.size());
    }
    word_ = text_.substr(0, length);
    text_.remove_prefix(length);
  }

  std::string_view text_;
  std::string_view word_;
  bool repeats_ = false;
};

}  // namespace

std::vector<SyntaxArgument> ParseSyntax(std::string_view syntax) {
  return Parser(syntax).Alternatives();
}

}  // namespace larder
