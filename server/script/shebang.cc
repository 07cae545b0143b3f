#include "server/script/shebang.h"

#include <algorithm>
#include <vector>

#include "server/base/strings.h"
#include "server/config/words.h"

namespace larder {
namespace {

constexpr ScriptFlagName kFlagNames[] = {
    {"no-writes", kScriptNoWrites},
    {"allow-oom", kScriptAllowOom},
    {"allow-stale", kScriptAllowStale},
    {"no-cluster", kScriptNoCluster},
    {"allow-cross-slot-keys", kScriptAllowCrossSlot},
};

constexpr std::string_view kMark = "#!";
constexpr std::string_view kEngine = "lua";
constexpr std::string_view kFlagsOption = "flags=";
constexpr std::string_view kNameOption = "name=";

// Adds the flags of a list with commas between; false, with the unknown one in *error.
bool AddFlags(std::string_view list, uint32_t* flags, std::string* error) {
  for (bool more = !list.empty(); more;) {
    const std::string_view name = list.substr(0, list.find(','));
    uint32_t found = 0;
    for (const ScriptFlagName& known : kFlagNames) {
      if (known.name == name) found = known.flag;
    }
    if (found == 0) {
      *error = StrCat("ERR Unexpected flag in script shebang: ", name);
      return false;
    }
    *flags |= found;
    more = name.size() < list.size();  // there is a comma, behind which a flag must stand
    list.remove_prefix(std::min(list.size(), name.size() + 1));
  }
  return true;
}

// The name among the words behind the engine.
bool FindName(const std::vector<std::string>& words, std::string* name, std::string* error) {
  bool found = false;
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string_view option = words[i];
    if (!EqualsIgnoreCase(option.substr(0, kNameOption.size()), kNameOption)) {
      *error = StrCat("ERR Invalid metadata value given: ", option);
      return false;
    }
    if (found) {
      *error = "ERR Invalid metadata value, name argument was given multiple times";
      return false;
    }
    found = true;
    *name = option.substr(kNameOption.size());
  }
  if (!found) *error = "ERR Library name was not given";
  return found;
}

}  // namespace

std::span<const ScriptFlagName> ScriptFlagNames() { return kFlagNames; }

std::optional<Shebang> ParseShebang(std::string_view body, std::string* error) {
  Shebang shebang;
  if (!body.starts_with(kMark)) return shebang;
  shebang.size = body.find('\n');
  if (shebang.size == body.npos) {
    *error = "ERR Invalid script shebang";
    return {};
  }
  const std::optional<std::vector<std::string>> words = SplitWords(body.substr(0, shebang.size));
  if (!words || words->empty()) {
    *error = "ERR Invalid engine in script shebang";
    return {};
  }
  if (words->front() != StrCat(kMark, kEngine)) {
    *error = StrCat("ERR Unexpected engine in script shebang: ", words->front());
    return {};
  }
  shebang.flags = 0;
  for (size_t i = 1; i < words->size(); ++i) {
    const std::string_view option = (*words)[i];
    if (!option.starts_with(kFlagsOption)) {
      *error = StrCat("ERR Unknown lua shebang option: ", option);
      return {};
    }
    if (!AddFlags(option.substr(kFlagsOption.size()), &shebang.flags, error)) return {};
  }
  return shebang;
}

std::optional<LibraryShebang> ParseLibraryShebang(std::string_view source, std::string* error) {
  LibraryShebang shebang;
  if (!source.starts_with(kMark)) {
    *error = "ERR Missing library metadata";
    return {};
  }
  shebang.size = source.find('\n');
  std::optional<std::vector<std::string>> words;
  if (shebang.size != source.npos) words = SplitWords(source.substr(0, shebang.size));
  if (!words || words->empty()) {
    *error = "ERR Invalid library metadata";
    return {};
  }
  if (!FindName(*words, &shebang.name, error)) return {};
  if (!IsFunctionName(shebang.name)) {
    *error = kBadFunctionName;
    return {};
  }
  const std::string_view engine = std::string_view(words->front()).substr(kMark.size());
  if (!EqualsIgnoreCase(engine, kEngine)) {
    *error = StrCat("ERR Engine '", engine, "' not found");
    return {};
  }
  return shebang;
}

bool IsFunctionName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    const char lower = ToLower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace larder
