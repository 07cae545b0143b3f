#include "server/engine/syntax.h"

#include <algorithm>
#include <utility>

#include "server/base/check.h"
#include "server/base/strings.h"

namespace larder {
namespace {

using Arguments = std::vector<SyntaxArgument>;

// The parts of `name:text(type#spec)@version`, where only the text must be there.
struct Word {
  std::string_view name, text, type, version;
  int key_spec = kNoKeySpec;
};

Word Split(std::string_view word) {
  Word parts;
  if (const size_t at = word.find('@'); at != word.npos) {
    parts.version = word.substr(at + 1);
    word = word.substr(0, at);
    CHECK(parts.version.find_first_of("0123456789") != word.npos);
    CHECK(parts.version.find_first_not_of("0123456789.", parts.version[0] == '-') == word.npos);
  }
  if (const size_t bracket = word.find('('); bracket != word.npos) {
    CHECK(word.ends_with(')'));
    parts.type = word.substr(bracket + 1, word.size() - bracket - 2);
    word = word.substr(0, bracket);
    if (const size_t number = parts.type.find('#'); number != word.npos) {
      CHECK(number + 2 == parts.type.size());  // a row has fewer than ten
      parts.key_spec = parts.type[number + 1] - '0';
      parts.type = parts.type.substr(0, number);
    }
  }
  if (const size_t colon = word.find(':'); colon != word.npos) {
    parts.name = word.substr(0, colon);
    word.remove_prefix(colon + 1);
  }
  parts.text = word;
  CHECK(!word.empty());
  return parts;
}

bool IsToken(std::string_view text) {
  if (text == "*" || text == "=" || text == "~" || text == "$" || text == "\"\"") return true;
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) &&
         std::none_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

bool Contains(std::string_view list, std::string_view word) {
  return StrCat(" ", list, " ").find(StrCat(" ", word, " ")) != std::string::npos;
}

// What a value is follows from its text; everything else is a string.
std::string_view TypeOf(std::string_view text) {
  if (Contains("key newkey source destination key1 key2 dstkey destkey", text)) return "key";
  if (text == "pattern") return "pattern";
  if (text.starts_with("unix-time")) return "unix-time";
  if (Contains("score longitude latitude radius width height weight double", text)) return "double";
  if (Contains("count seconds milliseconds numkeys index start stop offset end cursor increment "
               "decrement db rank num-matches len timeout index1 index2 samples version protover "
               "limit timestamp client-id min-match-len bit destination-db numreplicas",
               text)) {
    return "integer";
  }
  return "string";
}

void SetVersion(SyntaxArgument& argument, std::string_view version) {
  if (version.empty()) return;
  CHECK(argument.since.empty() && argument.deprecated_since.empty());
  if (version[0] == '-') {
    argument.deprecated_since = version.substr(1);
  } else {
    argument.since = version;
  }
}

class Parser {
 public:
  Parser(std::string_view text, size_t key_specs) : text_(text), key_specs_(key_specs) {
    Advance();
  }

  // Arguments up to the end of the bracket or of the alternative at hand, or of the line.
  Arguments Sequence() {
    Arguments sequence;
    while (!AtEnd() && word_ != "]" && word_ != ">" && word_ != "|" && word_ != "...") {
      if (word_ == "[") {
        sequence.push_back(Bracket());
        sequence.back().optional = true;
      } else if (word_ == "<") {
        sequence.push_back(Bracket());
      } else if (IsToken(Split(word_).text)) {
        sequence.push_back(Token());
      } else {
        sequence.push_back(Value());
      }
    }
    return sequence;
  }

  bool AtEnd() const { return word_.empty(); }

