#include "server/persistence/aof_manifest.h"

#include <algorithm>
#include <utility>

#include "server/base/numbers.h"
#include "server/base/quote.h"
#include "server/base/strings.h"
#include "server/config/words.h"

namespace larder {
namespace {

constexpr std::string_view kBadFormat = "Invalid AOF manifest file format";

std::string_view Trim(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t begin = line.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(kBlank) - begin + 1);
}

void AppendLine(std::string& out, const AofManifest::File& file) {
  std::string name;
  if (QuoteWordIfNeeded(file.name) == file.name) {
    name = file.name;
  } else {
    AppendQuoted(name, file.name);
  }
  StrAppend(out, "file ", name, " seq ", file.number, " type ",
            std::string(1, static_cast<char>(file.type)), "\n");
}

bool IsType(char letter) { return letter == 'b' || letter == 'h' || letter == 'i'; }

}  // namespace

std::optional<AofManifest> AofManifest::Parse(std::string_view text, std::string* error) {
  AofManifest manifest;
  size_t lines = 0;
  while (!text.empty()) {
    ++lines;
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with('#')) continue;
    if (end == std::string_view::npos || line.size() >= kMostLineBytes) {
      *error = "The AOF manifest file contains too long line";
    } else if (manifest.AddLine(Trim(line), error)) {
      continue;
    }
    *error = StrCat(*error, ", at line ", lines, ": '", Trim(line.substr(0, kMostLineBytes)), "'");
    return std::nullopt;
  }
  if (lines > 0) return error->clear(), manifest;
  *error = "Found an empty AOF manifest";
  return std::nullopt;
}

// Words come in pairs, name and value; those of later versions are passed over.
bool AofManifest::AddLine(std::string_view line, std::string* error) {
  const auto words = SplitWords(line);
  *error = kBadFormat;
  if (!words || words->size() < 6 || words->size() % 2 != 0) return false;
  File file;
  std::string type;
  for (size_t i = 0; i < words->size(); i += 2) {
    const std::string& value = (*words)[i + 1];
    if (EqualsIgnoreCase((*words)[i], "file")) {
      file.name = value;
    } else if (EqualsIgnoreCase((*words)[i], "seq")) {
      if (!ParseInt64(value, &file.number)) return false;
    } else if (EqualsIgnoreCase((*words)[i], "type")) {
      type = value;
    }
  }
  if (file.name.empty() || file.number <= 0 || type.empty()) return false;
  if (file.name.find_first_of("/\\") != std::string::npos) {
    return *error = "File can't be a path, just a filename", false;
  }
  if (!IsType(type[0])) return *error = "Unknown AOF file type", false;
  file.type = static_cast<Type>(type[0]);
  if (file.type == Type::kBase) {
    if (base) return *error = "Found duplicate base file information", false;
    last_base_ = file.number;
    base = std::move(file);
  } else if (file.type == Type::kHistory) {
    history.push_back(std::move(file));
  } else {
    if (file.number <= last_increment_) {
      return *error = "Found a non-monotonic sequence number", false;
    }
    last_increment_ = file.number;
    increments.push_back(std::move(file));
  }
  return true;
}

std::string AofManifest::Format() const {
  std::string text;
  if (base) AppendLine(text, *base);
  for (const File& file : history) AppendLine(text, file);
  for (const File& file : increments) AppendLine(text, file);
  return text;
}

std::vector<std::string> AofManifest::Names() const {
  std::vector<std::string> names;
  if (base) names.push_back(base->name);
  for (const File& file : increments) names.push_back(file.name);
  return names;
}

// Then nothing new may have that name, whatever the numbers of the others: it would be removed.
bool AofManifest::IsHistory(const std::string& name) const {
  return std::any_of(history.begin(), history.end(),
                     [&](const File& file) { return file.name == name; });
}

const AofManifest::File& AofManifest::AddIncrement(std::string_view stem) {
  File file = {.type = Type::kIncrement};
  do {
    file.number = ++last_increment_;
    file.name = StrCat(stem, ".", file.number, ".incr.aof");
  } while (IsHistory(file.name));
  return increments.emplace_back(std::move(file));
}

// What becomes history stands there newest first, as in Redis.
const AofManifest::File& AofManifest::ReplaceBase(std::string_view stem, bool rdb, size_t kept) {
  const auto retire = [this](File file) {
    file.type = Type::kHistory;
    history.insert(history.begin(), std::move(file));
  };
  if (base) retire(std::move(*base));
  File next = {.type = Type::kBase};
  do {
    next.number = ++last_base_;
    next.name = StrCat(stem, ".", next.number, ".base", rdb ? ".rdb" : ".aof");
  } while (IsHistory(next.name));
  base = std::move(next);
  std::vector<File> last;
  for (; kept > 0 && !increments.empty(); --kept) {
    last.insert(last.begin(), std::move(increments.back()));
    increments.pop_back();
  }
  for (; !increments.empty(); increments.pop_back()) retire(std::move(increments.back()));
  increments = std::move(last);
  return *base;
}

}  // namespace larder
