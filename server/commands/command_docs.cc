// COMMAND DOCS: the documentation of commands, which redis-cli shows as hints and help.
#include <algorithm>

#include "server/commands/command_names.h"
#include "server/commands/syntax.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

class DocsWriter {
 public:
  DocsWriter(const CommandTable& table, Reply& reply) : table_(table), reply_(reply) {}

  void Write(const Command& command) {
    const std::vector<const Command*> subcommands = table_.SubcommandsOf(command);
    std::vector<SyntaxArgument> arguments;
    if (!command.syntax.empty()) arguments = ParseSyntax(command.syntax);
    reply_.Map(3 + (command.complexity.empty() ? 0 : 1) + (arguments.empty() ? 0 : 1) +
               (subcommands.empty() ? 0 : 1));
    Field("summary", command.summary);
    Field("since", command.since);
    Field("group", command.group);
    if (!command.complexity.empty()) Field("complexity", command.complexity);
    if (!arguments.empty()) {
      keys_left_ = command.keys.size;
      keys_ = command.keys.size;
      reply_.Bulk("arguments");
      Write(arguments);
    }
    if (subcommands.empty()) return;
    reply_.Bulk("subcommands");
    reply_.Map(subcommands.size());
    for (const Command* sub : subcommands) {
      reply_.Bulk(CommandTable::FullName(*sub));
      Write(*sub);
    }
  }

 private:
  void Field(std::string_view name, std::string_view value) {
    reply_.Bulk(name);
    reply_.Bulk(value);
  }

  void Write(const std::vector<SyntaxArgument>& arguments) {
    reply_.Array(arguments.size());
    for (const SyntaxArgument& argument : arguments) Write(argument);
  }

  void Write(const SyntaxArgument& argument) {
    const bool is_key = argument.type == "key" && keys_ > 0;
    const bool flags = argument.optional || argument.multiple;
    reply_.Map(2 + (is_key ? 1 : 0) + (argument.token.empty() ? 0 : 1) + (flags ? 1 : 0) +
               (argument.parts.empty() ? 0 : 1));
    Field("name", argument.name);
    Field("type", argument.type);
    if (is_key) {
      // Keys and key specifications come in the same order; the last one takes what is left.
      reply_.Bulk("key_spec_index");
      reply_.Integer(static_cast<int64_t>(keys_ - keys_left_));
      if (keys_left_ > 1) --keys_left_;
    }
    if (!argument.token.empty()) Field("token", argument.token);
    if (flags) {
      reply_.Bulk("flags");
      reply_.Array((argument.optional ? 1 : 0) + (argument.multiple ? 1 : 0) +
                   (argument.multiple_token ? 1 : 0));
      if (argument.optional) reply_.Status("optional");
      if (argument.multiple) reply_.Status("multiple");
      if (argument.multiple_token) reply_.Status("multiple_token");
    }
    if (argument.parts.empty()) return;
    reply_.Bulk("arguments");
    Write(argument.parts);
  }

  const CommandTable& table_;
  Reply& reply_;
  size_t keys_ = 0, keys_left_ = 0;
};

}  // namespace

void CommandDocs(Context& c) {
  const CommandTable& table = c.engine.commands;
  std::vector<const Command*> wanted;
  if (c.args.size() == 2) {
    for (const Command& command : table.commands()) {
      if (command.parent.empty()) wanted.push_back(&command);
    }
  }
  for (std::string_view name : c.args.subspan(2)) {
    const Command* command = table.FindByFullName(name);
    if (command != nullptr) wanted.push_back(command);
  }
  c.reply.Map(wanted.size());
  DocsWriter writer(table, c.reply);
  for (const Command* command : wanted) {
    c.reply.Bulk(CommandTable::FullName(*command));
    writer.Write(*command);
  }
}

}  // namespace larder
