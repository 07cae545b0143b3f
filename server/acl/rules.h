// The words that define a user, as ACL SETUSER, the configuration and the ACL file have them. Pure
// functions: any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl/user.h"

namespace larder {

// A user's name can't hold spaces or null characters.
bool IsUserName(std::string_view name);

// A selector may be spread over several words, from "(…" to "…)": they become one. Nothing, and in
// *open the word that opens it, where none closes it.
std::optional<std::vector<std::string>> MergeSelectors(std::span<const std::string_view> words,
                                                       std::string_view* open);

// Applies the words to the user, up to the first with an error: its text, in Redis' words, or "".
std::string ApplyRules(std::span<const std::string_view> words, bool all_channels, User* user);

}  // namespace larder
