// The replies of the HELP subcommands.
#pragma once

#include <initializer_list>
#include <string_view>

#include "server/engine/context.h"

namespace larder {

struct HelpEntry {
  std::string_view usage;  // the words after the command's name
  std::string_view text;   // lines, with \n between
};

// An array of status lines: the usage of the parent command, each entry's words and, indented, its
// text, and HELP itself at the end.
void ReplyHelp(Context& c, std::initializer_list<HelpEntry> entries);

}  // namespace larder
