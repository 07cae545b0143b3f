#include "server/commands/help.h"

#include <string>

#include "server/base/strings.h"

namespace larder {
namespace {

// As the client has called it, which rename-command may have named anew.
std::string UpperName(const Context& c) {
  std::string name(c.args[0]);
  for (char& letter : name) letter = ToUpper(letter);
  return name;
}

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

std::string HelpTitle(const Context& c) {
  return StrCat(UpperName(c), " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
}

void ReplyHelp(Context& c, std::initializer_list<HelpEntry> entries) {
  const auto begin = c.reply.Begin();
  c.reply.Status(HelpTitle(c));
  size_t lines = 3;
  for (const HelpEntry& entry : entries) {
    c.reply.Status(entry.usage);
    lines += 1 + ReplyText(c, entry.text);
  }
  c.reply.Status("HELP");
  c.reply.Status("    Print this help.");
  c.reply.EndArray(begin, lines);
}

std::string UnknownForm(const Context& c) {
  return StrCat("ERR unknown subcommand or wrong number of arguments for '",
                c.args[1].substr(0, 128), "'. Try ", UpperName(c), " HELP.");
}

}  // namespace larder
