#include "server/commands/help.h"

#include <string>

#include "server/base/strings.h"

namespace larder {
namespace {

// Appends one status line for each line of the text; returns how many.
size_t ReplyText(Context& c, std::string_view text) {
  size_t lines = 0;
  for (;;) {
    const size_t end = text.find('\n');
    c.reply.Status(StrCat("    ", text.substr(0, end)));
    ++lines;
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

void ReplyHelp(Context& c, std::initializer_list<HelpEntry> entries) {
  std::string name(c.command.parent);
  for (char& letter : name) letter = ToUpper(letter);
  const auto begin = c.reply.Begin();
  c.reply.Status(StrCat(name, " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
  size_t lines = 3;
  for (const HelpEntry& entry : entries) {
    c.reply.Status(entry.usage);
    lines += 1 + ReplyText(c, entry.text);
  }
  c.reply.Status("HELP");
  c.reply.Status("    Print this help.");
  c.reply.EndArray(begin, lines);
}

}  // namespace larder
