#include "server/acl/user_list.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "server/acl/rules.h"
#include "server/base/log.h"
#include "server/base/read_file.h"
#include "server/base/replace_file.h"
#include "server/base/strings.h"
#include "server/config/words.h"

namespace larder {
namespace {

std::vector<std::string_view> SplitAtSpaces(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return words;
    const size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
}

bool Contains(const std::vector<User>& users, std::string_view name) {
  return std::any_of(users.begin(), users.end(),
                     [name](const User& user) { return user.name() == name; });
}

// Applies the rules of one line; appends what is wrong with them. Unknown commands are all named;
// of other errors the first, for the others may follow from it.
void ApplyLine(std::span<const std::string_view> words, std::string_view place, bool all_channels,
               User* user, std::string* errors) {
  std::string_view open;
  const auto rules = MergeSelectors(words, &open);
  if (!rules) {
    return StrAppend(*errors, place, ": Unmatched parenthesis in selector definition.");
  }
  bool told = false;
  for (const std::string& rule : *rules) {
    const RuleError error = user->Apply(rule, all_channels);
    if (error == RuleError::kUnknownCommand) {
      StrAppend(*errors, place, ": Error in applying operation '", rule, "': ", TextOf(error),
                ". ");
    } else if (error != RuleError::kNone && !told) {
      StrAppend(*errors, place, ": ", TextOf(error), ". ");
      told = true;
    }
  }
}

}  // namespace

std::vector<std::string> UserLines(const Users& users) {
  std::vector<std::string> lines;
  for (const UserRef& user : users.All()) {
    lines.push_back(StrCat("user ", user->name(), " ", user->Describe()));
  }
  return lines;
}

std::vector<std::string> ConfigLines(const Users& users) {
  std::vector<std::string> lines;
  for (const UserRef& user : users.All()) {
    std::string& line = lines.emplace_back(QuoteWordIfNeeded(user->name()));
    const std::string rules = user->DescribeForFile();
    for (std::string_view rule : SplitAtSpaces(rules)) {
      StrAppend(line, " ", QuoteWordIfNeeded(std::string(rule)));
    }
  }
  return lines;
}

std::string ParseUserFile(std::string_view text, std::string_view path, Users& users,
                          std::vector<User>* loaded) {
  std::string errors;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::vector<std::string_view> words = SplitAtSpaces(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty()) continue;
    const std::string place = StrCat(path, ":", number);
    if (words[0] != "user" || words.size() < 2) {
      StrAppend(errors, place, " should start with user keyword followed by the username. ");
    } else if (!IsUserName(words[1])) {
      StrAppend(errors, "'", place, ": username '", words[1], "' contains invalid characters. ");
    } else if (Contains(*loaded, words[1])) {
      StrAppend(errors, "WARNING: Duplicate user '", words[1], "' found on line ", number, ". ");
    } else {
      User user = users.NewUser(words[1]);
      ApplyLine(std::span(words).subspan(2), place, users.all_channels(), &user, &errors);
      loaded->push_back(std::move(user));
    }
  }
  if (!errors.empty()) {
    errors +=
        "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";
  }
  return errors;
}

bool SaveUserFile(const std::string& path, const Users& users) {
  MutexLock lock(users.file_mutex());
  std::string text;
  for (const UserRef& user : users.All()) {
    StrAppend(text, "user ", user->name(), " ", user->DescribeForFile(), "\n");
  }
  const Replaced replaced = ReplaceFile(path, text);
  if (replaced.in_place) return true;
  Log(LogLevel::kWarning, "Can't write the ACL file ", path, ": ", std::strerror(replaced.error));
  return false;
}

std::string LoadUserFile(const std::string& path, Users& users, std::vector<UserRef>* gone) {
  MutexLock lock(users.file_mutex());
  std::string text;
  if (const int error = ReadFile(path, &text); error != 0) {
    return StrCat("Error loading ACLs, opening file '", path, "': ", std::strerror(error));
  }
  std::vector<User> loaded;
  std::string errors = ParseUserFile(text, path, users, &loaded);
  if (errors.empty()) *gone = users.Replace(std::move(loaded));
  return errors;
}

std::string LoadConfiguredUsers(const std::vector<std::string>& lines, Users& users) {
  std::set<std::string, std::less<>> names;
  for (const std::string& line : lines) {
    const auto owned = SplitWords(line);
    if (!owned || owned->empty()) return "Error in user declaration: there is no name";
    const std::vector<std::string_view> words(owned->begin(), owned->end());
    const std::string_view name = words[0];
    if (!names.emplace(name).second) {
      return StrCat("Error in user declaration '", name,
                    "': Duplicate user found. A user can only be defined once in config files");
    }
    if (!IsUserName(name)) return "Spaces not allowed in ACL usernames";
    // The default user was there before, and begins anew.
    std::vector<std::string_view> rules = {name == Users::kDefault ? "reset" : ""};
    rules.insert(rules.end(), words.begin() + 1, words.end());
    const Users::Change change = users.Set(name, rules);
    if (!change.error.empty()) {
      return StrCat("Error in user declaration '", name, "': ", change.error);
    }
    if (!change.after->enabled()) {
      Log(LogLevel::kNotice, "The user '", name,
          "' is disabled (there is no 'on' modifier in the user description). Make sure this is "
          "not a configuration error.");
    }
  }
  return "";
}

}  // namespace larder
