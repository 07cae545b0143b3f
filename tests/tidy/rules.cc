#include "tests/tidy/rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <regex>

#include "tests/tidy/functions.h"

namespace larder::tidy {
namespace {

constexpr size_t kMaxLineColumns = 100;
constexpr size_t kMaxFileLines = 600;
constexpr size_t kMaxReasonedFileLines = 1000;
constexpr size_t kMaxFunctionLines = 70;

struct Floor {
  std::string_view room;  // a folder, or the start of file names in it
  int number;
};

// server/README.md draws it. A file belongs to the longest room that its path starts with. config
// stands half a floor above base: it may use base, never the other way round.
constexpr std::array kFloors = {
    Floor{"protocol/", 0},        Floor{"server/base/", 10},     Floor{"server/config/", 15},
    Floor{"server/store/", 20},   Floor{"server/acl/", 20},      Floor{"server/pubsub/", 20},
    Floor{"replication/log", 20}, Floor{"server/engine/", 30},   Floor{"server/persistence/", 40},
    Floor{"server/script/", 40},  Floor{"server/commands/", 50}, Floor{"replication/", 50},
    Floor{"server/net/", 60},     Floor{"server/", 70},          Floor{"tests/", 100},
    Floor{"bench/", 100},
};

// Libraries, and the only place that may include them in a header; empty: no header may.
struct Heavy {
  std::string_view include;
  std::string_view allowed_in;
};
constexpr std::array kHeavy = {
    Heavy{"<spdlog/", ""},
    Heavy{"<fmt/", ""},
    Heavy{"<lua", "server/script/"},
    Heavy{"<boost/", "server/net/"},
    Heavy{"<liburing", "server/net/"},
    Heavy{"<regex>", ""},
    Heavy{"<iostream>", ""},
};

const Floor* FloorOf(std::string_view path) {
  const Floor* best = nullptr;
  for (const Floor& floor : kFloors) {
    if (path.starts_with(floor.room) && (!best || floor.room.size() > best->room.size())) {
      best = &floor;
    }
  }
  return best;
}

// What stands between the quotes or angles of an #include line, with them.
std::optional<std::string_view> Included(std::string_view line) {
  if (!line.starts_with("#include ")) return std::nullopt;
  line.remove_prefix(9);
  const size_t end = line.find(line.front() == '<' ? '>' : '"', 1);
  if (end == std::string_view::npos) return std::nullopt;
  return line.substr(0, end + 1);
}

size_t Columns(std::string_view line) {
  return static_cast<size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string Lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

size_t Words(std::string_view text) {
  size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool letter = std::isalpha(static_cast<unsigned char>(c));
    if (letter && !inside) ++words;
    inside = letter;
  }
  return words;
}

// What stands between backticks, cut at whatever no name of a file or `*` holds.
std::set<std::string> QuotedWords(const SourceFile& file) {
  static const std::regex quoted("`[^`]+`"), word("[A-Za-z0-9_*]+");
  std::set<std::string> words;
  for (const std::string& line : file.lines) {
    for (std::sregex_iterator text(line.begin(), line.end(), quoted), end; text != end; ++text) {
      const std::string inside = text->str();
      for (std::sregex_iterator it(inside.begin(), inside.end(), word); it != end; ++it) {
        words.insert(it->str());
      }
    }
  }
  return words;
}

}  // namespace

SourceFile::SourceFile(std::string name, std::string_view text)
    : path(std::move(name)), ends_with_newline(text.empty() || text.back() == '\n') {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void CheckIncludes(const SourceFile& file, Findings& findings) {
  const Floor* own = FloorOf(file.path);
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::optional<std::string_view> included = Included(file.lines[i]);
    if (!included) continue;
    const std::string_view path = included->substr(1, included->size() - 2);
    // LZF is part of the RDB format, and a library of its own.
    const bool of_format = file.path == "protocol/lzf.cc" && path == "liblzf/lzf.h";
    if (own && own->number == 0 && included->front() == '<' && path.find('/') != path.npos &&
        !path.starts_with("sys/") && !of_format) {
      findings.push_back({file.path, i + 1, "protocol knows only std, abseil and liblzf"});
    }
    if (included->front() != '"') continue;
    if (path.starts_with("absl/")) continue;
    const Floor* target = FloorOf(path);
    if (!target) {
      findings.push_back({file.path, i + 1, "includes are written from the root"});
    } else if (own && target->room != own->room && target->number >= own->number) {
      findings.push_back({file.path, i + 1,
                          "upward include: " + std::string(own->room) + " may not see " +
                              std::string(target->room)});
    }
  }
}

void CheckHeavyHeaders(const SourceFile& file, Findings& findings) {
  if (!file.EndsWith(".h")) return;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::optional<std::string_view> included = Included(file.lines[i]);
    if (!included) continue;
    for (const Heavy& heavy : kHeavy) {
      const bool allowed = !heavy.allowed_in.empty() && file.path.starts_with(heavy.allowed_in);
      if (included->starts_with(heavy.include) && !allowed) {
        findings.push_back({file.path, i + 1, std::string(*included) + " in a header"});
      }
    }
  }
}

