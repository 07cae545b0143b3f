// COMMAND DOCS: the documentation of commands, which redis-cli shows as hints and help.
#include <algorithm>

#include "server/commands/command_names.h"
#include "server/commands/syntax.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

// Commands that Redis advises against, since when, and what it names instead.
struct Deprecated {
  std::string_view name, since, instead;
};

constexpr Deprecated kDeprecated[] = {
    {"brpoplpush", "6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments"},
    {"cluster|slaves", "5.0.0", "`CLUSTER REPLICAS`"},
    {"cluster|slots", "7.0.0", "`CLUSTER SHARDS`"},
    {"georadius", "6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument"},
    {"georadius_ro", "6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument"},
    {"georadiusbymember", "6.2.0",
     "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments"},
    {"georadiusbymember_ro", "6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments"},
    {"getset", "6.2.0", "`SET` with the `!GET` argument"},
    {"hmset", "4.0.0", "`HSET` with multiple field-value pairs"},
    {"psetex", "2.6.12", "`SET` with the `PX` argument"},
    {"quit", "7.2.0", "just closing the connection"},
    {"rpoplpush", "6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments"},
    {"setex", "2.6.12", "`SET` with the `EX` argument"},
    {"setnx", "2.6.12", "`SET` with the `NX` argument"},
    {"slaveof", "5.0.0", "`REPLICAOF`"},
    {"substr", "2.0.0", "`GETRANGE`"},
    {"zrangebylex", "6.2.0", "`ZRANGE` with the `BYLEX` argument"},
    {"zrangebyscore", "6.2.0", "`ZRANGE` with the `BYSCORE` argument"},
    {"zrevrange", "6.2.0", "`ZRANGE` with the `REV` argument"},
    {"zrevrangebylex", "6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments"},
    {"zrevrangebyscore", "6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments"},
};

const Deprecated* FindDeprecated(std::string_view full_name) {
  for (const Deprecated& row : kDeprecated) {
    if (row.name == full_name) return &row;
  }
  return nullptr;
}

// Commands that servers say to each other, and those that test a server.
bool IsForSystem(std::string_view full_name) {
  static constexpr std::string_view kNames[] = {"debug", "pfdebug", "pfselftest", "replconf",
                                                "restore-asking"};
  return std::find(std::begin(kNames), std::end(kNames), full_name) != std::end(kNames);
}

class DocsWriter {
 public:
  DocsWriter(const CommandTable& table, Reply& reply) : table_(table), reply_(reply) {}

  void Write(const Command& command) {
    const std::vector<const Command*> subcommands = table_.SubcommandsOf(command);
    std::vector<SyntaxArgument> arguments;
    if (!command.syntax.empty()) arguments = ParseSyntax(command.syntax);
    const std::string name = CommandTable::FullName(command);
    const Deprecated* deprecated = FindDeprecated(name);
    const bool for_system = IsForSystem(name);
    reply_.Map(3 + (command.complexity.empty() ? 0 : 1) + (for_system ? 1 : 0) +
               (deprecated == nullptr ? 0 : 3) + (command.history.empty() ? 0 : 1) +
               (arguments.empty() ? 0 : 1) + (subcommands.empty() ? 0 : 1));
    Field("summary", command.summary);
    Field("since", command.since);
    Field("group", command.group);
    if (!command.complexity.empty()) Field("complexity", command.complexity);
    if (for_system) DocFlag("syscmd");
    if (deprecated != nullptr) {
      DocFlag("deprecated");
      Field("deprecated_since", deprecated->since);
      Field("replaced_by", deprecated->instead);
    }
    if (!command.history.empty()) {
      reply_.Bulk("history");
      Write(CommandTable::ChangesOf(command));
    }
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

  // Keys and key specifications come in the same order; the last one takes what is left.
  int64_t KeySpecOf(const SyntaxArgument& argument) {
    if (argument.key_spec != kNextKeySpec) return argument.key_spec;
    const size_t next = keys_ - keys_left_;
    if (keys_left_ > 1) --keys_left_;
    return static_cast<int64_t>(next);
  }

  void Write(const SyntaxArgument& argument) {
    const bool is_key = keys_ > 0 && (argument.type == "key" || argument.key_spec != kNextKeySpec);
    const bool flags = argument.optional || argument.multiple;
    const bool token = !argument.token.empty() || argument.type == "pure-token";  // may be empty
    const bool has_parts = !argument.parts.empty();  // then they are displayed instead of it
    reply_.Map(3 + (is_key ? 1 : 0) + (token ? 1 : 0) + (flags ? 1 : 0));
    Field("name", argument.name);
    Field("type", argument.type);
    if (!has_parts) Field("display_text", argument.name);
    if (is_key) {
      reply_.Bulk("key_spec_index");
      reply_.Integer(KeySpecOf(argument));
    }
    if (token) Field("token", argument.token);
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