 private:
  // A bracket with what is in it as one argument. A name given is that of the token in front.
  SyntaxArgument Bracket(std::string_view name = "") {
    const std::string_view closing = word_ == "[" ? "]" : ">";
    Advance();
    SyntaxArgument group;
    group.name = name;
    const bool named = word_.ends_with(':');
    if (named) {
      const Word own = Split(word_.substr(0, word_.size() - 1));
      group.name = own.text;
      SetVersion(group, own.version);
      Advance();
    }
    std::vector<Arguments> choices(1, Sequence());
    while (word_ == "|") {
      Advance();
      choices.push_back(Sequence());
    }
    CHECK(!named || choices.size() > 1 || choices[0].size() > 1);  // one has its own name
    SyntaxArgument argument = Choice(std::move(group), std::move(choices));
    if (word_ == "...") {
      argument.multiple = true;
      argument.multiple_token = !argument.token.empty();
      Advance();
    }
    CHECK(word_ == closing);
    Advance();
    return argument;
  }

  static SyntaxArgument Choice(SyntaxArgument group, std::vector<Arguments> choices) {
    if (choices.size() == 1) return Join(std::move(group), std::move(choices[0]));
    CHECK(!group.name.empty());  // a choice needs a name
    group.type = "oneof";
    for (Arguments& choice : choices) group.parts.push_back(Join({}, std::move(choice)));
    return group;
  }

  // Several arguments in the block given; one stays what it is.
  static SyntaxArgument Join(SyntaxArgument block, Arguments arguments) {
    CHECK(!arguments.empty());
    if (arguments.size() == 1) return std::move(arguments[0]);
    CHECK(!block.name.empty());  // a block needs a name
    block.type = "block";
    block.parts = std::move(arguments);
    return block;
  }

  // A value, or several where it is repeated.
  SyntaxArgument Value() {
    const Word word = Split(word_);
    SyntaxArgument value;
    value.name = word.name.empty() ? word.text : word.name;
    value.shown = word.text;
    value.type = word.type.empty() ? TypeOf(word.text) : word.type;
    CHECK(Contains("string integer double key pattern unix-time", value.type));
    SetVersion(value, word.version);
    value.key_spec = word.key_spec;
    if (value.type == "key" && value.key_spec == kNoKeySpec) value.key_spec = NextKeySpec();
    Advance();
    const std::string again = StrCat(word.text, " ...]");  // `key [key ...]`
    if (word_ == "[" && text_.starts_with(again)) {
      value.multiple = true;
      text_.remove_prefix(again.size());
      Advance();
    }
    return value;
  }

  // A token alone, or with the values, or a group, behind it.
  SyntaxArgument Token() {
    const Word word = Split(word_);
    const std::string name = word.name.empty() ? ToLower(word.text) : std::string(word.name);
    Advance();
    SyntaxArgument argument;
    argument.name = name;
    if (word_ == "<") {
      argument = Bracket(name);
    } else if (IsValue(word_)) {
      Arguments values;
      while (IsValue(word_)) values.push_back(Value());
      argument = Join(std::move(argument), std::move(values));
    } else {
      argument.shown = name;
      argument.type = "pure-token";
    }
    CHECK(word.name.empty() || argument.name == name);  // a value has its own name
    if (word.text != "\"\"") argument.token = word.text;
    SetVersion(argument, word.version);
    return argument;
  }

  static bool IsValue(std::string_view word) {
    return !word.empty() && word != "[" && word != "]" && word != "<" && word != ">" &&
           word != "|" && word != "..." && !IsToken(Split(word).text);
  }

  // Keys and key specifications come in the same order; the last one takes what is left.
  int NextKeySpec() {
    if (key_specs_ == 0) return kNoKeySpec;
    if (next_key_spec_ + 1 < key_specs_) return static_cast<int>(next_key_spec_++);
    return static_cast<int>(next_key_spec_);
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
  const size_t key_specs_;
  size_t next_key_spec_ = 0;
};

}  // namespace

std::vector<SyntaxArgument> ParseSyntax(std::string_view syntax, size_t key_specs) {
  Parser parser(syntax, key_specs);
  Arguments arguments = parser.Sequence();
  CHECK(parser.AtEnd());
  return arguments;
}

}  // namespace larder
