// The replies of the HELP subcommands, and the error that points to them.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "server/engine/context.h"

namespace larder {

struct HelpEntry {
  std::string_view usage;  // the words after the command's name
  std::string_view text;   // lines, with \n between
};

// The first line: the command as the client has called it.
std::string HelpTitle(const Context& c);

// An array of status lines: the title, each entry's words and, indented, its
// text, and HELP itself at the end.
void ReplyHelp(Context& c, std::initializer_list<HelpEntry> entries);

// Redis' text for a subcommand with too many words, where its row cannot say how many it takes.
std::string UnknownForm(const Context& c);

}  // namespace larder