void CheckFunctionLengths(const SourceFile& file, Findings& findings) {
  if (!file.EndsWith(".h") && !file.EndsWith(".cc")) return;
  for (const FunctionSpan& function : FunctionsIn(file.lines)) {
    const size_t lines = function.last_line - function.first_line + 1;
    if (lines > kMaxFunctionLines) {
      findings.push_back(
          {file.path, function.first_line, "a function of " + std::to_string(lines) + " lines"});
    }
  }
}

void CheckFileLength(const SourceFile& file, Findings& findings) {
  if (file.lines.size() <= kMaxFileLines) return;
  const bool reasoned = std::any_of(file.lines.begin(), file.lines.end(), [](const auto& line) {
    const size_t at = line.find("Over 600 lines: ");
    return at != std::string::npos && Words(std::string_view(line).substr(at + 16)) >= 3;
  });
  if (reasoned && file.lines.size() <= kMaxReasonedFileLines) return;
  findings.push_back({file.path, 0, "a file of " + std::to_string(file.lines.size()) + " lines"});
}

void CheckLayout(const SourceFile& file, Findings& findings) {
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    if (Columns(line) > kMaxLineColumns) {
      findings.push_back(
          {file.path, i + 1, "a line of " + std::to_string(Columns(line)) + " columns"});
    }
    if (line.ends_with(' ') || line.ends_with('\r')) {
      findings.push_back({file.path, i + 1, "blanks at the end of the line"});
    }
    if (line.find('\t') != std::string::npos) findings.push_back({file.path, i + 1, "a tab"});
  }
  if (!file.ends_with_newline) {
    findings.push_back({file.path, file.lines.size(), "no newline at the end of the file"});
  }
}

void CheckHeaderOpening(const SourceFile& file, Findings& findings) {
  if (!file.EndsWith(".h")) return;
  size_t line = 0;
  while (line < file.lines.size() && file.lines[line].starts_with("//")) ++line;
  if (line == 0) findings.push_back({file.path, 1, "a header opens with a comment of what it is"});
  while (line < file.lines.size() && file.lines[line].empty()) ++line;
  if (line == file.lines.size() || file.lines[line] != "#pragma once") {
    findings.push_back({file.path, line + 1, "#pragma once follows the opening comment"});
  }
}

void CheckTodos(const SourceFile& file, Findings& findings) {
  static const std::regex todo("\\b(TODO|FIXME|XXX)\\b(.*)");
  for (size_t i = 0; i < file.lines.size(); ++i) {
    std::smatch match;
    if (file.lines[i].find("TODO") == std::string::npos &&
        file.lines[i].find("FIXME") == std::string::npos &&
        file.lines[i].find("XXX") == std::string::npos) {
      continue;
    }
    if (!std::regex_search(file.lines[i], match, todo)) continue;
    const std::string rest = match[2];
    if (match[1] != "TODO" || !rest.starts_with(": ") || Words(rest) < 4) {
      findings.push_back({file.path, i + 1, "a TODO without a reason"});
    }
  }
}

