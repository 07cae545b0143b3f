// The list of commands in README.md is what the table says; a failure prints the list as it should
// be.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "replication/commands.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/engine/command_table.h"

namespace larder {
namespace {

constexpr std::string_view kHeading = "## Commands\n";

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = ToUpper(c);
  return upper;
}

// A line of the list for each group: its commands, of a container with the subcommands in brackets.
std::string ListOfCommands() {
  auto rows = AllCommands();
  rows.push_back(ReplicationCommands());
  const CommandTable table(rows);
  std::map<std::string, std::vector<std::string>> groups;
  for (const Command& command : table.commands()) {
    if (!command.parent.empty()) continue;
    std::string text = Upper(command.name);
    std::vector<std::string> subcommands;
    for (const Command* sub : table.SubcommandsOf(command)) {
      if (sub->name != "help") subcommands.push_back(Upper(sub->name));
    }
    std::sort(subcommands.begin(), subcommands.end());
    for (size_t i = 0; i < subcommands.size(); ++i) {
      StrAppend(text, i == 0 ? " (" : " ", subcommands[i]);
    }
    if (!subcommands.empty()) text += ')';
    groups[std::string(command.group)].push_back(std::move(text));
  }
  std::string list = "| group | commands |\n|---|---|\n";
  for (auto& [group, commands] : groups) {
    std::sort(commands.begin(), commands.end());
    StrAppend(list, "| ", group, " | ");
    for (size_t i = 0; i < commands.size(); ++i) StrAppend(list, i == 0 ? "" : ", ", commands[i]);
    list += " |\n";
  }
  return list;
}

TEST(Readme, ListsTheCommandsOfTheTable) {
  std::ifstream file(LARDER_SOURCE_DIR "/README.md");
  std::stringstream stream;
  stream << file.rdbuf();
  const std::string text = stream.str();
  const size_t heading = text.find(kHeading);
  ASSERT_NE(heading, std::string::npos);
  const size_t begin = text.find("| group |", heading);
  ASSERT_NE(begin, std::string::npos);
  const size_t end = std::min(text.find("\n\n", begin), text.size());
  EXPECT_EQ(text.substr(begin, end + 1 - begin), ListOfCommands());
}

}  // namespace
}  // namespace larder
