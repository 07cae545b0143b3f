#include "server/config/config_file.h"

#include <glob.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <system_error>

#include "server/base/strings.h"
#include "server/config/words.h"

namespace larder {
namespace {

// CONFIG REWRITE writes every user, and ReadFile reads back as much; an include of itself, or of
// /dev/zero, must end.
constexpr size_t kMostBytes = 64 * 1024 * 1024;
constexpr int kMostDepth = 16;
constexpr int kMostFiles = 4096;

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

// So that glob() takes every byte for itself.
std::string QuoteGlob(const std::string& path) {
  std::string quoted;
  for (char c : path) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return quoted;
}

class Reader {
 public:
  Reader(std::vector<ConfigLine>* lines, std::string* error) : lines_(lines), error_(error) {}

  bool ReadStream(std::istream& stream, const std::string& source, int depth) {
    std::string text;
    for (int number = 1; ReadLine(stream, &text); ++number) {
      if (bytes_ > kMostBytes) return Fail(StrCat("The configuration is too large at ", source));
      if (!Add(source, number, text, depth)) return false;
    }
    // Half a configuration is none: the line with the password may be in the other half.
    if (stream.bad()) return Fail(StrCat("Can't read ", source, ": ", std::strerror(errno)));
    return true;
  }

  bool ReadFile(const std::string& path, int depth) {
    if (depth > kMostDepth || ++files_ > kMostFiles) {
      return Fail(StrCat("Too many includes at '", path, "'"));
    }
    std::ifstream stream(path);
    if (!stream) {
      return Fail(
          StrCat("Fatal error, can't open config file '", path, "': ", std::strerror(errno)));
    }
    return ReadStream(stream, StrCat("the configuration file '", path, "'"), depth);
  }

  // An include may name a pattern, and a pattern may match nothing.
  bool Include(const std::string& pattern, int depth) {
    if (pattern.find_first_of("*?[") == std::string::npos)
      return ReadFile(folder_ / pattern, depth);
    const std::filesystem::path path = std::filesystem::path(QuoteGlob(folder_)) / pattern;
    glob_t found = {};
    bool good = true;
    if (glob(path.c_str(), 0, nullptr, &found) == 0) {
      for (size_t i = 0; good && i < found.gl_pathc; ++i) {
        good = ReadFile(found.gl_pathv[i], depth);
      }
    }
    globfree(&found);
    return good;
  }

  bool Add(const std::string& source, int number, std::string_view text, int depth) {
    text = Trim(text);
    if (text.empty() || text[0] == '#') return true;
    std::optional<std::vector<std::string>> words = SplitWords(text);
    if (words && words->size() == 2) {
      if (EqualsIgnoreCase((*words)[0], "include")) return Include((*words)[1], depth + 1);
      if (EqualsIgnoreCase((*words)[0], "dir")) folder_ /= (*words)[1];
    }
    lines_->push_back({source, number, std::string(text)});
    return true;
  }

 private:
  // False at the end. A line that has none ends where the configuration is too large.
  bool ReadLine(std::istream& stream, std::string* line) {
    line->clear();
    while (bytes_ <= kMostBytes) {
      const int c = stream.get();
      if (c == std::istream::traits_type::eof()) return !line->empty() && !stream.bad();
      ++bytes_;
      if (c == '\n') return true;
      line->push_back(static_cast<char>(c));
    }
    return true;
  }

  bool Fail(std::string text) {
    *error_ = std::move(text);
    return false;
  }

  std::vector<ConfigLine>* lines_;
  std::string* error_;
  // Where relative includes start: `dir` so far, to which Redis changes when it reads that line.
  std::filesystem::path folder_;
  size_t bytes_ = 0;
  int files_ = 0;
};

bool MakeAbsolute(const std::string& path, std::string* absolute, std::string* error) {
  std::error_code failed;  // there may be no working directory any more
  *absolute = std::filesystem::absolute(path, failed).lexically_normal();
  if (failed) *error = StrCat("Can't find the config file '", path, "': ", failed.message());
  return !failed;
}

bool HasDashes(const std::string& argument) { return argument.starts_with("--"); }

// Turns `--port 6380 "--maxmemory 1gb"` into the lines of a file. An argument with dashes begins a
// line unless the line before still has no value: values may begin with dashes too.
std::vector<std::string> LinesOfArguments(std::span<const std::string> arguments) {
  std::vector<std::string> lines;
  bool has_value = true;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    bool last = i + 1 == arguments.size();
    if (!has_value || !HasDashes(argument)) {
      if (lines.empty()) lines.emplace_back();
      StrAppend(lines.back(), " ", QuoteWord(argument));
      has_value = true;
      continue;
    }
    std::string& line = lines.emplace_back(argument.substr(2));
    has_value = line.find(' ') != std::string::npos;
    // What an empty list of save points comes to: `--save --port 6380`, or `--save` at the end.
    if (EqualsIgnoreCase(argument, "--save") && (last || HasDashes(arguments[i + 1]))) {
      line += " \"\"";
      has_value = true;
    }
  }
  return lines;
}

}  // namespace

bool ReadConfigLines(std::span<const std::string> arguments, std::vector<ConfigLine>* lines,
                     std::string* file, std::string* error) {
  Reader reader(lines, error);
  file->clear();
  if (!arguments.empty() && !arguments[0].starts_with('-')) {
    // An empty name is none, as in Redis.
    if (!arguments[0].empty() &&
        !(MakeAbsolute(arguments[0], file, error) && reader.ReadFile(*file, 0))) {
      return false;
    }
    arguments = arguments.subspan(1);
  }
  bool from_stdin = false;
  if (!arguments.empty() && arguments.front() == "-") {
    from_stdin = true;
    arguments = arguments.subspan(1);
  } else if (!arguments.empty() && arguments.back() == "-") {
    from_stdin = true;
    arguments = arguments.first(arguments.size() - 1);
  }
  if (from_stdin && !reader.ReadStream(std::cin, "standard input", 0)) return false;
  int number = 0;
  for (const std::string& text : LinesOfArguments(arguments)) {
    if (!reader.Add("the command line", ++number, text, 0)) return false;
  }
  return true;
}

}  // namespace larder
