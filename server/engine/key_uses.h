// The keys of a command with what it does to them, settled by its words: for COMMAND GETKEYS and
// for permissions. For locks FindKeys of command_table.h will do. Pure functions: any thread.
#pragma once

#include <vector>

#include "server/engine/command_table.h"

namespace larder {

// Appends the position and the use of each key. False, and no key, where a count is not valid.
bool FindKeyUses(const Command& command, Args words, std::vector<KeyPosition>& positions);

}  // namespace larder
