#include "server/script/shebang.h"

#include <vector>

#include "server/base/strings.h"
#include "server/config/words.h"

namespace larder {
namespace {

struct FlagName {
  std::string_view name;
  ScriptFlag flag;
};
constexpr FlagName kFlagNames[] = {
    {"no-writes", kScriptNoWrites},
    {"allow-oom", kScriptAllowOom},
    {"allow-stale", kScriptAllowStale},
    {"no-cluster", kScriptNoCluster},
    {"allow-cross-slot-keys", kScriptAllowCrossSlot},
};

constexpr std::string_view kFlagsOption = "flags=";

// Adds the flags of a list with commas between; false, with the unknown one in *error.
bool AddFlags(std::string_view list, uint32_t* flags, std::string* error) {
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    uint32_t found = 0;
    for (const FlagName& known : kFlagNames) {
      if (known.name == name) found = known.flag;
    }
    if (found == 0) {
      *error = StrCat("ERR Unexpected flag in script shebang: ", name);
      return false;
    }
    *flags |= found;
    list.remove_prefix(std::min(list.size(), name.size() + 1));
  }
  return true;
}

}  // namespace

std::optional<Shebang> ParseShebang(std::string_view body, std::string* error) {
  Shebang shebang;
  if (!body.starts_with("#!")) return shebang;
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
  if (words->front() != "#!lua") {
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

}  // namespace larder
