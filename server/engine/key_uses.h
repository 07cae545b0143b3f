// The keys of a command with what it does to them, settled by its words: for COMMAND GETKEYS and
// for permissions. For locks FindKeys of command_table.h will do. Pure functions: any thread.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "server/engine/command_table.h"

namespace larder {

// The position and the use of each key. False, and no key, where a count is not valid.
bool FindKeyUses(const Command& command, Args words, std::vector<KeyPosition>* keys);

// ---- What the settle_keys of rows are made of ---------------------------------------------------

// Whether one of the words from `from` on is this one, in any case.
bool HasWord(Args words, std::string_view word, size_t from);

// An option with words behind it, which are no options whatever they look like.
struct KeyOption {
  std::string_view name;
  size_t words;
  bool target = false;  // its word is the key where the result goes
};
// Adds the key where the result goes, unless it is known, found as the command itself reads its
// options from word `first` on: of several the last one counts.
void AddTargetKey(Args words, size_t first, std::span<const KeyOption> options,
                  std::vector<KeyPosition>& keys);

}  // namespace larder
