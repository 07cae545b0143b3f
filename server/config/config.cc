#include "server/config/config.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "server/base/check.h"
#include "server/base/glob.h"
#include "server/base/strings.h"
#include "server/base/version.h"
#include "server/config/config_file.h"
#include "server/config/elasticache.h"
#include "server/config/words.h"

namespace larder {
namespace {

size_t RowOf(std::string_view name) {
  const Directive* directive = FindDirective(name);
  CHECK(directive != nullptr);
  return static_cast<size_t>(directive - Directives().data());
}

std::string SetFailed(std::string_view name, std::string_view reason) {
  return StrCat("CONFIG SET failed (possibly related to argument '", name, "') - ", reason);
}

std::string LoadFailed(const ConfigLine& line, std::string_view reason) {
  return StrCat("\n*** FATAL CONFIG FILE ERROR (larder ", kLarderVersion, ") ***\nReading ",
                line.source, ", at line ", line.number, "\n>>> '", line.text, "'\n", reason, "\n");
}

}  // namespace

Config::Config() {
  MutexLock lock(values_mutex_);
  values_.resize(Directives().size());
  for (size_t row = 0; row < values_.size(); ++row) {
    values_[row] = Directives()[row].default_value;
    Publish(row, values_[row]);
  }
  std::error_code gone;
  values_[RowOf("dir")] = std::filesystem::current_path(gone);
  if (gone) values_[RowOf("dir")] = ".";  // removed; as in Redis, who needs no file may start
}

std::string Config::Value(size_t row) const {
  MutexLock lock(values_mutex_);
  return values_[row];
}

std::string Config::Text(std::string_view name) const { return Value(RowOf(name)); }

std::string Config::Path(std::string_view name) const {
  const std::string path = Text(name);
  if (path.empty()) return path;
  return std::filesystem::path(Text("dir")) / path;
}

void Config::Note(std::string_view name, std::string value) {
  MutexLock lock(values_mutex_);
  values_[RowOf(name)] = std::move(value);
}

std::vector<std::string> Config::Lines(std::string_view name) const {
  std::vector<std::string> lines;
  std::stringstream text(Text(name));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

void Config::OnRewrite(std::string_view name, Source source) {
  sources_.emplace_back(RowOf(name), std::move(source));
}

void Config::OnChange(std::string_view name, Callback callback) {
  callbacks_.emplace_back(RowOf(name), std::move(callback));
}

void Config::AfterChange(std::string_view name, Applied applied) {
  after_.emplace_back(RowOf(name), std::move(applied));
}

void Config::Publish(size_t row, const std::string& value) {
  const Directive& directive = Directives()[row];
  if (directive.field) (settings_.*directive.field).Set(NumberOf(directive.check, value));
  if (directive.publish) directive.publish(value, settings_);
}

bool Config::LoadLine(const std::string& text, std::string* reason) {
  std::optional<std::vector<std::string>> words = SplitWords(text);
  if (!words) return *reason = "Unbalanced quotes in configuration line", false;
  if (words->empty()) return true;
  std::string name = ToLower((*words)[0]);
  const Directive* directive = FindDirective(name);
  if (directive == nullptr) {
    std::string_view nearest = NearestDirective(name);
    *reason = StrCat("Bad directive: larder knows no '", name, "'");
    if (!nearest.empty()) StrAppend(*reason, "; did you mean '", nearest, "'?");
    return false;
  }
  words->erase(words->begin());
  size_t row = static_cast<size_t>(directive - Directives().data());
  // Of lines that are many each is read alone, and added: copying those before it for every one
  // would make thousands of users slow.
  const bool adds = (directive->flags & kLines) != 0;
  const std::string before = adds ? std::string() : Value(row);
  std::string value;
  if (!ReadLine(*directive, *std::move(words), before, &value, reason)) return false;
  given_[row] = true;
  MutexLock lock(values_mutex_);
  if (adds && !values_[row].empty()) {
    StrAppend(values_[row], "\n", value);
  } else {
    values_[row] = std::move(value);
  }
  Publish(row, values_[row]);
  return true;
}

void Config::SetElastiCacheDefaults() {
  for (const auto& [name, value] : elasticache::kDefaults) {
    const size_t row = RowOf(name);
    if (given_[row]) continue;
    MutexLock lock(values_mutex_);
    values_[row] = value;
    Publish(row, values_[row]);
  }
}

bool Config::Load(std::span<const std::string> arguments, std::string* error) {
  std::vector<ConfigLine> lines;
  if (!ReadConfigLines(arguments, &lines, &file_, error)) return false;
  given_.assign(Directives().size(), false);
  for (const ConfigLine& line : lines) {
    std::string reason;
    if (LoadLine(line.text, &reason)) continue;
    *error = LoadFailed(line, reason);
    return false;
  }
  if (settings_.elasticache) SetElastiCacheDefaults();
  std::span<const Directive> rows = Directives();
  for (size_t row = 0; row < rows.size(); ++row) {
    if (rows[row].effect != Effect::kNone || Value(row) == rows[row].default_value) continue;
    notices_.push_back(StrCat("'", rows[row].name, "' has no effect here. ", rows[row].sentence));
  }
  return true;
}

std::vector<Config::Pair> Config::Get(std::span<const std::string_view> patterns) const {
  std::vector<Pair> found;
  auto add = [&](std::string_view name, size_t row) {
    auto same = [&](const Pair& pair) { return EqualsIgnoreCase(pair.first, name); };
    if (std::none_of(found.begin(), found.end(), same)) found.emplace_back(name, Value(row));
  };
  std::span<const Directive> rows = Directives();
  for (std::string_view pattern : patterns) {
    bool is_pattern = pattern.find_first_of("[*?") != std::string_view::npos;
    for (size_t row = 0; row < rows.size(); ++row) {
      if (rows[row].flags & kFileOnly) continue;
      if (is_pattern && (rows[row].flags & kHidden)) continue;
      for (std::string_view name : {rows[row].name, rows[row].alias}) {
        if (name.empty()) continue;
        if (is_pattern && GlobMatch(pattern, name, true)) add(name, row);
        if (!is_pattern && EqualsIgnoreCase(pattern, name)) add(pattern, row);
      }
    }
  }
  return found;
}

std::optional<std::string> Config::Resolve(std::span<const PairView> pairs, bool local,
                                           std::vector<size_t>* rows) const {
  auto allowed = static_cast<ProtectedAction>(int64_t{settings_.enable_protected_configs});
  bool may_set_protected =
      allowed == ProtectedAction::kYes || (allowed == ProtectedAction::kLocal && local);
  for (const auto& [name, value] : pairs) {
    const Directive* directive = FindDirective(name);
    if (directive == nullptr || (directive->flags & kFileOnly)) {
      return StrCat("Unknown option or number of arguments for CONFIG SET - '", name, "'");
    }
    // Whoever sets everything to what CONFIG GET * answered (as tools do) changes nothing.
    const bool same = value == Value(static_cast<size_t>(directive - Directives().data()));
    if ((directive->flags & kLive) == 0 && !same) {
      return SetFailed(name, "can't set immutable config");
    }
    if ((directive->flags & kProtected) && !may_set_protected) {
      return SetFailed(name, "can't set protected config");
    }
    size_t row = static_cast<size_t>(directive - Directives().data());
    if (std::count(rows->begin(), rows->end(), row)) return SetFailed(name, "duplicate parameter");
    rows->push_back(row);
  }
  return std::nullopt;
}

bool Config::CallBack(const Change& change, bool undo, std::string* error) {
  return std::all_of(callbacks_.begin(), callbacks_.end(), [&](const auto& callback) {
    return callback.first != change.row ||
           callback.second(undo ? change.before : change.after, error);
  });
}

std::optional<std::string> Config::Set(std::span<const PairView> pairs, bool local) {
  MutexLock set_lock(set_mutex_);
  std::vector<size_t> rows;
  if (auto error = Resolve(pairs, local, &rows)) return error;
  std::vector<Change> changes;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const Directive& row = Directives()[rows[i]];
    std::vector<std::string> words = {std::string(pairs[i].second)};
    if ((row.flags & kMultiWord) && !words[0].empty()) {
      words = SplitWords(words[0]).value_or(words);
    }
    std::string before = Value(rows[i]), after, error;
    if (!ReadValue(row, {row.name, words, before, false}, &after, &error)) {
      const bool by_alias = EqualsIgnoreCase(pairs[i].first, row.alias);
      return SetFailed(by_alias ? row.alias : row.name, error);
    }
    if (after != before) changes.push_back({rows[i], std::move(before), std::move(after)});
  }
  auto publish = [&](std::string Change::*value) {
    MutexLock lock(values_mutex_);
    for (const Change& change : changes) Publish(change.row, values_[change.row] = change.*value);
  };
  publish(&Change::after);
  for (size_t i = 0; i < changes.size(); ++i) {
    std::string error, ignored;
    if (CallBack(changes[i], false, &error)) continue;
    publish(&Change::before);
    for (size_t j = 0; j <= i; ++j) CallBack(changes[j], true, &ignored);
    return SetFailed(Directives()[changes[i].row].name, error);
  }
  for (const Change& change : changes) {
    for (const auto& [row, applied] : after_) {
      if (row == change.row) applied(change.after);
    }
  }
  return std::nullopt;
}

}  // namespace larder