std::vector<Definition> TypesDefinedIn(const SourceFile& file) {
  static const std::regex head(
      "^(?:class|struct)(?: [A-Z_]+)? ([A-Za-z]+)(?: final)?(?: : .*)? \\{.*");
  std::vector<Definition> types;
  bool hidden = false;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    if (line == "namespace {") hidden = true;
    if (line == "}  // namespace") hidden = false;
    std::smatch match;
    if (hidden || !(line.starts_with("class ") || line.starts_with("struct "))) continue;
    if (std::regex_match(line, match, head)) types.push_back({match[1], file.path, i + 1});
  }
  return types;
}

std::vector<Definition> CommandsDefinedIn(const SourceFile& file) {
  static const std::regex row(" *\\{\\.name = \"([a-z_-]+)\",.*");
  static const std::regex subcommand(" *\\.parent = \"([a-z]+)\",.*");
  std::vector<Definition> commands;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    std::smatch name, parent;
    if (!std::regex_match(file.lines[i], name, row)) continue;
    const bool is_sub =
        i + 1 < file.lines.size() && std::regex_match(file.lines[i + 1], parent, subcommand);
    commands.push_back(
        {is_sub ? parent[1].str() + " " + name[1].str() : name[1].str(), file.path, i + 1});
  }
  return commands;
}

std::vector<std::string> CommandsPlayedIn(const SourceFile& transcript) {
  static const std::regex prompt("^[a-z0-9_]*> +\"?([A-Za-z_-]+)\"?(?: +\"?([A-Za-z_-]+)\"?)?.*");
  std::vector<std::string> commands;
  for (const std::string& line : transcript.lines) {
    std::smatch match;
    if (line.find("> ") > 16 || !std::regex_match(line, match, prompt)) continue;
    commands.push_back(Lower(match[1].str()));
    commands.push_back(Lower(match[1].str()) + " " + Lower(match[2].str()));
  }
  return commands;
}

void CheckRoom(const SourceFile& readme, const std::set<std::string>& files, Findings& findings) {
  const std::set<std::string> words = QuotedWords(readme);
  const auto named = [&](std::string_view base) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
      if (!word.ends_with('*')) return word == base;
      return word.size() > 1 && base.starts_with(word.substr(0, word.size() - 1));
    });
  };
  const auto part = [&](std::string_view base) {
    if (files.contains(std::string(base) + ".h")) return false;
    return std::any_of(files.begin(), files.end(), [&](std::string_view file) {
      const std::string_view whole = file.substr(0, file.rfind('.'));
      return file.ends_with(".h") && base.starts_with(std::string(whole) + "_") && named(whole);
    });
  };
  for (const std::string& file : files) {
    const std::string_view base = std::string_view(file).substr(0, file.rfind('.'));
    if (!named(base) && !part(base)) findings.push_back({readme.path, 0, "nothing about " + file});
  }
}

void CheckDirectives(const SourceFile& file, Findings& findings) {
  // A row starts with {"name", and ends where the braces close; the longest string in it is the
  // sentence.
  static const std::regex row("^ {2,4}\\{\\s*\"([a-z0-9-]+)\",.*");
  static const std::regex text("\"((?:[^\"\\\\]|\\\\.)*)\"");
  for (size_t i = 0; i < file.lines.size(); ++i) {
    std::smatch match;
    if (!std::regex_match(file.lines[i], match, row)) continue;
    std::string whole = file.lines[i];
    for (size_t next = i + 1; next < file.lines.size() && !whole.ends_with("},"); ++next) {
      whole += file.lines[next];
    }
    size_t words = 0;
    for (auto it = std::sregex_iterator(whole.begin(), whole.end(), text);
         it != std::sregex_iterator(); ++it) {
      words = std::max(words, Words((*it)[1].str()));
    }
    if (words < 3)
      findings.push_back({file.path, i + 1, "the directive " + match[1].str() + " says nothing"});
  }
}

}  // namespace larder::tidy
