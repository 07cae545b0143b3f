// The names that COMMAND answers for the bits of a row. Pure functions: any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "server/engine/command_table.h"
#include "server/engine/context.h"

namespace larder {

std::vector<std::string_view> CommandFlagNames(uint64_t flags);
std::vector<std::string_view> KeyFlagNames(uint16_t flags);
std::vector<std::string_view> CategoryNames(uint32_t categories);  // without the @

// First key, last key and step, as COMMAND told it before key specifications.
struct LegacyKeys {
  int first = 0, last = 0, step = 0;
};
LegacyKeys LegacyKeysOf(const Command& command);

// COMMAND DOCS; in command_docs.cc.
void CommandDocs(Context& c);

}  // namespace larder
