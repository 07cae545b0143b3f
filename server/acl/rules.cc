#include "server/acl/rules.h"

#include <algorithm>

#include "server/base/strings.h"

namespace larder {

bool IsUserName(std::string_view name) {
  return std::none_of(name.begin(), name.end(),
                      [](char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; });
}

std::optional<std::vector<std::string>> MergeSelectors(std::span<const std::string_view> words,
                                                       std::string_view* open) {
  std::vector<std::string> merged;
  bool inside = false;
  for (std::string_view word : words) {
    if (inside) {
      StrAppend(merged.back(), " ", word);
      inside = !word.ends_with(')');
    } else {
      merged.emplace_back(word);
      inside = word.starts_with('(') && !word.ends_with(')');
      if (inside) *open = word;
    }
  }
  if (inside) return std::nullopt;
  return merged;
}

std::string ApplyRules(std::span<const std::string_view> words, bool all_channels, User* user) {
  std::string_view open;
  const auto rules = MergeSelectors(words, &open);
  if (!rules) {
    return StrCat("Unmatched parenthesis in acl selector starting at '", open, "'.");
  }
  for (const std::string& rule : *rules) {
    const RuleError error = user->Apply(rule, all_channels);
    if (error == RuleError::kNone) continue;
    return StrCat("Error in ACL SETUSER modifier '", rule, "': ", TextOf(error));
  }
  return "";
}

}  // namespace larder
