// COMMAND: what the server knows about its commands, computed from their rows. DOCS is in
// command_docs.cc.
#include <algorithm>

#include "protocol/errors.h"
#include "server/base/glob.h"
#include "server/base/strings.h"
#include "server/commands/command_names.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/engine/engine.h"
#include "server/engine/key_uses.h"

namespace larder {
namespace {

void ReplyNames(Reply& reply, const std::vector<std::string_view>& names, std::string_view prefix) {
  reply.Set(names.size());
  for (std::string_view name : names) reply.Status(StrCat(prefix, name));
}

// Words of a row's tips.
void ReplyTips(Reply& reply, std::string_view tips) {
  if (tips.empty()) return reply.Set(0);
  reply.Set(1 + static_cast<size_t>(std::count(tips.begin(), tips.end(), ' ')));
  while (!tips.empty()) {
    const size_t end = std::min(tips.find(' '), tips.size());
    reply.Bulk(tips.substr(0, end));
    tips.remove_prefix(std::min(end + 1, tips.size()));
  }
}

void ReplyBeginSearch(Reply& reply, const KeySpec& spec) {
  const bool unknown = spec.find == KeySpec::Find::kUnknown;
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk(unknown ? "unknown" : spec.keyword.empty() ? "index" : "keyword");
  reply.Bulk("spec");
  if (unknown) return reply.Map(0);
  if (spec.keyword.empty()) {
    reply.Map(1);
    reply.Bulk("index");
    return reply.Integer(spec.begin);
  }
  reply.Map(2);
  reply.Bulk("keyword");
  reply.Bulk(spec.keyword);
  reply.Bulk("startfrom");
  reply.Integer(spec.begin);
}

void ReplyFindKeys(Reply& reply, const KeySpec& spec) {
  static constexpr std::string_view kNames[] = {"range", "keynum", "unknown"};
  auto field = [&](std::string_view name, int value) {
    reply.Bulk(name);
    reply.Integer(value);
  };
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk(kNames[static_cast<size_t>(spec.find)]);
  reply.Bulk("spec");
  switch (spec.find) {
    case KeySpec::Find::kRange:
      reply.Map(3);
      field("lastkey", spec.last);
      field("keystep", spec.step);
      return field("limit", spec.limit);
    case KeySpec::Find::kKeyNum:
      reply.Map(3);
      field("keynumidx", spec.key_num);
      field("firstkey", spec.first);
      return field("keystep", spec.step);
    case KeySpec::Find::kUnknown:
      return reply.Map(0);
  }
}

void ReplyKeySpecs(Reply& reply, const KeySpecs& keys) {
  reply.Set(keys.size);
  for (size_t i = 0; i < keys.size; ++i) {
    const KeySpec& spec = keys.specs[i];
    reply.Map(spec.notes.empty() ? 3 : 4);
    if (!spec.notes.empty()) {
      reply.Bulk("notes");
      reply.Bulk(spec.notes);
    }
    reply.Bulk("flags");
    ReplyNames(reply, KeyFlagNames(spec.flags), "");
    reply.Bulk("begin_search");
    ReplyBeginSearch(reply, spec);
    reply.Bulk("find_keys");
    ReplyFindKeys(reply, spec);
  }
}

// One entry of COMMAND INFO: ten fields, the subcommands being the last.
void ReplyInfo(const CommandTable& table, Reply& reply, const Command& command) {
  const LegacyKeys legacy = LegacyKeysOf(command);
  const std::vector<const Command*> subcommands = table.SubcommandsOf(command);
  reply.Array(10);
  reply.Bulk(CommandTable::FullName(command));
  reply.Integer(command.arity);
  ReplyNames(reply, CommandFlagNames(command.flags), "");
  reply.Integer(legacy.first);
  reply.Integer(legacy.last);
  reply.Integer(legacy.step);
  ReplyNames(reply, CategoryNames(CommandTable::Categories(command)), "@");
  ReplyTips(reply, command.tips);
  ReplyKeySpecs(reply, command.keys);
  if (subcommands.empty()) return reply.Set(0);  // though it is an array where there are some
  reply.Array(subcommands.size());
  for (const Command* sub : subcommands) ReplyInfo(table, reply, *sub);
}

void ReplyAll(Context& c) {
  const std::vector<const Command*> commands = c.engine.commands.ReachableTopLevel();
  c.reply.Array(commands.size());
  for (const Command* command : commands) ReplyInfo(c.engine.commands, c.reply, *command);
}

void CommandCount(Context& c) {
  c.reply.Integer(static_cast<int64_t>(c.engine.commands.ReachableTopLevel().size()));
}

void CommandInfo(Context& c) {
  if (c.args.size() == 2) return ReplyAll(c);
  c.reply.Array(c.args.size() - 2);
  for (std::string_view name : c.args.subspan(2)) {
    const Command* command = c.engine.commands.FindByFullName(name);
    if (command == nullptr) {
      c.reply.Null();
    } else {
      ReplyInfo(c.engine.commands, c.reply, *command);
    }
  }
}

// LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]
void CommandList(Context& c) {
  const bool filtered = c.args.size() == 5 && EqualsIgnoreCase(c.args[2], "filterby");
  if (c.args.size() != 2 && !filtered) return c.SyntaxError();
  const std::string_view kind = filtered ? c.args[3] : "", wanted = filtered ? c.args[4] : "";
  const bool by_module = EqualsIgnoreCase(kind, "module");
  const bool by_category = EqualsIgnoreCase(kind, "aclcat");
  const bool by_pattern = EqualsIgnoreCase(kind, "pattern");
  if (filtered && !by_module && !by_category && !by_pattern) return c.SyntaxError();
  const uint32_t category = by_category ? CategoryByName(wanted) : 0;
  const auto begin = c.reply.Begin();
  size_t count = 0;
  for (const Command* command : c.engine.commands.Reachable()) {
    const std::string name = CommandTable::FullName(*command);
    if (by_module) break;  // there are none
    if (by_category && !(CommandTable::Categories(*command) & category)) continue;
    if (by_pattern && !GlobMatch(wanted, name, true)) continue;
    c.reply.Bulk(name);
    ++count;
  }
  c.reply.EndArray(begin, count);
}

// False where none of the specs stands for keys: there is none, or they are channels.
bool MayHaveKeys(const Command& command) {
  for (size_t i = 0; i < command.keys.size; ++i) {
    if (!(command.keys.specs[i].flags & kNotKey)) return true;
  }
  return false;
}

// The keys of the command in the words behind GETKEYS. False after an error was answered.
bool FindKeysOf(Context& c, std::vector<KeyPosition>* positions) {
  const Args words = c.args.subspan(2);
  const Command* command = c.engine.commands.Resolve(words);
  std::string_view error;
  if (command == nullptr) {
    error = "ERR Invalid command specified";
  } else if (!MayHaveKeys(*command)) {
    error = "ERR The command has no key arguments";
  } else if (!ArityFits(*command, words.size())) {
    error = "ERR Invalid number of arguments specified for command";
  } else if (const bool found = FindKeyUses(*command, words, positions);
             !(command->flags & kNoMandatoryKeys) && (!found || positions->empty())) {
    error = "ERR Invalid arguments specified for command";
  } else {
    std::sort(positions->begin(), positions->end(),
              [](const KeyPosition& a, const KeyPosition& b) { return a.index < b.index; });
    return true;
  }
  c.reply.Error(error);
  return false;
}

void CommandGetKeys(Context& c) {
  std::vector<KeyPosition> positions;
  if (!FindKeysOf(c, &positions)) return;
  c.reply.Array(positions.size());
  for (const KeyPosition& key : positions) c.reply.Bulk(c.args[key.index + 2]);
}

void CommandGetKeysAndFlags(Context& c) {
  std::vector<KeyPosition> positions;
  if (!FindKeysOf(c, &positions)) return;
  c.reply.Array(positions.size());
  for (const KeyPosition& key : positions) {
    c.reply.Array(2);
    c.reply.Bulk(c.args[key.index + 2]);
    ReplyNames(c.reply, KeyFlagNames(key.flags), "");
  }
}

void CommandHelp(Context& c) {
  ReplyHelp(c,
            {{"(no subcommand)", "Show everything about all commands."},
             {"COUNT", "Show how many commands there are."},
             {"LIST [FILTERBY MODULE <name>|ACLCAT <category>|PATTERN <pattern>]",
              "List the names of commands."},
             {"INFO [<command-name> ...]", "Show what is known of some commands, or of all."},
             {"DOCS [<command-name> ...]", "Show the documentation of some commands, or of all."},
             {"GETKEYS <full-command>", "Show the keys in a command."},
             {"GETKEYSANDFLAGS <full-command>", "Show the keys in a command and their use."}});
}

constexpr uint32_t kFlags = kLoading | kStale | kSentinel;
constexpr std::string_view kUnordered = "nondeterministic_output_order";

constexpr Command kCommands[] = {
    {.name = "command",
     .arity = -1,
     .flags = kFlags,
     .categories = kCatConnection,
     .run = ReplyAll,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(N) for N commands",
     .summary = "Returns everything about all commands.",
     .tips = kUnordered},
    {.name = "count",
     .parent = "command",
     .arity = 2,
     .flags = kFlags,
     .categories = kCatConnection,
     .run = CommandCount,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Returns the number of commands."},
    {.name = "info",
     .parent = "command",
     .arity = -2,
     .flags = kFlags,
     .categories = kCatConnection,
     .run = CommandInfo,
     .group = "server",
     .syntax = "[command-name [command-name ...]]",
     .since = "2.8.13",
     .history = "7.0.0 Without names it tells of all commands.",
     .complexity = "O(N) for N commands",
     .summary = "Returns what is known of some commands, or of all.",
     .tips = kUnordered},
    {.name = "docs",
     .parent = "command",
     .arity = -2,
     .flags = kFlags,
     .categories = kCatConnection,
     .run = CommandDocs,
     .group = "server",
     .syntax = "[command-name [command-name ...]]",
     .since = "7.0.0",
     .complexity = "O(N) for N commands",
     .summary = "Returns the documentation of some commands, or of all.",
     .tips = kUnordered},
    {.name = "list",
     .parent = "command",
     .arity = -2,
     .flags = kFlags,
     .categories = kCatConnection,
     .run = CommandList,
     .group = "server",
     .syntax = "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
     .since = "7.0.0",
     .complexity = "O(N) for N commands",
     .summary = "Lists the names of commands.",
     .tips = kUnordered},
    {.name = "getkeys",
     .parent = "command",
     .arity = -3,
     .flags = kFlags,
     .categories = kCatConnection,
     .run = CommandGetKeys,
     .group = "server",
     .syntax = "command [arg [arg ...]]",
     .since = "2.8.13",
     .complexity = "O(N) for N words",
     .summary = "Returns the keys in a command."},
    {.name = "getkeysandflags",
     .parent = "command",
     .arity = -3,
     .flags = kFlags,
     .categories = kCatConnection,
     .run = CommandGetKeysAndFlags,
     .group = "server",
     .syntax = "command [arg [arg ...]]",
     .since = "7.0.0",
     .complexity = "O(N) for N words",
     .summary = "Returns the keys in a command and how it uses them."},
    {.name = "help",
     .parent = "command",
     .arity = 2,
     .flags = kFlags,
     .categories = kCatConnection,
     .run = CommandHelp,
     .group = "server",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands."},
};

}  // namespace

std::span<const Command> CommandCommands() { return kCommands; }

}  // namespace larder
