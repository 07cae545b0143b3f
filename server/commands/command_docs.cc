// COMMAND DOCS: the documentation of commands, which redis-cli shows as hints and help.
#include "server/commands/command_names.h"
#include "server/engine/engine.h"
#include "server/engine/syntax.h"

namespace larder {
namespace {

class DocsWriter {
 public:
  DocsWriter(const CommandTable& table, Reply& reply) : table_(table), reply_(reply) {}

  void Write(const Command& command) {
    const std::vector<const Command*> subcommands = table_.SubcommandsOf(command);
    const std::vector<SyntaxArgument> arguments = ParseSyntax(command.syntax, command.keys.size);
    const bool deprecated = !command.deprecated.empty();
    const bool for_system = command.flags & kSysCmd;
    reply_.Map(3 + (command.complexity.empty() ? 0 : 1) + (for_system ? 1 : 0) +
               (deprecated ? 3 : 0) + (command.history.empty() ? 0 : 1) +
               (arguments.empty() ? 0 : 1) + (subcommands.empty() ? 0 : 1));
    Field("summary", command.summary);
    Field("since", command.since);
    Field("group", command.group);
    if (!command.complexity.empty()) Field("complexity", command.complexity);
    if (for_system) DocFlag("syscmd");
    if (deprecated) {
      const CommandTable::Change deprecation = CommandTable::DeprecationOf(command);
      DocFlag("deprecated");
      Field("deprecated_since", deprecation.version);
      Field("replaced_by", deprecation.text);
    }
    if (!command.history.empty()) {
      reply_.Bulk("history");
      Write(CommandTable::ChangesOf(command));
    }
    if (!arguments.empty()) {
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

  // No command has two of them.
  void DocFlag(std::string_view flag) {
    reply_.Bulk("doc_flags");
    reply_.Set(1);
    reply_.Status(flag);
  }

  void Write(const std::vector<CommandTable::Change>& history) {
    reply_.Set(history.size());
    for (const CommandTable::Change& change : history) {
      reply_.Array(2);
      reply_.Bulk(change.version);
      reply_.Bulk(change.text);
    }
  }

  void Write(const std::vector<SyntaxArgument>& arguments) {
    reply_.Array(arguments.size());
    for (const SyntaxArgument& argument : arguments) Write(argument);
  }

  void Write(const SyntaxArgument& argument) {
    const bool has_key = argument.key_spec != kNoKeySpec;
    const bool flags = argument.optional || argument.multiple;
    const bool token = !argument.token.empty() || argument.type == "pure-token";  // may be empty
    const bool has_parts = !argument.parts.empty();  // then they are displayed instead of it
    reply_.Map(3 + (has_key ? 1 : 0) + (token ? 1 : 0) + (argument.since.empty() ? 0 : 1) +
               (argument.deprecated_since.empty() ? 0 : 1) + (flags ? 1 : 0));
    Field("name", argument.name);
    Field("type", argument.type);
    if (!has_parts) Field("display_text", argument.shown);
    if (has_key) {
      reply_.Bulk("key_spec_index");
      reply_.Integer(argument.key_spec);
    }
    if (token) Field("token", argument.token);
    if (!argument.since.empty()) Field("since", argument.since);
    if (!argument.deprecated_since.empty()) Field("deprecated_since", argument.deprecated_since);
    if (flags) {
      reply_.Bulk("flags");
      reply_.Set((argument.optional ? 1 : 0) + (argument.multiple ? 1 : 0) +
                 (argument.multiple_token ? 1 : 0));
      if (argument.optional) reply_.Status("optional");
      if (argument.multiple) reply_.Status("multiple");
      if (argument.multiple_token) reply_.Status("multiple_token");
    }
    if (!has_parts) return;
    reply_.Bulk("arguments");
    Write(argument.parts);
  }

  const CommandTable& table_;
  Reply& reply_;
};

}  // namespace

void CommandDocs(Context& c) {
  const CommandTable& table = c.engine.commands;
  std::vector<const Command*> wanted;
  if (c.args.size() == 2) wanted = table.ReachableTopLevel();
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
